"""Trial runs of what is not recorded: a few batches, D2L_FAST_DEV_RUN.

Each is kept under `_build/executed`, named by all that its outputs depend on,
and executed again when that changes.
"""

import os
import shutil
from pathlib import Path

import nbformat

from book.content import files
from book.content.execution import execute
from book.content.sections import state_of
from book.paths import EXECUTED


def path_of(nb, section, tab):
    batches = os.environ.get('D2L_FAST_DEV_RUN', '')
    return Path(EXECUTED, tab, section.with_suffix(''),
                f'{state_of(nb, tab)}-{batches}.ipynb')


def find(nb, section, tab):
    """Return the notebook as it was executed, or None."""
    path = path_of(nb, section, tab)
    return nbformat.read(path, as_version=4) if path.exists() else None


def run(nb, section, tab, bar):
    """Execute a notebook and keep it instead of its older states."""
    path = path_of(nb, section, tab)
    execute(nb, section, tab, bar)
    shutil.rmtree(path.parent, ignore_errors=True)
    files.write_notebook(nb, path)
    return nb
