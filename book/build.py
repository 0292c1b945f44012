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

from book import execute, tabs

HTML = Path('_build/html')


class Book(build.Builder):
    """d2lbook's builder, with our execution, our tabs and our Sphinx."""

    def __init__(self):
        super().__init__(config.Config(tab='all'))
        self.num_executed = 0

    @property
    def sections(self):
        return [Path(path) for path in self._find_md_files()[0]]

    def eval(self):
        """Write the notebook of every section and tab, with its outputs."""
        todo = []
        for tab in self.config.tabs:
            for section in self.sections:
                nb = execute.read_section(section, tab, self.config)
                if nb is None:
                    continue
                kept = execute.executed_path(nb, section, tab)
                if execute.code_cells(nb) and not kept.exists():
                    todo.append((nb, section, tab, kept))
        total = sum(len(execute.code_cells(nb)) for nb, *_ in todo)
        if todo:
            with tqdm(total=total, unit='cell',
                      mininterval=0.1 if sys.stderr.isatty() else 10) as bar:
                for nb, section, tab, kept in todo:
                    execute.execute(nb, section, tab, bar)
                    shutil.rmtree(kept.parent, ignore_errors=True)
                    execute.write(nb, kept)
        self.num_executed = len(todo)
        for tab in self.config.tabs:
            self._copy_resources(self.config.src_dir, self.eval_dir(tab))
            for section in self.sections:
                nb = execute.read_section(section, tab, self.config)
                if nb is not None:
                    self.write_eval(nb, section, tab)

    def write_eval(self, nb, section, tab):
        if execute.code_cells(nb):
            kept = execute.executed_path(nb, section, tab)
            nb = execute.with_outputs(nb, nbformat.read(kept, as_version=4))
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

    def html(self):
        """Build the pages aside, and put them in place when all went well."""
        self.rst()
        aside = Path('_build/sphinx')
        subprocess.run(
            [sys.executable, '-m', 'sphinx', '--quiet', '--fail-on-warning',
             '--keep-going', '--conf-dir', 'book', '--doctree-dir',
             aside / 'doctrees', self.config.rst_dir, aside / 'html'],
            check=True, env=os.environ | {
                'PYTHONPATH': '.',
                # pybtex-apa-style compares numbers with `is`
                'PYTHONWARNINGS': 'ignore::SyntaxWarning'})
        new, old = HTML.with_suffix('.new'), HTML.with_suffix('.old')
        for folder in (new, old):
            shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(aside / 'html', new)
        if HTML.exists():
            HTML.rename(old)
        new.rename(HTML)
        shutil.rmtree(old, ignore_errors=True)


def build_html():
    """Build the book and say where it is and what it cost."""
    logging.disable(logging.INFO)       # d2lbook's
    pandoc = Path(pypandoc.get_pandoc_path()).parent
    os.environ['PATH'] = f'{pandoc}{os.pathsep}{os.environ["PATH"]}'
    start = time.time()
    book = Book()
    try:
        book.html()
    except subprocess.CalledProcessError:
        sys.exit('Sphinx found the mistakes above. The last good pages stay '
                 'as they are.')
    print(f'The book is in {HTML}/index.html: {len(book.sections)} pages, '
          f'{book.num_executed} notebooks executed, '
          f'{time.time() - start:.0f} s.')
