"""Time the chapter's ten epochs on a GPU: `python bench/gpu.py torch`.

A Python that has d2l 1.0.3 and its framework for GPUs times that instead.
"""

import argparse
import sys
import time

from any_d2l import chapter_class, library
from floors import FLOORS


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition(':')[0])
    parser.add_argument('framework', choices=FLOORS)
    parser.add_argument('--epochs', type=int, default=10)
    arguments = parser.parse_args()
    d2l = library(arguments.framework)
    if not d2l.num_gpus():
        sys.exit(f'{arguments.framework} finds no GPU on this machine: '
                 f'nothing was measured.')
    data = d2l.FashionMNIST(batch_size=128, resize=(96, 96))
    model = chapter_class('ResNet18', arguments.framework, d2l)(lr=0.01)
    if arguments.framework == 'torch':
        model.apply_init([next(iter(data.train_dataloader()))[0]],
                         d2l.init_cnn)
    trainer = d2l.Trainer(max_epochs=arguments.epochs, num_gpus=1)
    start = time.perf_counter()
    trainer.fit(model, data)
    print(f'{arguments.framework}: {arguments.epochs} epochs in '
          f'{time.perf_counter() - start:.1f} s')


if __name__ == '__main__':
    main()
