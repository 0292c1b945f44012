"""The package: what the wheel holds, and that it leaves others alone."""

import subprocess
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest


def test_holds_the_library_alone(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    expected = {str(file) for file in Path('d2l').rglob('*.py')}
    # Type checkers read the hints, plots are lettered in the font.
    expected |= {'d2l/py.typed', 'd2l/core/hangul.ttf'}
    assert {name for name in names if '.dist-info/' not in name} == expected


def test_requires_no_framework(wheel):
    archive = zipfile.ZipFile(wheel)
    [name] = [n for n in archive.namelist() if n.endswith('/METADATA')]
    metadata = Parser().parsestr(archive.read(name).decode())
    assert (metadata['Name'], metadata['Version'][0]) == ('d2l', '2')
    required = [r for r in metadata.get_all('Requires-Dist')
                if 'extra ==' not in r]
    assert sorted(required) == ['numpy>=1.23', 'safetensors', 'tqdm']


@pytest.mark.parametrize('environment', ['.venv', '.venv-mxnet'])
def test_installing_it_changes_no_other_package(wheel, environment):
    result = subprocess.run(
        ['.tools/bin/uv', 'pip', 'install', '--offline', '--dry-run',
         '--python', f'{environment}/bin/python', wheel],
        check=True, capture_output=True, text=True)
    changed = [line for line in result.stderr.splitlines()
               if line.startswith((' +', ' -', ' ~'))]
    assert changed and all(line[3:].startswith(('d2l==', 'd2l @'))
                           for line in changed)
