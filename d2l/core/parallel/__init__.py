"""Training on several devices and processes, each framework by its own engine.

A launcher starts the same program several times; the trainers of these
processes are one job. A job cuts every batch into equal parts, one a device:
the mean of their gradients is that of the batch. What cannot be cut evenly,
as the last batch of an epoch may be, each device computes whole, for the same
reason.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import (
    AbstractContextManager,
    contextmanager,
    nullcontext,
    redirect_stdout,
)
from copy import copy
from typing import Any

from d2l.core.data import mapped


class Job:
    """The devices that train one model together; here one, alone.

    `rank`: of this process, from 0; `size`: how many processes there are;
    `num_devices`: how many devices they have together.
    """
    rank = 0
    size = num_devices = 1
    num_examples: int | None = None     # of the batch at hand, of all devices
    is_cut = False                      # or is it whole on every device

    def __init__(self, trainer: Any = None):
        """`trainer`: whose `gpus` are those of this process, to be used."""

    def agreed(self, number: int) -> int:
        """Return the number that process 0 has."""
        return number

    def part(self, rows: Any) -> Any:
        """Return of the rows of a batch those that this process computes."""
        self.num_examples = len(rows)
        self.is_cut = not len(rows) % self.num_devices
        if not self.is_cut:
            return rows
        n = len(rows) // self.size
        return rows[self.rank * n:(self.rank + 1) * n]

    def sharded(self, loader: Any, seed: Callable, get_seed: Callable) -> Any:
        """Return the part of a loader's batches that this process computes.

        `seed`, `get_seed`: the trainer's. Raises ValueError where batches
        cannot be cut evenly.
        """
        if loader is None or self.num_devices == 1:
            return loader
        n, rest = divmod(getattr(loader, 'batch_size', None) or 0,
                         self.num_devices)
        if rest:
            raise ValueError(
                f'batch_size={loader.batch_size} cannot be cut evenly for '
                f'{self.num_devices} devices: choose a multiple, such as '
                f'{(n + 1) * self.num_devices}. It is the number of examples '
                f'that all devices together compute in a step.')
        if not hasattr(loader, 'part'):
            return Parts(self, loader, lambda: seed(self.agreed(get_seed())))
        loader = copy(loader)       # the program's own stays whole
        loader.part = self.part
        if loader.get_seed:
            draw = loader.get_seed
            loader.get_seed = lambda: self.agreed(draw())
        return loader

    def one_voice(self) -> AbstractContextManager:
        """Return the context in which only process 0 prints."""
        return _silence() if self.rank else nullcontext()


class Parts:
    """The parts of batches of which a program's own loader makes the whole.

    `loader`: which shuffles alike in all processes after `agree` was called.
    """

    def __init__(self, job: Job, loader: Any, agree: Callable):
        self.job, self.loader, self.agree = job, loader, agree

    def __len__(self) -> int:
        return len(self.loader)

    def __iter__(self) -> Iterator[Any]:
        self.agree()
        for batch in self.loader:
            yield mapped(lambda tensor: self.job.part(tensor) if getattr(
                tensor, 'shape', ()) else tensor, batch)


@contextmanager
def _silence() -> Iterator[None]:
    with open(os.devnull, 'w') as nowhere, redirect_stdout(nowhere):
        yield
