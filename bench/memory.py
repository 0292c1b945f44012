"""See whether a process that trains for long keeps its size.

`python bench/memory.py jax epochs 2000` trains one model, `... fits 50` fifty
models, one after another; printed are the memory (resident, after a garbage
collection, without what was freed and is kept for the next) and the open
files, ten times on the way.
"""

import gc
import importlib
import subprocess
import sys
from pathlib import Path

import psutil

sys.path.append(str(Path(__file__).resolve().parents[1]))   # where book/ is

from bench.program import data_of
from book.frameworks import FRAMEWORKS


def size():
    """Return the memory in MB, and the number of open files."""
    gc.collect()
    psutil.heap_trim()
    process = psutil.Process()
    return process.memory_info().rss / 1e6, process.num_fds()


def train(module, what, number):
    d2l = importlib.import_module(f'd2l.{module}')
    data = data_of(d2l)
    sizes = []

    def tell(done):
        if done % max(1, number // 10) == 0:
            sizes.append(size())
            memory, files = sizes[-1]
            print(f'{done:5} {what}: {memory:.0f} MB, {files} files',
                  file=sys.stderr)

    class Trainer(d2l.Trainer):
        def end_epoch(self):
            super().end_epoch()
            if what == 'epochs':
                tell(self.epoch + 1)

    def fit(epochs):
        model = d2l.ResNet(arch=((1, 64), (1, 32)), lr=0.01)
        model.board.display = False
        Trainer(epochs, precision='float32').fit(model, data)

    if what == 'epochs':
        fit(number)
    else:
        for done in range(1, number + 1):
            fit(1)
            tell(done)
    (first, files), (last, files_last) = sizes[0], sizes[-1]
    print(f'd2l.{module}, {number} {what}: {first:.0f} to {last:.0f} MB '
          f'({last / first - 1:+.1%}), {files} to {files_last} files')


def main(tab, what, number, inside=''):
    framework = FRAMEWORKS[tab]
    if inside:
        train(framework.module, what, int(number))
    else:       # in the framework's own environment
        subprocess.run([framework.python, __file__, tab, what, number,
                        'inside'], check=True)


if __name__ == '__main__':
    main(*sys.argv[1:])
