"""Train when told to: `python worker.py FRAMEWORK WHO PRECISION`.

WHO is `d2l` (ours or 1.0.3, whichever this Python has), `bare` or `matmul`. A
line on standard input asks for one thing: `epoch` for some batches of
training, `silent` for the same without board and metrics, `data` for batches
alone, `memory` for the peak. A line of JSON answers it, and one at the start
says how long it took until the first step was done.
"""

import json
import os
import sys
import time
from pathlib import Path

from any_d2l import chapter_class, library, waiter
from floors import FLOORS

BATCH_SIZE, IMAGE_SIZE = 128, (96, 96)
NUM_BATCHES = 6         # an epoch
NUM_DATA_BATCHES = 30   # of data alone
# Batches that d2l 1.0.3's worker processes have ready while others run:
# taken before the clock starts.
READY = 8
answers = os.fdopen(os.dup(1), 'w')     # what training prints goes to stderr
os.dup2(2, 1)


def main(framework, who, precision):
    floor = FLOORS[framework]()
    if who == 'matmul':
        serve(epoch=lambda: matmul(floor, precision))
        return
    d2l = library(framework)
    data = d2l.FashionMNIST(batch_size=BATCH_SIZE, resize=IMAGE_SIZE)
    loader = data.train_dataloader()
    model = chapter_class('ResNet18', framework, d2l)(lr=0.01)
    if framework == 'torch':
        model.apply_init([next(iter(loader))[0]], d2l.init_cnn)
    start = time.perf_counter()
    if who == 'bare':
        train = floor.training(model, *next(iter(loader)), precision)
        train(1)
        answer(first_step=time.perf_counter() - start)
        serve(epoch=lambda: timed(lambda: train(NUM_BATCHES)))
        return
    batches = Batches(loader)
    data.train_dataloader, data.val_dataloader = lambda: batches, lambda: None
    fit(d2l, framework, model, data, batches, precision)


def fit(d2l, framework, model, data, batches, precision):
    """Call `fit`; an epoch begins when it is asked for."""
    wait = waiter(framework)

    class Trainer(d2l.Trainer):
        def fit_epoch(self):
            def epoch():
                super(Trainer, self).fit_epoch()
                wait(self)
                return batches.num * BATCH_SIZE, batches.start

            if self.epoch == 0:
                batches.num = 1
                epoch()
                answer(first_step=time.perf_counter() - begin)
                batches.num, batches.ready = NUM_BATCHES, READY
                self.num_train_batches = NUM_BATCHES

            def silent():
                self.log = lambda *_: None
                try:
                    return epoch()
                finally:
                    del self.log

            serve(epoch=lambda: timed(epoch), silent=lambda: timed(silent),
                  data=lambda: timed(all_data))

    def all_data():
        batches.num = NUM_DATA_BATCHES
        for _ in batches:
            pass
        batches.num = NUM_BATCHES
        return NUM_DATA_BATCHES * BATCH_SIZE, batches.start

    begin = time.perf_counter()
    options = {'precision': precision} if precision != 'default' else {}
    Trainer(max_epochs=1, **options).fit(model, data)


class Batches:
    """`num` batches an epoch, from an iterator that never ends."""

    def __init__(self, loader):
        self.loader, self.num, self.ready = loader, 1, 0
        self.iterator = self.endless()

    def endless(self):
        while True:
            yield from self.loader

    def __len__(self):
        return self.num

    def __iter__(self):
        for _ in range(self.ready):
            next(self.iterator)
        self.start = time.perf_counter()
        for _ in range(self.num):
            yield next(self.iterator)


def matmul(floor, precision, size=2048):
    """Time a matrix product; the answer's images are its multiply-adds."""
    multiply = floor.matmul(size, precision)
    multiply()
    times = []
    for _ in range(20):
        start = time.perf_counter()
        multiply()
        times.append(time.perf_counter() - start)
    answer(flops=2 * size**3, seconds=min(times))


def timed(run):
    """Run an epoch and answer how many images it took in how many seconds."""
    start = time.perf_counter()
    images, start = run() or (NUM_BATCHES * BATCH_SIZE, start)
    answer(images=images, seconds=time.perf_counter() - start)


def peak_memory():
    """Answer the most bytes that this process, without children, has used."""
    status = Path('/proc/self/status').read_text()
    kilobytes = status.partition('VmHWM:')[2].split()[0]
    answer(bytes=1024 * int(kilobytes))


def serve(**commands):
    """Do what the lines on standard input ask for, until there are no more."""
    for line in iter(sys.stdin.readline, ''):
        {'memory': peak_memory, **commands}[line.strip()]()


def answer(**values):
    print(json.dumps(values), file=answers, flush=True)


if __name__ == '__main__':
    main(*sys.argv[1:])
