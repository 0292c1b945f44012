"""Build the pages: execute, merge the tabs, let d2lbook and Sphinx do the rest."""

import logging
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pypandoc
from d2lbook import build, config
from tqdm import tqdm

from book import execute, notebooks, recordings, slides, tabs, trials
from book.files import put_folder
from book.provenance import with_outputs
from book.references import References

HTML = Path('_build/html')


class Book(build.Builder):
    """d2lbook's builder, with our execution, our tabs and our Sphinx."""

    def __init__(self, tab='all'):
        super().__init__(config.Config(tab=tab))
        self.num_recorded = self.num_executed = 0

    @property
    def tabs(self):
        """The tabs that this book shows: all, or one in print."""
        tab = self.config.tab
        return self.config.tabs if tab == 'all' else [tab]

    @property
    def sections(self):
        return [Path(path) for path in self._find_md_files()[0]]

    def notebooks(self, tabs=None):
        """Return every section's notebook in every tab, as (nb, section, tab)."""
        for tab in tabs or self.tabs:
            for section in self.sections:
                nb = execute.read_section(section, tab, self.config)
                if nb is not None:
                    yield nb, section, tab

    def eval(self):
        """Write the notebook of every section and tab, with its outputs.

        They are the recorded ones, or else those of a trial run.
        """
        outputs, todo = {}, []
        for nb, section, tab in self.notebooks():
            if execute.code_cells(nb):
                recording = recordings.find(nb, section, tab)
                self.num_recorded += recording is not None
                outputs[section, tab] = recording or trials.find(
                    nb, section, tab)
                if outputs[section, tab] is None:
                    todo.append((nb, section, tab))
        self.num_executed = len(todo)
        with cell_bar(todo) as bar:
            for nb, section, tab in todo:
                outputs[section, tab] = trials.run(nb, section, tab, bar)
        for tab in self.tabs:
            self._copy_resources(self.config.src_dir, self.eval_dir(tab))
        for nb, section, tab in self.notebooks():
            if execute.code_cells(nb):
                nb = with_outputs(nb, outputs[section, tab], tab)
            execute.write(nb, self.eval_path(section, tab))

    def eval_dir(self, tab):
        name = 'eval' if tab == self.config.default_tab else f'eval_{tab}'
        return Path(self.config.tgt_dir, name)

    def eval_path(self, section, tab):
        return (self.eval_dir(tab) / section).with_suffix('.ipynb')

    def merge(self):
        """Write the page of every section, all its tabs together."""
        self.eval()
        for section in self.sections:
            notebooks = [nbformat.read(path, as_version=4)
                         for tab in self.config.tabs
                         if (path := self.eval_path(section, tab)).exists()]
            execute.write(tabs.merge(notebooks, self.config.tabs),
                          self.eval_path(section, 'all'))

    def sphinx(self, builder, *tags):
        """Let Sphinx build what it can, and return the folder it is in."""
        self.rst()
        tab = self.config.tab
        aside = Path('_build/sphinx') / ('' if tab == 'all' else tab)
        folder = aside / '-'.join([builder, *tags])
        if builder == 'epub':   # packs all that lies there
            shutil.rmtree(folder, ignore_errors=True)
        try:
            subprocess.run(
                [sys.executable, '-m', 'sphinx', '--quiet', '--keep-going',
                 '--fail-on-warning', '--conf-dir', 'book',
                 *(f'--tag={tag}' for tag in [tab, *tags]),
                 '--builder', builder,
                 '--doctree-dir', aside / f'doctrees-{builder}',
                 self.config.rst_dir, folder],
                check=True, env=os.environ | {
                    'PYTHONPATH': '.',
                    # TensorFlow, imported for its docstrings, prints nothing
                    'TF_CPP_MIN_LOG_LEVEL': '3', 'TF_ENABLE_ONEDNN_OPTS': '0',
                    # pybtex-apa-style compares numbers with `is`
                    'PYTHONWARNINGS': 'ignore::SyntaxWarning'})
        except subprocess.CalledProcessError:
            sys.exit('Sphinx found the mistakes above. What was built before '
                     'stays as it is.')
        return folder

    def html(self):
        """Build the pages aside, and put them in place when all went well.

        The notebooks come with them: the pages offer them.
        """
        built = self.sphinx('html')
        notebooks.write(self, References())
        notebooks.write_colab(self)
        put_folder(HTML, {'': built, 'notebooks': notebooks.COLAB})


def cell_bar(notebooks):
    """Return a bar over the cells of (nb, section, tab)s, hidden if none."""
    total = sum(len(execute.code_cells(nb)) for nb, *_ in notebooks)
    return tqdm(total=total, unit='cell', disable=not total,
                mininterval=0.1 if sys.stderr.isatty() else 10)


def open_book(tab='all'):
    """Return the book of this folder, with all tabs or one."""
    logging.disable(logging.INFO)       # d2lbook's
    pandoc = str(Path(pypandoc.get_pandoc_path()).parent)
    if pandoc not in os.environ['PATH'].split(os.pathsep):
        os.environ['PATH'] = f'{pandoc}{os.pathsep}{os.environ["PATH"]}'
    return Book(tab)


def record(tab, section=None):
    """Record what has no recording in a tab, or one section in any case."""
    book = open_book()
    todo = [(nb, path, tab) for nb, path, tab in book.notebooks([tab])
            if execute.code_cells(nb) and (
                path.stem == section if section
                else not recordings.find(nb, path, tab))]
    if section and not todo:
        sys.exit(f'No section {section} has code in the tab {tab}.')
    with cell_bar(todo) as bar:
        for nb, path, tab in todo:
            recordings.record(nb, path, tab, bar)
    print(f'{len(todo)} notebooks recorded in {recordings.OUTPUTS / tab}.')


def verify():
    """Execute all that is recorded in a trial run, and compare the outputs."""
    book = open_book()
    todo = [(nb, path, tab) for nb, path, tab in book.notebooks()
            if recordings.find(nb, path, tab)]
    wrong = []
    with cell_bar(todo) as bar:
        for nb, path, tab in todo:
            recording = recordings.find(nb, path, tab)
            executed = trials.run(nb, path, tab, bar)
            wrong += [f'{path}, tab {tab}, code cell {number}: {what}' for
                      number, what in recordings.differences(recording,
                                                             executed)]
    if wrong:
        sys.exit('\n\n'.join(wrong) + '\n\nThe recordings do not hold. If the '
                 'new outputs are right: make record TAB=... SECTION=...')
    print(f'{len(todo)} recordings hold.')


def build_html():
    """Build the book and say where it is and what it cost."""
    start = time.time()
    book = built_book()
    print(f'The book is in {HTML}/index.html: {len(book.sections)} pages, '
          f'{book.num_recorded} recordings used, '
          f'{book.num_executed} notebooks executed, '
          f'{time.time() - start:.0f} s.')


def build_notebooks(outputs):
    """Build the notebooks for readers, with or without outputs."""
    book = built_book()
    if not outputs:
        notebooks.write(book, References(), outputs=False)
        notebooks.write_colab(book)
    notebooks.write_sagemaker(book)
    print(f'The notebooks are in {notebooks.ARCHIVE}, {notebooks.COLAB} and '
          f'{notebooks.SAGEMAKER}.')


def build_slides(tab=None):
    """Build the slides of every tab, or of one."""
    slides.write(built_book(), References(), [tab] if tab else None)
    print(f'The slides are in {slides.SLIDES}.')


def built_book():
    """Return the book once its pages are built."""
    book = open_book()
    book.html()
    return book
