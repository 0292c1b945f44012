"""Recorded outputs: what the book shows without executing anything.

`outputs/<tab>/<section>.ipynb` holds the code cells of a section with their
outputs. It counts as long as the code is the same: text may change.
"""

import ast
import os
import re
import shutil
from pathlib import Path

import nbformat
from IPython.core.inputtransformer2 import TransformerManager

from book import execute
from book.execute import code_cells

OUTPUTS = Path('outputs')


def path_of(section, tab):
    return OUTPUTS / tab / f'{section.stem}.ipynb'


def find(nb, section, tab):
    """Return the recording of a notebook, or None if its code has changed."""
    path = path_of(section, tab)
    if not path.exists():
        return None
    recording = nbformat.read(path, as_version=4)
    return recording if execute.key_of(recording) == execute.key_of(nb) else None


def record(nb, section, tab, bar):
    """Execute a notebook in full and keep its outputs.

    A training that was cut off goes on from its last checkpoint, as long as
    code and library are the same. Raises CellFailed; the recording is then
    left as it was.
    """
    checkpoints = Path('_build/checkpoints', tab, section.stem,
                       execute.state_of(nb, tab))
    os.environ.pop('D2L_FAST_DEV_RUN', None)
    os.environ['D2L_CHECKPOINT_DIR'] = str(checkpoints.absolute())
    execute.execute(nb, section, tab, bar)
    nb.cells = code_cells(nb)
    for cell in nb.cells:
        cell.metadata = {'seconds': cell.metadata['seconds']}
    execute.number_cells(nb)
    execute.write(nb, path_of(section, tab))
    shutil.rmtree(checkpoints.parent, ignore_errors=True)


def differences(recording, executed):
    """Return what differs in the outputs, as (cell number, what) pairs.

    Outputs that depend on training are there or not; a figure has a size; all
    others are the same to the letter.
    """
    cells = zip(code_cells(recording), code_cells(executed),
                depend_on_training(code_cells(recording)))
    for number, (old, new, trained) in enumerate(cells, 1):
        before, now = (sorted(contents(cell, not trained)) for cell in
                       (old, new))
        if [kind for kind, _ in before] != [kind for kind, _ in now]:
            yield number, (f'recorded {[kind for kind, _ in before]}, '
                           f'now {[kind for kind, _ in now]}')
            continue
        for (kind, was), (_, is_) in zip(before, now):
            if not same(was, is_):
                yield number, f'{kind}: recorded\n{was}\nnow\n{is_}'


def contents(cell, exact):
    """Return kind and content of each output; only kinds if not `exact`."""
    kinds = {}
    for output in cell.outputs:
        data = output.get('data') or {output.output_type: output.get('text')}
        for kind, content in data.items():
            if kind.startswith('image/'):
                kinds.setdefault(kind, []).extend(size(content))
            elif kind != 'text/plain' or len(data) == 1:
                kinds[kind] = kinds.get(kind, '') + content if exact else ''
    return kinds.items()


def size(svg):
    """Return width and height of a figure in points."""
    return [float(points) for points in
            re.findall(r'(?:width|height)="([\d.]+)pt"', svg)[:2]]


def same(was, now):
    """Tell whether texts are the same, or sizes but for the labels of axes."""
    if isinstance(was, str):
        return was == now
    return len(was) == len(now) and all(
        abs(a - b) < 0.1 * a for a, b in zip(was, now))


def depend_on_training(cells):
    """Tell for every cell whether its outputs depend on training.

    They do if it calls `fit`, or uses what such a cell trained or assigned.
    """
    trained = set()
    for cell in cells:
        source = TransformerManager().transform_cell(cell.source)   # no magic
        nodes = list(ast.walk(ast.parse(source)))
        names = {type_: {node.id for node in nodes
                         if isinstance(node, ast.Name)
                         and isinstance(node.ctx, type_)}
                 for type_ in (ast.Load, ast.Store)}
        fits = [node for node in nodes if isinstance(node, ast.Call)
                and getattr(node.func, 'attr', None) == 'fit']
        depends = bool(fits or names[ast.Load] & trained)
        yield depends
        for fit in fits:
            trained |= {node.id for node in (fit.func.value, *fit.args)
                        if isinstance(node, ast.Name)}
        if depends:
            trained |= names[ast.Store]
        else:
            trained -= names[ast.Store]
