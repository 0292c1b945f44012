"""Jupyter on the book's sources: `make lab`.

The markdown of a section opens as a notebook where the address says so;
JupyterLab's list of files opens it as text. Saving writes the cells back as
markdown; outputs are not kept.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import d2lbook
import ipywidgets
from jupyter_server.services.contents.largefilemanager import (
    AsyncLargeFileManager,
)
from nbformat import v4

from book.frameworks import FRAMEWORKS
from book.paths import BUILD, ROOT

FOLDER = BUILD / 'lab'
CODE = re.compile(r'^```\{\.python \.input\}\n(.*?)\n?^```$',
                  re.DOTALL | re.MULTILINE)
ADDRESS = '/notebooks/chapter_resnet/resnet.md?factory=Notebook'
# What a section's first cell imports, and MXNet's environment has not.
FIRST_CELL = d2lbook, ipywidgets


def lab(tab):
    """Open the sources in Jupyter, in the environment of a tab."""
    environment = Path(FRAMEWORKS[tab].environment).absolute()
    subprocess.run([environment / 'bin/python', '-m', 'ipykernel', 'install',
                    '--prefix', FOLDER, '--env', 'PYTHONPATH', modules()],
                   check=True, capture_output=True)
    os.environ |= {
        'JUPYTER_PATH': str((FOLDER / 'share/jupyter').absolute()),
        'PYTHONPATH': str(ROOT)}
    port = os.environ.get('JUPYTER_PORT', 8888)
    print(f'A section as a notebook: http://localhost:{port}{ADDRESS}',
          flush=True)
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
        nb = to_notebook(text)
        return (nb, data) if raw else nb

    async def _save_notebook(self, os_path, nb, capture_validation_error=None):
        if not os_path.endswith('.md'):
            return await super()._save_notebook(os_path, nb,
                                                capture_validation_error)
        with self.atomic_writing(os_path, encoding='utf-8') as file:
            file.write(to_markdown(nb))


def to_notebook(text):
    """Return the cells of a section's markdown as a notebook."""
    makers = v4.new_markdown_cell, v4.new_code_cell
    return v4.new_notebook(
        cells=[makers[i % 2](part.strip('\n'))
               for i, part in enumerate(CODE.split(text)) if part.strip('\n')],
        metadata={'kernelspec': {'name': 'python3', 'language': 'python',
                                 'display_name': 'Python 3'}})


def to_markdown(nb):
    """Return the markdown that `to_notebook` reads."""
    return '\n\n'.join(
        f'```{{.python .input}}\n{cell.source}\n```'
        if cell.cell_type == 'code' else cell.source
        for cell in nb.cells) + '\n'
