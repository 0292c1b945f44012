"""The pages about the package are in Korean, their docstrings included."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

CONF = f'''
extensions = ['sphinx.ext.autodoc']
autodoc_mock_imports = ['mxnet']
default_role = 'code'
language = 'ko'
root_doc = 'index'
exclude_patterns = ['names.inc', 'locale']
locale_dirs = [{str(Path('api/locale').absolute())!r}]
gettext_compact = 'api'
gettext_auto_build = True
'''


@pytest.fixture(scope='module')
def pages(tmp_path_factory):
    """The pages alone, which Sphinx makes in seconds."""
    folder = tmp_path_factory.mktemp('api')
    shutil.copytree('api', folder / 'api')
    (folder / 'api/conf.py').write_text(CONF)
    subprocess.run(
        [sys.executable, '-m', 'sphinx', '-q', '-b', 'html', folder / 'api',
         folder / 'html'], check=True, capture_output=True,
        env=os.environ | {'TF_CPP_MIN_LOG_LEVEL': '3'})
    found = {path.stem: BeautifulSoup(path.read_text(), 'html.parser')
             for path in (folder / 'html').glob('*.html')}
    return {name: found[name] for name in
            ('common', 'torch', 'jax', 'tensorflow', 'mxnet')}


def test_every_sentence_is_korean(pages):
    """A changed docstring wants its translation: api/locale/ko."""
    for name, page in pages.items():
        said = [p.get_text() for p in page.select('dd p')]
        # The builder's conf.py links from these lines.
        said = [text for text in said if not text.startswith('Defined in ')]
        assert len(said) > 30
        assert [text for text in said
                if not re.search('[가-힣]', text)] == [], name


def test_code_is_marked_as_code(pages):
    """Korean particles stand directly behind it."""
    for name, page in pages.items():
        for p in page.select('dd p'):
            assert not re.search(r'[`\\]', p.get_text()), name
        codes = [code.get_text() for code in page.select('dd p code')]
        assert codes and all(codes)
