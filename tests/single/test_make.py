"""Every task of `make help` is run by a test or by .ci/run."""

import os
import re
import shutil
import subprocess
import time
import zipfile
from pathlib import Path

import pytest

from book.content.files import undate

# What a test runs, of a task that .ci/run does not: its file.
TESTED = {
    'help': 'single/test_make.py', 'clean': 'single/test_make.py',
    'wheel': 'single/test_make.py', 'serve': 'book/test_file.py',
    'pdf': 'book/test_pdf.py', 'epub': 'book/test_epub.py',
    'record': 'book/test_recordings.py', 'verify': 'book/test_recordings.py',
    'notebooks': 'book/test_notebooks.py', 'lab': 'book/test_lab.py',
    'slides': 'book/test_slides.py', 'site': 'book/test_site.py',
    'lib': 'book/test_sources.py', 'figures': 'book/test_sources.py',
    'equality': 'library/test_equality.py', 'bench': 'single/test_bench.py'}
# They ask a package index or an advisory service, or take many minutes.
BY_HAND = {'audit', 'fuzz', 'lock', 'matrix', 'same', 'sbom'}
NOT_MADE = '-o', '.tools/.done', '-o', '.venv/.done', '-o', '.venv-mxnet/.done'


def make(*arguments, **kwargs):
    return subprocess.run(['make', *NOT_MADE, *arguments], check=True,
                          capture_output=True, text=True, **kwargs).stdout


def tasks():
    return re.findall(r'^make (\S+) +\S', make('help'), re.MULTILINE)


def test_every_task_is_run():
    # `env` comes before the others there.
    run = {'env', *re.findall(r'^make (\S+)$', Path('.ci/run').read_text(),
                              re.MULTILINE)}
    assert {'book', 'test', 'check'} <= run
    assert sorted(tasks()) == sorted({*TESTED, *BY_HAND, *run})
    for file in TESTED.values():
        assert Path('tests', file).exists(), file


@pytest.mark.parametrize('task', tasks())
def test_what_a_task_runs_is_there(task):
    """In the environments that `make` makes, or in the source."""
    for line in make('-n', task).splitlines():
        for path in re.findall(r'(?<!\S)(?:\.tools/bin|\.venv(?:-mxnet)?/bin|'
                               r'tests|img|bench)/[\w/.-]+', line):
            assert Path(path).exists(), line


@pytest.fixture
def copy(tmp_path):
    """A copy of what the wheel is made of, with the environment at hand."""
    for name in ('Makefile', 'README.md', 'LICENSE', 'NOTICE', 'setup.py',
                 'pyproject.toml', 'd2l'):
        (shutil.copytree if Path(name).is_dir() else shutil.copy)(
            name, tmp_path / name)
    (tmp_path / '.venv').symlink_to(Path('.venv').absolute())
    return tmp_path


def test_the_wheel_needs_no_other_program(copy):
    """Nor the network: uv, which makes the environments, is not on PATH."""
    programs = copy / 'programs'
    programs.mkdir()
    for name in 'make', 'rm', 'sh':
        (programs / name).symlink_to(shutil.which(name))
    make('wheel', cwd=copy, env=os.environ | {
        'PATH': str(programs), 'UV_OFFLINE': '1',
        'PIP_INDEX_URL': 'http://127.0.0.1:9', 'PIP_NO_INDEX': '1'})
    [wheel] = (copy / 'dist').iterdir()
    assert wheel.suffix == '.whl'


def test_the_wheel_is_the_same_whenever_it_is_made(copy):
    """Of the same source, to the byte."""
    wheels = []
    for seconds in 1_500_000_000, 1_600_000_000:
        for path in copy.rglob('d2l/**/*'):
            os.utime(path, (seconds, seconds))
        make('wheel', cwd=copy)
        [wheel] = (copy / 'dist').iterdir()
        wheels.append(wheel.read_bytes())
    assert wheels[0] == wheels[1]


def test_a_zip_file_is_the_same_whenever_it_is_made(tmp_path):
    """Of the same files, to the byte; what it holds stays as it is."""
    zips = []
    for seconds in 1_500_000_000, 1_600_000_000:
        with zipfile.ZipFile(tmp_path / 'a.zip', 'w') as archive:
            for name in 'b', 'mimetype', 'a':
                info = zipfile.ZipInfo(name, time.gmtime(seconds)[:6])
                info.external_attr = 0o644 << 16
                archive.writestr(info, name * 100)
        undate(tmp_path / 'a.zip')
        zips.append((tmp_path / 'a.zip').read_bytes())
    assert zips[0] == zips[1]
    with zipfile.ZipFile(tmp_path / 'a.zip') as archive:
        assert archive.namelist() == ['mimetype', 'a', 'b']
        assert archive.read('b') == b'b' * 100
        assert archive.getinfo('b').external_attr == 0o644 << 16


def test_clean_leaves_the_source(copy):
    (copy / '.venv').unlink()
    before = sorted(copy.rglob('*'))
    for made in '_build/html', 'build', 'dist', 'd2l.egg-info', '.nox':
        (copy / made).mkdir(parents=True)
    make('clean', cwd=copy)
    assert sorted(copy.rglob('*')) == before
