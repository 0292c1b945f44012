"""MXNet's processes: a key-value store, as DMLC_* in the environment says.

Besides the workers there are a scheduler and a server, which start as the
same program and stay in `import mxnet`.
"""

import os
from collections.abc import Iterable
from functools import cache
from typing import Any

import mxnet
from mxnet import np

from d2l.core import parallel


@cache
def store() -> mxnet.kv.KVStore:
    """Return the store of all workers, of which a process has one.

    Raises RuntimeError where MXNet was built without it.
    """
    if not mxnet.runtime.Features().is_enabled('DIST_KVSTORE'):
        raise RuntimeError(
            "The environment (DMLC_ROLE) makes this a worker of several, but "
            "this MXNet was built without kvstore('dist_sync'): install a "
            "wheel that has it, such as mxnet 1.9.1 of PyPI for Linux.")
    return mxnet.kv.create('dist_sync')


class Job(parallel.Job):
    """The workers that share a `kvstore('dist_sync')`, each with one device.

    `trainer`: of which only the first GPU is used. Raises ValueError where it
    wants synchronized batch normalization, which MXNet does not have for
    several processes.
    """

    def __init__(self, trainer: Any = None):
        if trainer is None:
            return
        if len(trainer.gpus) > 1:
            print(f'MXNet trains on {len(trainer.gpus)} GPUs in as many '
                  f'processes, of which DMLC_* in the environment tells.')
            trainer.gpus = trainer.gpus[:1]
        if os.environ.get('DMLC_ROLE') != 'worker':
            return
        self.rank = store().rank
        self.size = self.num_devices = store().num_workers
        if trainer.sync_batch_norm and self.size > 1:
            raise ValueError('MXNet cannot synchronize batch normalization '
                             'between processes: leave sync_batch_norm=False.')

    def agreed(self, number: int) -> int:
        if self.size == 1:
            return number
        halves = np.array(divmod(number if self.rank == 0 else 0, 2**16))
        high, low = self.sum('agreed', halves).asnumpy()     # whole in float32
        return int(high) * 2**16 + int(low)

    def sum(self, key: str, tensor: np.ndarray) -> np.ndarray:
        """Return the sum of a tensor over the workers.

        `key`: by which they know it, always of the same shape.
        """
        key = f'{key} {tensor.shape}'
        if key not in self.keys:
            self.keys.add(key)
            store().init(key, np.zeros_like(tensor))
        store().push(key, tensor)
        total = np.empty_like(tensor)
        store().pull(key, total)
        return total

    keys: set[str] = set()      # of the process, as the store is

    def mean(self, key: str, value: np.ndarray) -> np.ndarray:
        """Return the mean of a tensor over the workers."""
        return (value if self.size == 1
                else self.sum(key, value) / self.size)

    is_shared = True

    def share(self, tensors: Iterable[np.ndarray]) -> None:
        """Set tensors to what they are in process 0."""
        self.is_shared = True
        for i, tensor in enumerate(tensors):
            tensor[:] = self.sum(f'share {i}', tensor * (self.rank == 0))

    def average(self, tensors: Iterable[np.ndarray]) -> None:
        """Set tensors, such as gradients, to their means."""
        for i, tensor in enumerate(tensors):
            tensor[:] = self.mean(f'average {i}', tensor)
