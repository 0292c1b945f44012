"""The book as d2lbook's builder, from its sections to what Sphinx reads."""

import logging
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import nbformat
from d2lbook import build, config
from tqdm import tqdm

from book.config import Config
from book.content import (
    check,
    recorded,
    recordings,
    sections,
    tabs,
    trials,
)
from book.content.files import keep, write_notebook
from book.content.provenance import with_outputs

Notebook = tuple[nbformat.NotebookNode, Path, str]      # section and tab of it


class Book(build.Builder):
    """d2lbook's builder, with our execution and our tabs.

    `about`: what the configuration says of the book; `num_recorded`,
    `num_executed`: the notebooks whose outputs were recorded, or not.
    """

    def __init__(self, tab='all'):
        self.about = Config.read()
        super().__init__(config.Config(tab=tab))
        self.num_recorded = self.num_executed = 0

    @property
    def tabs(self) -> list[str]:
        """The tabs that this book shows: all, or one in print."""
        tab = self.config.tab
        return self.config.tabs if tab == 'all' else [tab]

    @property
    def sections(self) -> list[Path]:
        return sections.paths(self.config)

    def notebooks(self, tabs: Iterable[str] | None = None
                  ) -> Iterator[Notebook]:
        """Return each section's notebook in each tab: (nb, section, tab)."""
        for tab in tabs or self.tabs:
            for section in self.sections:
                yield sections.read(section, tab, self.config), section, tab

    def execute(self) -> None:
        """Write the notebook of every section and tab, with its outputs.

        They are the recorded ones, or else those of a trial run.
        """
        outputs, todo = {}, []
        for nb, section, tab in self.notebooks():
            if sections.code_cells(nb):
                recording = recordings.find(nb, section, tab)
                self.num_recorded += recording is not None
                outputs[section, tab] = recording or trials.find(
                    nb, section, tab)
                if outputs[section, tab] is None and self.about.executes:
                    todo.append((nb, section, tab))
        self.num_executed = len(todo)
        with cell_bar(todo) as bar:
            for nb, section, tab in todo:
                outputs[section, tab] = trials.run(nb, section, tab, bar)
        for tab in self.tabs:
            self._copy_resources(self.config.src_dir, self.executed_dir(tab))
        for nb, section, tab in self.notebooks():
            if outputs.get((section, tab)):     # else code alone is shown
                nb = with_outputs(nb, outputs[section, tab], tab)
            recorded.fill(nb, section, tab)
            write_notebook(nb, self.executed_path(section, tab))
        for tab in self.tabs:
            keep(self.executed_dir(tab), [self.executed_path(section, tab)
                                          for section in self.sections])

    def executed_dir(self, tab: str) -> Path:
        name = 'eval' if tab == self.config.default_tab else f'eval_{tab}'
        return Path(self.config.tgt_dir, name)

    def executed_path(self, section: Path, tab: str) -> Path:
        return (self.executed_dir(tab) / section).with_suffix('.ipynb')

    def read_executed(self, section: Path, tab: str) -> nbformat.NotebookNode:
        return nbformat.read(self.executed_path(section, tab), as_version=4)

    @build._once
    def rst(self) -> None:
        """Write what Sphinx reads: a page a section, and the book's rst."""
        self.execute()
        pages = {section: Path(self.config.rst_dir,
                               section.with_suffix('.ipynb'))
                 for section in self.sections}
        for section, path in pages.items():
            notebooks = [self.read_executed(section, tab) for tab in self.tabs]
            page = tabs.merge([nb for nb in notebooks if nb.cells], self.tabs)
            page.metadata['source'] = str(section)
            write_notebook(page, path)
        rsts = [Path(self.config.rst_dir, path) for path in self._copy_rst()]
        keep(Path(self.config.rst_dir), [*pages.values(), *rsts])
        self._copy_resources(self.config.src_dir, self.config.rst_dir)

    eval = merge = execute      # as d2lbook calls it


def cell_bar(notebooks: list[Notebook]) -> tqdm:
    """Return a bar over the cells of (nb, section, tab)s, hidden if none."""
    total = sum(len(sections.code_cells(nb)) for nb, *_ in notebooks)
    return tqdm(total=total, unit='cell', disable=not total,
                mininterval=0.1 if sys.stderr.isatty() else 10)


def open_book(tab: str = 'all') -> Book:
    """Return the book of this folder, with all tabs or one.

    Raises Mistakes if something is wrong in its sections.
    """
    logging.disable(logging.INFO)       # d2lbook's
    book = Book(tab)
    check.require(book.config)
    return book
