"""Execute a notebook in the kernel of its tab.

An executed notebook tells where its outputs come from: `metadata.d2l` holds
the versions, the device, the date and what shortened the training, and each
cell's metadata its seconds.
"""

import asyncio
import datetime
import json
import logging
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
from nbclient.exceptions import CellExecutionError, CellTimeoutError
from nbformat import NotebookNode

from book import Wrong
from book.config import Config
from book.content.sections import code_cells, key_of
from book.frameworks import FRAMEWORKS
from book.paths import LAYER, ROOT

OVERRIDES = 'D2L_FAST_DEV_RUN', 'D2L_MAX_EPOCHS'
SEED = 0
# Executed before the first cell: the same numbers are drawn every time.
DRAW = '''import random, numpy, d2l.{module}
random.seed({seed}), numpy.random.seed({seed})
d2l.{module}.Trainer.seed({seed})
del random, numpy, d2l'''
# Executed after the last cell.
IDENTIFY = '''import json, platform, d2l.{module}, {module}
print(json.dumps([{module}.__version__, platform.python_version(),
                  [str(gpu) for gpu in d2l.{module}.try_all_gpus()]]))'''
ANSI = re.compile(r'\x1b\[[0-9;]*[A-Za-z]')


class CellFailed(Wrong):
    """A cell raised: the message names the section, the tab and the cell."""


class Client(NotebookClient):
    """nbclient's, which ends the kernel of a cell that shows too much.

    `limit`: what a cell may show, in characters; `size`: what the running one
    does, without what it has cleared.
    """

    limit, size = 0, 0
    cleaned: asyncio.Future | None = None

    def process_message(self, msg, cell, cell_index):
        output = super().process_message(msg, cell, cell_index)
        if output and output.get('name') == 'stderr':
            cell.outputs.pop()      # which no page shows
        elif output:
            before = self.size if len(cell.outputs) > 1 else 0
            self.size = before + len(json.dumps(output, ensure_ascii=False))
            if self.is_full:
                assert self.task_poll_for_reply
                self.shutdown_kernel = 'immediate'
                self.task_poll_for_reply.cancel()
        return output

    async def _async_cleanup_kernel(self):
        """End the kernel once, though nbclient does so twice at Ctrl-C."""
        self.cleaned = self.cleaned or asyncio.ensure_future(
            super()._async_cleanup_kernel())
        await self.cleaned

    @property
    def is_full(self):
        return self.size > self.limit

    @property
    def is_stopped(self):
        """Tell whether nbclient was told to stop, as by Ctrl-C."""
        return hasattr(self, '_async_cleanup_kernel_future')


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

    about = Config.read()
    client = Client(nb, timeout_func=lambda cell:
                    about.timeout if cell.id in number else None,
                    kernel_name=FRAMEWORKS[tab].kernel,
                    resources={'metadata': {'path': path.parent}},
                    record_timing=False, store_widget_state=False,
                    on_cell_execute=on_cell_execute,
                    on_cell_executed=on_cell_executed)
    client.limit = about.max_output * 1_000_000
    client.log.setLevel(logging.CRITICAL)   # what it says is raised, too
    with tempfile.TemporaryFile('w+') as log, framed(nb, tab):
        try:
            client.execute(stderr=log)
        except (CellExecutionError, CellTimeoutError, RuntimeError,
                asyncio.CancelledError) as error:
            if client.is_stopped:
                raise KeyboardInterrupt from None
            trace = [line for out in running.get('outputs', [])
                     for line in out.get('traceback', [])]
            if client.is_full:
                trace = [f'It shows more than {about.max_output} MB. Print '
                         'less, or raise max_output in [build] of '
                         'config.ini.']
            elif isinstance(error, CellTimeoutError):
                trace = [f'It took more than {about.timeout} s. Let it do '
                         'less, or raise timeout in [build] of config.ini.']
            elif not isinstance(error, CellExecutionError):     # it died
                log.seek(0)
                trace = [str(error), log.read()]
            where = (f'code cell {number[running.id]}'
                     if running.id in number else 'before or after its cells')
            raise CellFailed(
                f'{path}, tab {tab}, {where}:\n\n{running.source}\n\n'
                f'{ANSI.sub("", chr(10).join(trace))}') from None
    for cell in code_cells(nb):
        cell.execution_count -= 1   # of the framing cell
        cell.outputs = [clean(out) for out in joined(cell.outputs)
                        if is_shown(out)]


@contextmanager
def framed(nb, tab):
    """Seed random numbers before the first cell; ask at last what ran it."""
    module = FRAMEWORKS[tab].module
    first = nbformat.v4.new_code_cell(DRAW.format(module=module, seed=SEED))
    last = nbformat.v4.new_code_cell(IDENTIFY.format(module=module))
    nb.cells = [first, *nb.cells, last]
    try:
        yield
        version, python, gpus = json.loads(''.join(
            out.text for out in last.outputs if out.get('name') == 'stdout'))
        nb.metadata['d2l'] = {
            'key': key_of(nb), 'version': version, 'python': python,
            'device': ', '.join(gpus) or cpu_name(),
            'date': datetime.date.today().isoformat(), 'seed': SEED,
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


def joined(outputs):
    """Return outputs with all that was printed where its first part stands."""
    printed = [out for out in outputs if out.output_type == 'stream']
    if printed:
        printed[0].text = overwritten(''.join(out.text for out in printed))
    return [out for out in outputs
            if out.output_type != 'stream' or out is printed[0]]


def overwritten(text):
    """Return text without what a carriage return lets the next overwrite."""
    return '\n'.join(line.rstrip('\r').rpartition('\r')[2]
                     for line in text.split('\n'))


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
    """Tell whether the page shows an output: no bars."""
    return ('application/vnd.jupyter.widget-view+json'
            not in output.get('data', {}))
