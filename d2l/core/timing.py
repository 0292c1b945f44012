"""Seconds and sums: what loops that a chapter writes out measure with."""

import time
from itertools import accumulate
from typing import SupportsFloat

__all__ = ['Timer', 'Benchmark', 'Accumulator']


class Timer:
    """A stopwatch that keeps the seconds of every lap in `times`."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.start()

    def start(self) -> None:
        """Begin a lap."""
        self.tik = time.perf_counter()

    def stop(self) -> float:
        """End the lap and return its seconds."""
        self.times.append(time.perf_counter() - self.tik)
        return self.times[-1]

    def avg(self) -> float:
        """Return the mean seconds of a lap."""
        return self.sum() / len(self.times)

    def sum(self) -> float:
        """Return the seconds of all laps."""
        return sum(self.times)

    def cumsum(self) -> list[float]:
        """Return a list: the seconds of all laps up to each."""
        return list(accumulate(self.times))


class Benchmark:
    """A `with` block that prints how many seconds it took.

    `description`: what to print before them.
    """

    def __init__(self, description: str = 'Done'):
        self.description = description

    def __enter__(self) -> 'Benchmark':
        self.timer = Timer()
        return self

    def __exit__(self, *_) -> None:
        print(f'{self.description}: {self.timer.stop():.4f} sec')


class Accumulator:
    """Sums of `n` quantities, read by their position: `sums[0]`."""

    def __init__(self, n: int):
        self.data = [0.0] * n

    def add(self, *args: SupportsFloat) -> None:
        """Add a number, or a scalar on a device, to each sum."""
        self.data = [total + float(x) for total, x
                     in zip(self.data, args, strict=False)]

    def reset(self) -> None:
        """Set every sum to 0."""
        self.data = [0.0] * len(self.data)

    def __getitem__(self, idx: int) -> float:
        return self.data[idx]
