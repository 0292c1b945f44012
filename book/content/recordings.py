"""Recorded outputs: what the book shows without executing anything.

`outputs/<tab>/<folder>/<section>.ipynb` holds the code cells of a section with
their outputs. It counts as long as the code is the same: text may change.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import nbformat
from safetensors import safe_open

from book.content import files
from book.content.execution import execute
from book.content.sections import (
    code_cells,
    key_of,
    number_cells,
    state_of,
    text_of,
)
from book.paths import BUILD, OUTPUTS, ROOT


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
    commit = commit_here()
    execute(nb, section, tab, bar)
    if commit:
        nb.metadata['d2l']['commit'] = commit
    nb.cells = code_cells(nb)
    for cell in nb.cells:
        cell.metadata = {'seconds': cell.metadata['seconds']}
    for cell, training in trainings(nb, checkpoints):
        cell.metadata['training'] = training
    number_cells(nb)
    files.write_notebook(nb, path_of(section, tab))
    shutil.rmtree(checkpoints.parent, ignore_errors=True)


def trainings(nb, folder):
    """Return the cells that trained, with precision and data of the training.

    `folder`: where the trainings of the notebook left their checkpoints. The
    data set is known by the beginning of its images' SHA-256.
    """
    found = []
    for fit in folder.glob('fit-*'):
        [*_, last] = sorted(fit.glob('epoch-*/*.safetensors'),
                            key=lambda path: path.stat().st_mtime) or [None]
        if last is None:
            continue
        with safe_open(last, framework='np') as file:
            progress = json.loads(file.metadata()['progress'])
        *_, line = progress['lines'] or [None]
        images, *_ = progress['program'].get('training set') or ['']
        found += [(cell, {'precision': progress['precision'],
                          'data': images.rpartition(' ')[2]})
                  for cell in nb.cells
                  if line and line in text_of(cell)]
    return found


def commit_here():
    """Return the commit, '' without one; + where files differ from it."""
    try:
        commit, changed = (
            subprocess.run(['git', *command], cwd=ROOT, text=True,
                           capture_output=True).stdout.strip()
            for command in (['rev-parse', '--short=12', 'HEAD'],
                            ['status', '--porcelain', '-uno', ':!outputs']))
    except OSError:
        return ''
    return f'{commit}+' if commit and changed else commit
