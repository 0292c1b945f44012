"""Jupyter on the book's sources: `make lab`.

The markdown of a section opens as a notebook where the address says so;
JupyterLab's list of files opens it as text. Saving writes the cells back as
markdown; outputs are not kept.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import d2lbook
import ipywidgets
from d2lbook.config import Config as settings
from jupyter_server.services.contents.largefilemanager import (
    AsyncLargeFileManager,
)
from nbformat import NotebookNode, v4

from book.config import Config
from book.content import document, sections
from book.frameworks import FRAMEWORKS
from book.paths import BUILD, LAYER, ROOT

FOLDER = BUILD / 'lab'
# What a section's first cell imports, and MXNet's environment has not.
FIRST_CELL = d2lbook, ipywidgets


def lab(tab=None):
    """Open the sources in Jupyter, in the environment of a tab."""
    tab = tab or Config.read().tabs[0]
    environment = LAYER / FRAMEWORKS[tab].environment
    subprocess.run([environment / 'bin/python', '-m', 'ipykernel', 'install',
                    '--prefix', FOLDER, '--env', 'PYTHONPATH', modules()],
                   check=True, capture_output=True)
    os.environ |= {
        'JUPYTER_PATH': str((FOLDER / 'share/jupyter').absolute()),
        'PYTHONPATH': os.pathsep.join(map(str, (ROOT, LAYER)))}
    port = os.environ.get('JUPYTER_PORT', 8888)
    section = next((path for path in sections.paths(settings())
                    if document.read(path).cells), None)
    if section:
        print(f'A section as a notebook: http://localhost:{port}'
              f'/notebooks/{section.as_posix()}?factory=Notebook', flush=True)
    os.execv(sys.executable, [
        sys.executable, '-m', 'jupyterlab', '--notebook-dir=.',
        '--ServerApp.contents_manager_class=book.formats.lab.MarkdownManager'])


def modules():
    """Return a folder from which the first cell's packages are imported."""
    folder = (FOLDER / 'modules').absolute()
    folder.mkdir(parents=True, exist_ok=True)
    for package in FIRST_CELL:
        link = folder / package.__name__
        if not link.exists():
            link.symlink_to(Path(package.__file__).parent)
    return str(folder)


class MarkdownManager(AsyncLargeFileManager):
    """Jupyter's files, whose markdown is a notebook where one is asked for."""

    async def _read_notebook(self, os_path, as_version=4,
                             capture_validation_error=None, raw=False):
        if not os_path.endswith('.md'):
            return await super()._read_notebook(
                os_path, as_version, capture_validation_error, raw)
        text, *_, data = await self._read_file(os_path, 'text', raw)
        nb = to_notebook(str(text))
        return (nb, data) if raw else nb

    async def _save_notebook(self, os_path, nb, capture_validation_error=None):
        if not os_path.endswith('.md'):
            return await super()._save_notebook(os_path, nb,
                                                capture_validation_error)
        with self.atomic_writing(os_path, encoding='utf-8',
                                 newline='') as file:
            file.write(to_markdown(nb))


def to_notebook(text: str) -> NotebookNode:
    """Return the cells of a section's markdown as a notebook.

    What is not as `to_markdown` writes it is kept in the metadata `markdown`.
    """
    nb = v4.new_notebook(metadata={
        'kernelspec': {'name': 'python3', 'language': 'python',
                       'display_name': 'Python 3'}})
    between = ''        # newlines since the last cell
    for i, (written, source) in enumerate(pieces(text)):
        between += '\n' * bool(i)
        form: dict[str, Any] = {}
        if source is not None:
            cell = v4.new_code_cell(source)
            if to_code(cell) != written:
                opened, _, rest = written.partition('\n')
                form['fence'] = [opened, rest.removeprefix(source)]
            after = ''
        else:
            cell = v4.new_markdown_cell(written.strip('\n'))
            if not cell.source:
                between += written
                continue
            before, _, after = written.partition(cell.source)
            between += before
        if between != ('\n\n' if nb.cells else ''):
            form['before'] = between
        if form:
            cell.metadata['markdown'] = form
        nb.cells.append(cell)
        between = after
    form = {'after': between} if between != '\n' else {}
    if '\r\n' in text:
        form['newline'] = '\r\n'
    if text.startswith('\ufeff'):
        form['bom'] = '\ufeff'
    if form:
        nb.metadata['markdown'] = form
    return nb


def pieces(text: str) -> Iterator[tuple[str, str | None]]:
    """Return the lines of each cell with its code, and those between."""
    lines, done = document.plain(text).split('\n'), 0
    for cell in document.parse(text).cells:
        if cell.closed:
            if done < cell.line - 1:
                yield '\n'.join(lines[done:cell.line - 1]), None
            done = cell.end - 1
            yield '\n'.join(lines[cell.line - 1:done]), cell.source
    if done < len(lines):
        yield '\n'.join(lines[done:]), None


def to_markdown(nb: NotebookNode) -> str:
    """Return the markdown that `to_notebook` reads."""
    form = nb.metadata.get('markdown', {})
    text = form.get('bom', '')
    for i, cell in enumerate(nb.cells):
        text += cell.metadata.get('markdown', {}).get(
            'before', '\n\n' if i else '')
        text += to_code(cell) if cell.cell_type == 'code' else cell.source
    return (text + form.get('after', '\n')).replace(
        '\n', form.get('newline', '\n'))


def to_code(cell: NotebookNode) -> str:
    """Return the fence of a code cell, longer than any that is in its code."""
    ticks = '```'
    while ticks in cell.source:
        ticks += '`'
    opened, closed = cell.metadata.get('markdown', {}).get(
        'fence', (f'{ticks}{{.python .input}}', f'\n{ticks}'))
    if cell.source and not closed.startswith('\n'):
        closed = f'\n{closed}'
    return f'{opened}\n{cell.source}{closed}'
