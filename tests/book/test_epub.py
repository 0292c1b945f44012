"""The EPUB of every framework."""

import io
import re
import shutil
import subprocess
import zipfile

import pytest
from PIL import Image

from conftest import outputs_of

TABS = {'pytorch': 'torch', 'jax': 'flax', 'tensorflow': 'tensorflow',
        'mxnet': 'mxnet'}


@pytest.fixture(params=TABS, scope='module')
def tab(request):
    return request.param


@pytest.fixture(scope='module')
def path(build_folder, tab):
    return build_folder / f'epub/d2l-resnet-ko-{tab}.epub'


@pytest.fixture(scope='module')
def files(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_epubcheck_finds_nothing(path):
    program = shutil.which('epubcheck')
    assert program, 'Install epubcheck: apt install epubcheck'
    result = subprocess.run(['java', '-jar', program, '--failonwarnings',
                             path], text=True, capture_output=True)
    assert result.returncode == 0, result.stdout + result.stderr


def test_it_is_korean_and_has_no_scripts(files, tab):
    package = files['content.opf'].decode()
    assert 'version="3.0"' in package
    assert '<dc:language>ko</dc:language>' in package
    assert '<dc:title>잔차 네트워크: ' in package
    assert not any(name.endswith('.js') for name in files)
    pages = [files[name].decode() for name in files if
             name.endswith('.xhtml')]
    assert not any('<script' in page for page in pages)
    assert '탭을 누르면' not in ''.join(pages)


def test_it_has_a_cover(files):
    package = files['content.opf'].decode()
    assert 'properties="cover-image"' in package
    [name] = [name for name in files if name.endswith('front.png')]
    with Image.open(io.BytesIO(files[name])) as cover:
        assert cover.height > 1600
        assert len(cover.convert('RGB').getcolors(1 << 24)) > 10


def test_a_section_has_its_math_figures_and_code(site, files, tab):
    page = files['chapter_resnet/resnet.xhtml'].decode()
    assert page.count('<math') > 50
    text = re.sub(r'<[^>]+>|\s', '', page)
    assert ('새로더한층이입력을그대로통과시킬수있으면'
            '클래스가중첩됩니다.') in text
    images, lines = outputs_of(site, tab)
    pages = ''.join(files[name].decode() for name in files
                    if name.startswith('chapter_resnet/'))
    assert pages.count('<img') == images.total() >= 7
    pages = re.sub(r'<[^>]+>|\s', '', pages)
    assert all(re.sub(r'\s', '', line) in pages for line in lines) and lines
    for other, name in TABS.items():
        assert (f'import{name}' in text or f'from{name}import' in text) == (
            other == tab)
