"""Run sections written for d2l cell by cell and say which cells ran.

    python tests/chapters/run_cells.py FILE.md ... --tab jax

Takes any d2lbook markdown file. Every section runs in a fresh kernel and an
empty folder, on the first images of Fashion-MNIST, with two batches a
training; a cell that fails does not stop the cells after it. The frameworks'
own loaders find the images too, except MXNet's, which checks for all.
"""

import argparse
import contextlib
import gzip
import os
import struct
import sys
import tempfile
from pathlib import Path

from d2lbook import config
from nbclient import NotebookClient
from nbclient.exceptions import DeadKernelError

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))    # of book/

from book.content import sections
from book.content.execution import ANSI
from book.frameworks import TABS
from d2l.core import fashion_mnist

with contextlib.chdir(Path(__file__).resolve().parents[2]):  # config.ini
    BOOK = config.Config('all')
TIMEOUT = 600   # seconds a cell


def run(path, tab, data):
    """Return the outcome of every code cell: its error in a line, or None.

    `path`: the section; `data`: what `write_data` returned. Returns None
    where the section has no code in the tab.
    """
    nb = sections.read(Path(path), tab, BOOK)
    cells = sections.code_cells(nb)
    if not cells:
        return None
    env = os.environ | {
        'D2L_DATA': str(data), 'KERAS_HOME': str(data),
        'D2L_FAST_DEV_RUN': '2', 'TF_CPP_MIN_LOG_LEVEL': '3',
        'PYTHONWARNINGS': 'ignore'}
    with (tempfile.TemporaryDirectory() as folder,
          tempfile.TemporaryFile('w+') as log):
        section = Path(folder, 'section')
        section.mkdir()
        Path(folder, 'data').symlink_to(data)   # ../data
        client = NotebookClient(
            nb, timeout=TIMEOUT, allow_errors=True, interrupt_on_timeout=True,
            resources={'metadata': {'path': section}})
        try:
            client.execute(env=env, stderr=log)
        except DeadKernelError as error:
            return [outcome(cell) if cell.execution_count else str(error)
                    for cell in cells]
    return [outcome(cell) for cell in cells]


def outcome(cell):
    """Return the error of an executed cell and the hint on it, or None."""
    for output in cell.outputs:
        if output.output_type == 'error':
            trace = ANSI.sub('', '\n'.join(output.traceback))
            error = trace[trace.rindex(f'{output.ename}: '):]
            return ' '.join(error.split())
    return None


def write_data(folder, num_train=100, num_val=50):
    """Write the first images of Fashion-MNIST to `folder` and return it.

    In it they lie where d2l, torchvision and Keras look for them.
    """
    train, val = fashion_mnist.load('../data')
    arrays = [*(a[:num_train] for a in train), *(a[:num_val] for a in val)]
    for name, array in zip(fashion_mnist.SHA256, arrays, strict=True):
        header = struct.pack(f'>4B{array.ndim}I', 0, 0, 8, array.ndim,
                             *array.shape)
        content = header + array.tobytes()
        for file, data in [(name, content),
                           (f'FashionMNIST/raw/{name}', content),
                           (f'datasets/fashion-mnist/{name}.gz',
                            gzip.compress(content))]:
            path = Path(folder, file)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    return folder


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('files', nargs='+', metavar='FILE.md')
    parser.add_argument('--tab', choices=TABS, action='append',
                        help='the tab to run, all if not given')
    args = parser.parse_args()
    failed = total = 0
    with tempfile.TemporaryDirectory() as data:
        write_data(data)
        for file in args.files:
            for tab in args.tab or TABS:
                outcomes = run(file, tab, data)
                if outcomes is None:
                    print(f'{file} {tab}: no code', flush=True)
                    continue
                for i, error in enumerate(outcomes, 1):
                    print(f'{file} {tab} cell {i}: {error or "ok"}')
                bad = sum(error is not None for error in outcomes)
                print(f'{file} {tab}: {len(outcomes) - bad} of '
                      f'{len(outcomes)} cells ran', flush=True)
                failed += bad
                total += len(outcomes)
    print(f'{total - failed} of {total} cells ran')
    sys.exit(failed > 0)


if __name__ == '__main__':
    main()
