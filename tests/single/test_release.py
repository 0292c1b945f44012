"""The version is the same wherever it stands, and what is run is pinned."""

import hashlib
import re
from configparser import ConfigParser
from pathlib import Path

import pytest

import d2l

CONFIG = ConfigParser()
CONFIG.read('config.ini', encoding='utf-8')
VERSION = CONFIG['project']['release']


def test_the_package_has_the_version_of_the_book():
    assert d2l.__version__ == VERSION, 'make lib'


@pytest.mark.parametrize('file, pattern', [
    ('CITATION.cff', r'^version: (\S+)'),
    ('CHANGELOG.md', r'^## \[(\d.*)\] - \d{4}-\d\d-\d\d$'),
    ('chapter_resnet/index.md', r'Version (.*)\}')])
def test_the_version_is_told_as_it_is(file, pattern):
    """Where it stands more than once, the first is the newest."""
    text = Path(file).read_text(encoding='utf-8')
    assert re.search(pattern, text, re.MULTILINE)[1] == VERSION


@pytest.mark.parametrize('section', ['colab', 'sagemaker'])
def test_notebooks_install_the_wheel_of_the_version(section):
    assert CONFIG[section]['wheel'].endswith(
        f'/v{VERSION}/d2l-{VERSION}-py3-none-any.whl')
    assert CONFIG[section]['wheel'] in CONFIG[section]['libs']


@pytest.mark.parametrize('file', sorted(
    Path('.github/workflows').glob('*.yml')), ids=lambda path: path.name)
def test_actions_are_pinned_by_commit(file):
    """A tag can be moved to other code; permissions begin with reading."""
    text = file.read_text()
    for action in re.findall(r'uses: (\S+)', text):
        assert action.startswith('./') or re.fullmatch(
            r'[\w-]+/[\w-]+@[0-9a-f]{40}', action), action
    assert '\npermissions:\n  contents: read\n' in text


def test_the_notice_names_what_is_there():
    """Every license of another's work is named, and lies where it says."""
    named = re.findall(r'^    .*: (\S+)$', Path('NOTICE').read_text(),
                       re.MULTILINE)
    assert set(named) == {str(path) for path in Path('book').rglob('*LICENSE*')
                          if path.is_file()}


def test_the_notice_lists_every_shipped_script_and_font_as_it_is():
    """Others' scripts bear their version in the name; fonts are others'."""
    listed = dict((file, digest) for digest, file in re.findall(
        r'^    ([0-9a-f]{64})  (\S+)', Path('NOTICE').read_text(),
        re.MULTILINE))
    shipped = {str(path) for folder in ('book', 'd2l')
               for path in Path(folder).rglob('*')
               if path.suffix in {'.woff2', '.woff', '.ttf', '.otf'}
               or re.search(r'-\d[\d.]*\.(js|css)$', path.name)}
    assert set(listed) == shipped
    for file, digest in listed.items():
        assert hashlib.sha256(Path(file).read_bytes()).hexdigest() == digest


@pytest.mark.parametrize('file', ['main.txt', 'mxnet.txt', 'tools.txt'])
def test_every_pin_has_its_hashes(file):
    """What is installed is what was pinned, to the byte."""
    text = Path('requirements', file).read_text()
    pins = re.findall(r'^[a-z].*$', text, re.MULTILINE)
    hashed = re.findall(r'^[a-z][\w.-]*(?:\[.*\])?==\S+(?: ;.*)? \\\n'
                        r'    --hash=sha256:[0-9a-f]{64}', text, re.MULTILINE)
    assert pins and len(hashed) == len(pins)
