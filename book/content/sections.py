"""A section as a notebook a tab, and names for what its outputs depend on."""

import ast
import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from d2lbook import config, utils
from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode, v4

from book.config import Config
from book.content import document, lib
from book.frameworks import FRAMEWORKS
from book.paths import LAYER, ROOT


def paths(config: config.Config) -> list[Path]:
    """Return the files of the sections."""
    build = config.build
    return sorted(Path(path) for path in utils.find_files(
        build['notebooks'], config.src_dir,
        f'{build["exclusions"]} {build["non-notebooks"]}'))


def read(path: Path, tab: str, config: config.Config) -> NotebookNode:
    """Return the notebook of one tab of a section.

    Where the section has no code for the tab, it holds the text alone. A cell
    that names no tab is the default tab's. `metadata.origin_pos` is the place
    of a cell in the section.
    """
    nb = v4.new_notebook(metadata={'required_libs': []})
    for i, part in document.read(path).parts_of(tab, config.default_tab):
        metadata: dict = {'origin_pos': i}
        if part.tabs or isinstance(part, document.Cell):
            metadata['tab'] = [tab]
        if isinstance(part, document.Prose):
            nb.cells.append(v4.new_markdown_cell(f'{part.source}\n', metadata={
                **metadata, 'line': part.line}))
        elif '%load_ext d2lbook.tab' not in part.code:
            nb.cells.append(v4.new_code_cell(lib.code_of(part, tab),
                                             metadata=metadata))
    nb = lib.replace_alias(nb, config.library.get(tab, {}))
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


def text_of(cell: NotebookNode) -> str:
    """Return what a cell printed."""
    return ''.join(out.get('text', '') for out in cell.outputs)


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
    files = [LAYER / FRAMEWORKS[tab].requirements,
             *sorted({*(LAYER / 'd2l').rglob('*.py'), *own_library(tab)})]
    return digest([*(cell.source for cell in code_cells(nb)),
                   *(file.read_bytes() for file in files)])


def own_library(tab: str) -> Iterator[Path]:
    """Return the modules of the package that the sections write."""
    if file := Config.read().libraries.get(tab):
        yield from (ROOT / file).parent.rglob('*.py')


def digest(contents: Iterable) -> str:
    return hashlib.sha256(repr([*contents]).encode()).hexdigest()[:16]
