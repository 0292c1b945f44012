"""Execute notebooks in full and keep their outputs."""

import sys

from book.content import recordings
from book.content.builder import cell_bar, open_book
from book.content.files import keep
from book.content.sections import code_cells
from book.paths import OUTPUTS


def record(tab, section=None):
    """Record what has no recording in a tab, or one section in any case.

    Recordings of sections that are no longer there go. `section`: its name,
    with its folder where another has the same.
    """
    book = open_book()
    todo = [(nb, path, tab) for nb, path, tab in book.notebooks([tab])
            if code_cells(nb) and (
                section in (path.stem, str(path.with_suffix('')), str(path))
                if section
                else not recordings.find(nb, path, tab))]
    if section and not todo:
        sys.exit(f'No section {section} has code in the tab {tab}.')
    with cell_bar(todo) as bar:
        for nb, path, tab in todo:
            recordings.record(nb, path, tab, bar)
    keep(OUTPUTS / tab, [recordings.path_of(path, tab) for nb, path, tab in
                         book.notebooks([tab]) if code_cells(nb)])
    print(f'{len(todo)} notebook{"s" * (len(todo) != 1)} recorded in '
          f'{OUTPUTS / tab}.')
