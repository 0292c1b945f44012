"""Recorded outputs: what the book shows without executing anything.

`outputs/<tab>/<folder>/<section>.ipynb` holds the code cells of a section with
their outputs. It counts as long as the code is the same: text may change.
"""

import os
import shutil
from pathlib import Path

import nbformat

from book.content import files
from book.content.execution import execute
from book.content.sections import code_cells, key_of, number_cells, state_of
from book.paths import BUILD, OUTPUTS


def path_of(section, tab):
    return (OUTPUTS / tab / section).with_suffix('.ipynb')


def find(nb, section, tab):
    """Return the recording of a notebook, or None if its code has changed."""
    path = path_of(section, tab)
    if not path.exists():
        return None
    recording = nbformat.read(path, as_version=4)
    return recording if key_of(recording) == key_of(nb) else None


def record(nb, section, tab, bar):
    """Execute a notebook in full and keep its outputs.

    A training that was cut off goes on from its last checkpoint, as long as
    code and library are the same. Raises CellFailed; the recording is then
    left as it was.
    """
    checkpoints = Path(BUILD, 'checkpoints', tab, section.with_suffix(''),
                       state_of(nb, tab))
    os.environ.pop('D2L_FAST_DEV_RUN', None)
    os.environ['D2L_CHECKPOINT_DIR'] = str(checkpoints.absolute())
    execute(nb, section, tab, bar)
    nb.cells = code_cells(nb)
    for cell in nb.cells:
        cell.metadata = {'seconds': cell.metadata['seconds']}
    number_cells(nb)
    files.write_notebook(nb, path_of(section, tab))
    shutil.rmtree(checkpoints.parent, ignore_errors=True)
