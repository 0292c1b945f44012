"""Turn a section into a notebook a tab, and execute it.

An executed notebook is kept under `_build/executed`, named by a hash of all
that its outputs depend on: its code, the library, the environment's
requirements and D2L_FAST_DEV_RUN. It is executed again when that changes.
"""

import hashlib
import os
import re
import sys
import tempfile
from pathlib import Path

import nbformat
from d2lbook import library, notebook
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError

# The kernels of the two environments; `make` installs the second.
KERNELS = {'pytorch': 'python3', 'jax': 'python3', 'tensorflow': 'python3',
           'mxnet': 'mxnet'}
TRIAL = """```eval_rst

.. admonition:: 시험 실행의 결과입니다
   :class: warning

   배치 몇 개로 한 에포크만 훈련했습니다. 곡선과 정확도는 끝까지 훈련한 결과가 아닙니다.
```"""
ANSI = re.compile(r'\x1b\[[0-9;]*[A-Za-z]')


class CellFailed(Exception):
    """A cell raised: the message names the section, the tab and the cell."""


def read_section(path, tab, config):
    """Return the notebook of one tab of a section, or None without that tab."""
    nb = notebook.read_markdown(path.read_text(encoding='utf-8'))
    nb = notebook.split_markdown_cell(nb)
    nb = notebook.get_tab_notebook(nb, tab, config.default_tab)
    if nb is None:
        return None
    nb = library.replace_alias(nb, config.library[tab])
    nb.metadata['language_info'] = {'name': 'python'}
    nb.metadata['kernelspec'] = {'name': KERNELS[tab], 'language': 'python',
                                 'display_name': KERNELS[tab]}
    number_cells(nb)
    return nb


def number_cells(nb):
    """Give the cells ids that are the same in every build."""
    nb.nbformat_minor = 5
    for i, cell in enumerate(nb.cells):
        cell.id = f'cell-{i}'


def executed_path(nb, path, tab):
    """Return where the executed notebook is kept."""
    environment = 'mxnet' if tab == 'mxnet' else 'main'
    depends = [Path(f'requirements/{environment}.txt'),
               *sorted(Path('d2l').rglob('*.py'))]
    key = hashlib.sha256(repr(
        [[cell.source for cell in code_cells(nb)],
         [file.read_bytes() for file in depends],
         os.environ.get('D2L_FAST_DEV_RUN')]).encode()).hexdigest()[:16]
    return Path('_build/executed', tab, path.with_suffix(''), f'{key}.ipynb')


def code_cells(nb):
    return [cell for cell in nb.cells if cell.cell_type == 'code']


def execute(nb, path, tab, bar):
    """Execute a notebook in the tab's kernel, in the section's folder.

    `bar` is told of every cell. Raises CellFailed.
    """
    os.environ.update(TF_CPP_MIN_LOG_LEVEL='3', PYTHONWARNINGS='ignore')
    number = {cell.id: i for i, cell in enumerate(code_cells(nb), 1)}
    running = None

    def on_cell_execute(cell, cell_index):
        nonlocal running
        running = cell
        bar.set_description(f'{tab} {path.name}, cell {number[cell.id]}',
                            refresh=sys.stderr.isatty())

    client = NotebookClient(nb, timeout=None, kernel_name=KERNELS[tab],
                            resources={'metadata': {'path': path.parent}},
                            on_cell_execute=on_cell_execute,
                            on_cell_executed=lambda **_: bar.update())
    with tempfile.TemporaryFile('w+') as log:
        try:
            client.execute(stderr=log)
        except (CellExecutionError, DeadKernelError) as error:
            trace = [line for out in running.get('outputs', [])
                     for line in out.get('traceback', [])]
            if isinstance(error, DeadKernelError):
                log.seek(0)
                trace = [str(error), log.read()]
            raise CellFailed(
                f'{path}, tab {tab}, code cell {number[running.id]}:'
                f'\n\n{running.source}\n\n{ANSI.sub("", chr(10).join(trace))}'
            ) from None
    for cell in code_cells(nb):
        cell.outputs = [out for out in cell.outputs if is_shown(out)]


def is_shown(output):
    """Tell whether the page shows an output: not bars, nor what goes to stderr."""
    return (output.get('name') != 'stderr' and
            'application/vnd.jupyter.widget-view+json'
            not in output.get('data', {}))


def with_outputs(nb, executed):
    """Copy the outputs of an executed notebook into one with the same code.

    A box follows the output of a shortened run, so that nobody takes it for
    the whole.
    """
    for cell, source in zip(code_cells(nb), code_cells(executed)):
        cell.outputs = source.outputs
        cell.execution_count = source.execution_count
    nb.cells = [piece for cell in nb.cells for piece in
                ([cell, trial_box(cell)] if is_trial(cell) else [cell])]
    number_cells(nb)
    return nb


def is_trial(cell):
    return any('D2L_FAST_DEV_RUN=' in out.get('text', '')
               for out in cell.get('outputs', []))


def trial_box(cell):
    return nbformat.v4.new_markdown_cell(TRIAL, metadata=cell.metadata)


def write(nb, path):
    """Write a notebook unless it stands there already, so that its time tells."""
    content = nbformat.writes(nb)
    if not path.exists() or path.read_text(encoding='utf-8') != content:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_suffix('.new')
        aside.write_text(content, encoding='utf-8')
        aside.replace(path)
