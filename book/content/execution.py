"""Execute a notebook in the kernel of its tab.

An executed notebook tells where its outputs come from: `metadata.d2l` holds
the versions, the device, the date and what shortened the training, and each
cell's metadata its seconds.
"""

import datetime
import json
import os
import platform
import re
import socket
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbformat import NotebookNode

from book.content.sections import code_cells, key_of
from book.frameworks import FRAMEWORKS
from book.paths import LAYER, ROOT

OVERRIDES = 'D2L_FAST_DEV_RUN', 'D2L_MAX_EPOCHS'
# Executed before the first cell: the same numbers are drawn every time.
SEED = '''import random, numpy, d2l.{module}
random.seed(0), numpy.random.seed(0), d2l.{module}.Trainer.seed(0)
del random, numpy, d2l'''
# Executed after the last cell.
IDENTIFY = '''import json, platform, d2l.{module}, {module}
print(json.dumps([{module}.__version__, platform.python_version(),
                  [str(gpu) for gpu in d2l.{module}.try_all_gpus()]]))'''
ANSI = re.compile(r'\x1b\[[0-9;]*[A-Za-z]')


class CellFailed(Exception):
    """A cell raised: the message names the section, the tab and the cell."""


def execute(nb, path, tab, bar):
    """Execute a notebook in the tab's kernel, in the section's folder.

    `bar` is told of every cell. Raises CellFailed.
    """
    os.environ.update(
        TF_CPP_MIN_LOG_LEVEL='3', PYTHONWARNINGS='ignore',
        PYTHONPATH=os.pathsep.join(map(str, (ROOT, LAYER))))
    number = {cell.id: i for i, cell in enumerate(code_cells(nb), 1)}
    running, start = NotebookNode(id='', source=''), 0.     # none yet

    def on_cell_execute(cell, cell_index):
        nonlocal running, start
        running, start = cell, time.perf_counter()
        if cell.id in number:
            bar.set_description(f'{tab} {path.name}, cell {number[cell.id]}',
                                refresh=sys.stderr.isatty())

    def on_cell_executed(cell, **_):
        cell.metadata['seconds'] = round(time.perf_counter() - start, 1)
        bar.update(cell.id in number)

    client = NotebookClient(nb, timeout=None,
                            kernel_name=FRAMEWORKS[tab].kernel,
                            resources={'metadata': {'path': path.parent}},
                            record_timing=False, coalesce_streams=True,
                            store_widget_state=False,
                            on_cell_execute=on_cell_execute,
                            on_cell_executed=on_cell_executed)
    with tempfile.TemporaryFile('w+') as log, framed(nb, tab):
        try:
            client.execute(stderr=log)
        except (CellExecutionError, DeadKernelError) as error:
            trace = [line for out in running.get('outputs', [])
                     for line in out.get('traceback', [])]
            if isinstance(error, DeadKernelError):
                log.seek(0)
                trace = [str(error), log.read()]
            where = (f'code cell {number[running.id]}'
                     if running.id in number else 'before or after its cells')
            raise CellFailed(
                f'{path}, tab {tab}, {where}:\n\n{running.source}\n\n'
                f'{ANSI.sub("", chr(10).join(trace))}') from None
    for cell in code_cells(nb):
        cell.execution_count -= 1   # of the framing cell
        cell.outputs = [clean(out) for out in cell.outputs if is_shown(out)]


@contextmanager
def framed(nb, tab):
    """Seed random numbers before the first cell; ask at last what ran it."""
    module = FRAMEWORKS[tab].module
    first = nbformat.v4.new_code_cell(SEED.format(module=module))
    last = nbformat.v4.new_code_cell(IDENTIFY.format(module=module))
    nb.cells = [first, *nb.cells, last]
    try:
        yield
        version, python, gpus = json.loads(''.join(
            out.text for out in last.outputs if out.get('name') == 'stdout'))
        nb.metadata['d2l'] = {
            'key': key_of(nb), 'version': version, 'python': python,
            'device': ', '.join(gpus) or cpu_name(),
            'date': datetime.date.today().isoformat(),
            'overrides': {name: os.environ[name] for name in OVERRIDES
                          if os.environ.get(name)}}
    finally:
        nb.cells = nb.cells[1:-1]


def cpu_name():
    """Return the processor's name and the number of its cores here."""
    try:
        name, *_ = re.findall(r'^model name\s*: (.*)$',
                              Path('/proc/cpuinfo').read_text(), re.MULTILINE)
    except (OSError, ValueError):
        name = platform.processor() or platform.machine()
    return f'{name} × {len(os.sched_getaffinity(0))}'


def clean(output):
    """Return an output without paths, names and addresses of this machine."""
    def clean_text(text):
        for private, public in [(str(Path.cwd()), '.'),
                                (str(Path.home()), '~'),
                                (tempfile.gettempdir(), '…'),
                                (socket.gethostname(), 'host')]:
            text = re.sub(rf'(?<![\w/]){re.escape(private)}(?!\w)', public,
                          text)
        return re.sub(r'\b0x[0-9a-f]{6,}\b', '0x…', text)

    if 'text' in output:
        output.text = clean_text(output.text)
    for kind, content in output.get('data', {}).items():
        if isinstance(content, str):
            output.data[kind] = clean_text(content)
    return output


def is_shown(output):
    """Tell whether the page shows an output: no bars, nothing of stderr."""
    return (output.get('name') != 'stderr' and
            'application/vnd.jupyter.widget-view+json'
            not in output.get('data', {}))
