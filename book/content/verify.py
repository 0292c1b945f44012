"""Compare the recorded outputs with what the code prints now."""

import ast
import re
import sys
from typing import Any

from IPython.core.inputtransformer2 import TransformerManager

from book.content import recordings, trials
from book.content.builder import cell_bar, open_book
from book.content.sections import code_cells


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
                      number, what in differences(recording, executed)]
    if wrong:
        sys.exit('\n\n'.join(wrong) + '\n\nThe recordings do not hold. If the '
                 'new outputs are right: make record TAB=... SECTION=...')
    print(f'{len(todo)} recordings hold.')


def differences(recording, executed):
    """Return what differs in the outputs, as (cell number, what) pairs.

    Outputs that depend on training are there or not; a figure has a size; all
    others are the same to the letter.
    """
    cells = zip(code_cells(recording), code_cells(executed),
                depend_on_training(code_cells(recording)), strict=True)
    for number, (old, new, trained) in enumerate(cells, 1):
        before, now = (sorted(contents(cell, not trained)) for cell in
                       (old, new))
        if [kind for kind, _ in before] != [kind for kind, _ in now]:
            yield number, (f'recorded {[kind for kind, _ in before]}, '
                           f'now {[kind for kind, _ in now]}')
            continue
        for (kind, was), (_, is_) in zip(before, now, strict=True):
            if not same(was, is_):
                yield number, f'{kind}: recorded\n{was}\nnow\n{is_}'


def contents(cell, exact):
    """Return kind and content of each output; only kinds if not `exact`."""
    kinds: dict[str, Any] = {}
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
        abs(a - b) < 0.1 * a for a, b in zip(was, now, strict=True))


def depend_on_training(cells):
    """Tell for every cell whether its outputs depend on training.

    They do if it calls `fit` or writes a program that does, or uses what
    such a cell trained, assigned or defined.
    """
    trained: set[str] = set()
    for cell in cells:
        source = TransformerManager().transform_cell(cell.source)   # no magic
        nodes = list(ast.walk(ast.parse(source)))
        names = {type_: {node.id for node in nodes
                         if isinstance(node, ast.Name)
                         and isinstance(node.ctx, type_)}
                 for type_ in (ast.Load, ast.Store)}
        names[ast.Store] |= {
            node.name for node in nodes
            if isinstance(node, ast.FunctionDef | ast.ClassDef)}
        fits = [(node.func.value, *node.args) for node in nodes
                if isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == 'fit']
        programs = [node for node in nodes if isinstance(node, ast.Constant)
                    and '.fit(' in str(node.value)]
        depends = bool(fits or programs or names[ast.Load] & trained)
        yield depends
        for fit in fits:
            trained |= {node.id for node in fit
                        if isinstance(node, ast.Name)}
        if depends:
            trained |= names[ast.Store]
        else:
            trained -= names[ast.Store]
