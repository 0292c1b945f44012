"""Time the chapter's ten epochs on a GPU: `python bench/gpu.py torch`.

Needs no network. `--device cpu --batches 1 --epochs 1` tries it without a GPU.
"""

import argparse
import statistics
import sys
import time
from contextlib import nullcontext

from any_d2l import chapter_class, library, waiter
from floors import FLOORS

FLOP_AN_IMAGE = 3 * 2 * 318.66e6    # forward, and twice that backward
FLOP_TEN_EPOCHS = 600_000 * FLOP_AN_IMAGE
MATRIX = {'gpu': 8192, 'cpu': 512}
BARE_BATCHES = {'gpu': 200, 'cpu': 1}
ROUNDS = 3      # epochs with data, and as many without


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition(':')[0])
    parser.add_argument('framework', choices=FLOORS)
    parser.add_argument('--epochs', type=int, default=10)
    parser.add_argument('--device', choices=MATRIX, default='gpu')
    parser.add_argument('--batches', type=int, help='of an epoch; else all')
    arguments = parser.parse_args()
    framework, device = arguments.framework, arguments.device
    d2l = library(framework)
    if device == 'gpu' and not d2l.num_gpus():
        sys.exit(f'{framework} finds no GPU on this machine: nothing was '
                 f'measured.')
    data = d2l.FashionMNIST(batch_size=128, resize=(96, 96))
    Trainer = timed_trainer(d2l.Trainer, waiter(framework), arguments.batches)

    def new_model():
        model = chapter_class('ResNet18', framework, d2l)(lr=0.01)
        if framework == 'torch':
            model.apply_init([next(iter(data.train_dataloader()))[0]],
                             d2l.init_cnn)
        return model

    num_gpus = 1 if device == 'gpu' else 0
    trainer, model = Trainer(arguments.epochs, num_gpus=num_gpus), new_model()
    start = time.perf_counter()
    trainer.fit(model, data)
    seconds = time.perf_counter() - start
    pair = with_and_without(Trainer)(2 + 2 * ROUNDS, num_gpus=num_gpus)
    pair.fit(new_model(), data)
    trained, without = (
        statistics.median(epoch['images_per_second']
                          for epoch in pair.history[2 + i::2])
        for i in (0, 1))
    precision = 'bfloat16' if pair.uses_bfloat16 else 'float32'
    floor = FLOORS[framework]()
    with place(framework, pair.device):
        alone = data_alone(pair)
        bare = bare_loop(floor, new_model(), pair.batch, precision,
                         BARE_BATCHES[device])
        flops = matrix_product(floor, precision, MATRIX[device])

    def share(images):
        return f'{images * FLOP_AN_IMAGE / flops:.1%}'

    print(f'{framework} in {precision}, on the {device.upper()}:\n'
          f'{arguments.epochs} epoch(s) in {seconds:.1f} s, the first step '
          f'after {trainer.first_step - start:.1f} s\n'
          f'training {trained:,.0f} images/s, {share(trained)} of a matrix '
          f'product ({flops / 1e12:.2f} TFLOP/s)\n'
          f'without data {without:,.0f} images/s: data take '
          f'{1 - trained / without:.1%} of an epoch; alone {alone:,.0f} '
          f'images/s\n'
          f'bare loop {bare:,.0f} images/s, {share(bare)}: ours is '
          f'{trained / bare:.2f} of it\n'
          f'ten epochs of 60,000 images are {FLOP_TEN_EPOCHS / 1e15:.2f} '
          f'PFLOP, {FLOP_TEN_EPOCHS / flops:.1f} s of matrix products')


def timed_trainer(Base, wait, num_batches):
    class Trainer(Base):
        """Trains `num_batches` an epoch, and notes when the first is over."""
        first_step = None

        def prepare_data(self, data):
            super().prepare_data(data)
            if num_batches:
                self.num_train_batches = min(num_batches,
                                             self.num_train_batches)
                self.num_val_batches = min(num_batches, self.num_val_batches)

        def train_step(self, batch):
            logged = super().train_step(batch)
            if self.first_step is None:
                wait(self)
                self.first_step = time.perf_counter()
            return logged

        def fit_epoch(self):
            super().fit_epoch()
            wait(self)

    return Trainer


def with_and_without(Base):
    class Trainer(Base):
        """Trains every second epoch on one batch that is there already."""
        def prepare_data(self, data):
            super().prepare_data(data)
            self.val_dataloader, self.loader = None, self.train_dataloader
            self.batch = self.prepare_batch(next(iter(self.loader)))
            self.loaders = self.loader, [self.batch] * self.num_train_batches

        def fit_epoch(self):
            self.train_dataloader = self.loaders[self.epoch % 2]
            super().fit_epoch()

    return Trainer


def place(framework, device):
    """Return the context in which a framework computes on a device."""
    if framework == 'jax':
        import jax
        return jax.default_device(device)
    return device if hasattr(device, '__enter__') else nullcontext()


def data_alone(trainer):
    """Return how many images a second are loaded where nothing is trained."""
    start, num_images = time.perf_counter(), 0
    for i, batch in enumerate(trainer.loader, 1):
        num_images += len(batch[-1])
        if i == trainer.num_train_batches:
            break
    trainer.as_numpy(batch[0])      # waits
    return num_images / (time.perf_counter() - start)


def bare_loop(floor, model, batch, precision, num_batches):
    """Return the images a second of a training loop without d2l."""
    train = floor.training(model, *batch, precision)
    train(1)
    start = time.perf_counter()
    train(num_batches)
    return num_batches * len(batch[-1]) / (time.perf_counter() - start)


def matrix_product(floor, precision, size):
    """Return the operations a second of the fastest of some products."""
    multiply = floor.matmul(size, precision)
    multiply()
    times = []
    for _ in range(20):
        start = time.perf_counter()
        multiply()
        times.append(time.perf_counter() - start)
    return 2 * size**3 / min(times)


if __name__ == '__main__':
    main()
