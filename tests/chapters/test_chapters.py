"""Chapters in the four styles run, cell by cell.

The chapters, `*.md`, together use every name of `tests/library/test_api.py`.
"""

import re
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from book.content import sections
from book.frameworks import FRAMEWORKS, TABS
from run_cells import BOOK, run

sys.path.append(str(Path(__file__).parents[1] / 'library'))
from test_api import signatures

CHAPTERS = sorted(Path(__file__).parent.glob('*.md'))
RUNS = [(chapter, tab) for chapter in CHAPTERS for tab in TABS]


@pytest.fixture(scope='module')
def outcomes(data):
    """What `run` returns of every chapter and tab, run two at a time."""
    with ThreadPoolExecutor(2) as pool:
        found = pool.map(lambda r: run(*r, data), RUNS)
        return dict(zip(RUNS, found, strict=True))


@pytest.mark.parametrize('chapter, tab', RUNS, ids=lambda p: (
    p.stem if isinstance(p, Path) else p))
def test_every_cell_runs(outcomes, chapter, tab):
    found = outcomes[chapter, tab]
    assert len(found) > 5
    assert {i: error for i, error in enumerate(found, 1) if error} == {}


@pytest.mark.parametrize('tab', TABS)
def test_every_name_is_used(tab):
    """Methods are called or defined; others stand behind `d2l.`."""
    code = '\n'.join(
        cell.source for chapter in CHAPTERS for cell in
        sections.code_cells(sections.read(chapter, tab, BOOK)))
    listed = [dotted for dotted, _ in signatures(FRAMEWORKS[tab].module)]
    unused = [dotted for dotted in listed if not re.search(
        rf'(\.|def ){dotted.split(".")[1]}\(' if '.' in dotted
        else rf'd2l\.{dotted}\b', code)]
    assert unused == []
