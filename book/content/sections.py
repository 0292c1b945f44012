"""Turn a section into notebooks, and name what outputs depend on."""

import ast
import hashlib
from collections.abc import Iterable
from pathlib import Path

from d2lbook import config, notebook
from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode

from book.content import lib
from book.frameworks import FRAMEWORKS


def read(path: Path, tab: str, config: config.Config) -> NotebookNode | None:
    """Return a section's notebook in a tab, or None if it has no such tab."""
    nb = notebook.read_markdown(path.read_text(encoding='utf-8'))
    nb = notebook.split_markdown_cell(nb)
    nb = notebook.get_tab_notebook(nb, tab, config.default_tab)
    if nb is None:
        return None
    nb = lib.replace_alias(nb, config.library[tab])
    kernel = FRAMEWORKS[tab].kernel
    nb.metadata['language_info'] = {'name': 'python'}
    nb.metadata['kernelspec'] = {'name': kernel, 'language': 'python',
                                 'display_name': kernel}
    number_cells(nb)
    return nb


def number_cells(nb: NotebookNode) -> None:
    """Give the cells ids that are the same in every build."""
    nb.nbformat_minor = 5
    for i, cell in enumerate(nb.cells):
        cell.id = f'cell-{i}'


def code_cells(nb: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in nb.cells if cell.cell_type == 'code']


def key_of(nb: NotebookNode) -> str:
    """Return a name for what the code of a notebook does.

    Comments and docstrings, which change no output, are not in it.
    """
    return digest(meaning(cell.source) for cell in code_cells(nb))


def meaning(source: str) -> str:
    """Return code without comments and docstrings, in one layout."""
    try:
        tree = ast.parse(TransformerManager().transform_cell(source))
    except SyntaxError:         # it will be shown as what it raises
        return source
    for node in ast.walk(tree):
        if (isinstance(node, ast.ClassDef | ast.FunctionDef |
                       ast.AsyncFunctionDef)
                and ast.get_docstring(node) is not None):
            node.body[0] = ast.Pass()
    # IPython shows nothing of a last line that ends with it.
    return ast.unparse(tree) + ';' * source.rstrip().endswith(';')


def state_of(nb: NotebookNode, tab: str) -> str:
    """Return a name for the source, the library and the environment's pins."""
    files = [Path(FRAMEWORKS[tab].requirements),
             *sorted(Path('d2l').rglob('*.py'))]
    return digest([*(cell.source for cell in code_cells(nb)),
                   *(file.read_bytes() for file in files)])


def digest(contents: Iterable) -> str:
    return hashlib.sha256(repr([*contents]).encode()).hexdigest()[:16]
