"""The recordings of this book."""

import re
from pathlib import Path

from conftest import book


def test_the_recordings_hold():
    """Every recording of the book, against its code executed now."""
    result = book('.', 'verify')
    assert result.returncode == 0, result.stdout


def test_the_recordings_are_small_and_of_no_machine():
    files = list(Path('outputs').rglob('*.ipynb'))
    assert sum(file.stat().st_size for file in files) < 10e6
    private = re.compile(rf'{re.escape(str(Path.cwd()))}|/home/|/root/|/tmp/|'
                         rf'0x[0-9a-f]{{6}}|<dc:date>')
    for file in files:
        assert not private.search(file.read_text()), file
