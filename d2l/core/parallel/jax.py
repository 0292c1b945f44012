"""JAX's devices and processes: one program over a mesh of all devices."""

import os
from collections.abc import Callable
from functools import cached_property
from typing import Any

import jax
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from d2l.core import parallel
from d2l.core.data import mapped


def number(variable: str) -> int | None:
    """Return what an environment variable says, None to let JAX find out."""
    value = os.environ.get(variable)
    return int(value) if value else None


# Before anything is computed: JAX then knows the devices of all processes.
if 'JAX_COORDINATOR_ADDRESS' in os.environ and (
        not jax.distributed.is_initialized()):
    jax.distributed.initialize(num_processes=number('JAX_NUM_PROCESSES'),
                               process_id=number('JAX_PROCESS_ID'))


class Job(parallel.Job):
    """The devices of all processes that `jax.distributed` brought together.

    `trainer`: whose `gpus`, or else one CPU, each process gives.
    """

    def __init__(self, trainer: Any = None):
        if trainer is None:
            return
        self.rank, self.size = jax.process_index(), jax.process_count()
        self.devices = trainer.gpus or [trainer.cpu()]
        self.num_devices = self.size * len(self.devices)

    @cached_property
    def mesh(self) -> Mesh:
        """The devices of all processes, each giving as many as this one."""
        n = len(self.devices)
        return Mesh(np.array([
            device for rank in range(self.size) for device in
            jax.local_devices(rank, self.devices[0].platform)[:n]
        ] if self.size > 1 else self.devices), ['examples'])

    @property
    def replicated(self) -> NamedSharding:
        """Say that each device has the whole of an array."""
        return NamedSharding(self.mesh, PartitionSpec())

    @property
    def split(self) -> NamedSharding:
        """Say that each device has a part of the examples."""
        return NamedSharding(self.mesh, PartitionSpec('examples'))

    def agreed(self, number: int) -> int:
        return int(self.of_first(number))

    def of_first(self, tree: Any) -> Any:
        """Return the arrays of process 0."""
        return (multihost_utils.broadcast_one_to_all(tree) if self.size > 1
                else tree)

    def spread(self, tree: Any, sharding: NamedSharding) -> Any:
        """Return arrays of this process as its part of arrays of the job."""
        return jax.tree_util.tree_map(
            lambda a: jax.make_array_from_process_local_data(
                sharding, np.asarray(a)), tree)

    def batch(self, batch: Any) -> Any:
        """Return a part of a batch as one of the job's."""
        sharding = self.split if self.is_cut else self.replicated
        return mapped(lambda a: self.spread(a, sharding), batch)

    def compiled(self, step: Callable, synchronized: bool,
                 rewrite: Callable) -> Callable:
        """Return a step of a state and a batch compiled for all devices.

        `step` is also called with what gives the means over the devices of
        arrays, and a random key of a device. Where it is `synchronized`, it
        is the program of one device, to which JAX adds what has to be
        communicated: batch normalization sees the whole batch. Else each
        device goes through its part alone, with operations as `rewrite`
        returns them, and only the means are communicated.
        """
        def on_part(state, batch):
            return step(state, batch, lambda tree: jax.lax.pmean(
                tree, 'examples'), lambda key: jax.random.fold_in(
                key, jax.lax.axis_index('examples')))

        whole = jax.jit(step, out_shardings=self.replicated)
        if synchronized:
            return whole
        parts = jax.jit(jax.shard_map(
            rewrite(on_part), mesh=self.mesh, check_vma=False,
            in_specs=(self.replicated.spec, self.split.spec),
            out_specs=self.replicated.spec))
        return lambda state, batch: (parts if self.is_cut else whole)(
            state, batch)

    def local(self, tree: Any) -> Any:
        """Return the arrays of a job as the first device here has them."""
        return tree if self.num_devices == 1 else jax.tree_util.tree_map(
            lambda a: a.addressable_data(0), tree)
