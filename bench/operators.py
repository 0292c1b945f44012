"""Where a training step's time goes: `python bench/operators.py torch`.

ResNet-18 at 96×96, 128 images a batch, in `fit`. Prints the share of each
operator, slowest first, as the framework's own profiler has it.
"""

import argparse
import tempfile
from collections import Counter
from itertools import islice
from pathlib import Path

from any_d2l import chapter_class, library

SHOWN = 20      # operators
WARM = 3        # steps before the one that is looked at


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition(':')[0])
    parser.add_argument('framework', choices=PROFILERS)
    parser.add_argument('--precision', default='auto')
    parser.add_argument('--size', type=int, default=96)
    parser.add_argument('--batch-size', type=int, default=128)
    arguments = parser.parse_args()
    seconds = profile(arguments.framework, arguments.precision,
                      arguments.size, arguments.batch_size)
    total = sum(seconds.values())
    for name, spent in seconds.most_common(SHOWN):
        print(f'{spent / total:6.1%}  {1e3 * spent:8.1f} ms  {name}')


def profile(framework, precision, size, batch_size):
    """Return the seconds of a step by operator."""
    d2l = library(framework)
    data = d2l.FashionMNIST(batch_size=batch_size, resize=(size, size))
    batches = list(islice(data.train_dataloader(), WARM + 1))
    data.train_dataloader, data.val_dataloader = lambda: batches, lambda: None
    model = chapter_class('ResNet18', framework, d2l)(lr=0.01)
    seconds = Counter()

    class Trainer(d2l.Trainer):
        def train_step(self, batch):
            if self.train_batch_idx < WARM:
                return super().train_step(batch)
            step = super().train_step
            logged, spent = PROFILERS[framework](lambda: step(batch))
            seconds.update(spent)
            return logged

    Trainer(max_epochs=1, precision=precision).fit(model, data)
    return seconds


def of_torch(step):
    import torch
    with torch.profiler.profile() as profiler:
        logged = step()
    return logged, {event.key: event.self_cpu_time_total / 1e6
                    for event in profiler.key_averages()}


def of_jax(step):
    """Operations of XLA, by kind and by the shape of what they return."""
    import jax
    with tempfile.TemporaryDirectory() as folder:
        with jax.profiler.trace(folder):
            logged = jax.block_until_ready(step())
        file, = Path(folder).rglob('*.xplane.pb')
        planes = jax.profiler.ProfileData.from_file(str(file)).planes
        spent = Counter()
        for event in (event for plane in planes for line in plane.lines
                      for event in line.events):
            name = dict(event.stats).get('hlo_op')
            if name:
                spent[name.rstrip('.0123456789')] += event.duration_ns / 1e9
    return logged, spent


PROFILERS = {'torch': of_torch, 'jax': of_jax}


if __name__ == '__main__':
    main()
