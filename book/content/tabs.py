"""Merge the notebooks of the tabs into one page with real tabs."""

import copy
import itertools

import nbformat
from d2lbook import notebook
from nbformat import NotebookNode

from book.content.provenance import Provenance
from book.content.sections import number_cells
from book.frameworks import FRAMEWORKS
from book.words import say


def merge(notebooks: list[NotebookNode], tabs: list[str]) -> NotebookNode:
    """Return the page of several notebooks, each of one tab.

    Cells that are the same in every tab, outputs included, stand once;
    between them each run of differing cells becomes a group of tabs.
    """
    page = notebook.merge_tab_notebooks(notebooks)
    cells: list[NotebookNode] = []
    number = itertools.count()
    here = {tab for cell in page.cells for tab in cell.metadata.get('tab', [])}

    def is_tabbed(cell):
        return set(cell.metadata.get('tab', here)) != here

    for tabbed, group in itertools.groupby(without_repeats(page.cells),
                                         key=is_tabbed):
        run = [*group]
        cells += tab_group(run, tabs, next(number)) if tabbed else run
    page.cells = cells
    number_cells(page)
    return page


def without_repeats(cells):
    """Join neighbours that differ in nothing but their tab."""
    joined: list[NotebookNode] = []
    for cell in cells:
        last = joined[-1] if joined else None
        if (last is not None and 'tab' in last.metadata
                and 'tab' in cell.metadata
                and last.metadata['origin_pos'] == cell.metadata['origin_pos']
                and last.source == cell.source
                and shown(last) == shown(cell)):
            last.metadata['tab'] = [*last.metadata['tab'],
                                    *cell.metadata['tab']]
        else:
            joined.append(cell)
    return joined


def shown(cell):
    """Return what a cell shows, without the numbers of its execution."""
    return [{k: v for k, v in out.items() if k != 'execution_count'}
            for out in cell.get('outputs', [])], Provenance.read(cell)


def tab_group(cells, tabs, number):
    """Return the cells of a group of tabs, between the HTML of its panels.

    Every panel is visible under its name until a script hides all but one.
    """
    here = [tab for tab in tabs
            if any(tab in cell.metadata['tab'] for cell in cells)]
    buttons = ''.join(
        f'<button role="tab" id="tab-{number}-{tab}" data-tab="{tab}" '
        f'aria-controls="panel-{number}-{tab}">{FRAMEWORKS[tab].name}</button>'
        for tab in here)
    label = say('framework')
    yield html(f'<div class="tabs"><div role="tablist" '
               f'aria-label="{label}">{buttons}</div>')
    for tab in here:
        yield html(f'<div role="tabpanel" id="panel-{number}-{tab}" '
                   f'data-tab="{tab}" aria-labelledby="tab-{number}-{tab}">'
                   f'<p class="tab-name">{FRAMEWORKS[tab].name}</p>')
        yield from (copy.deepcopy(cell) for cell in cells
                    if tab in cell.metadata['tab'])
        yield html('</div>')
    yield html('</div>')


def html(source):
    """Return a cell of raw HTML."""
    return nbformat.v4.new_raw_cell(source, metadata={'format': 'text/html'})
