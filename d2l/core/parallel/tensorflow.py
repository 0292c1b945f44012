"""TensorFlow's devices and processes: its strategies compute the means.

MirroredStrategy has the devices of one process, MultiWorkerMirroredStrategy
the processes that TF_CONFIG names. In the latter each process keeps its
weights in variables of its own: a model may be made before the trainer,
outside of the strategy's scope.
"""

import json
import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import cache, cached_property
from typing import Any

import tensorflow as tf

from d2l.core import parallel
from d2l.core.data import mapped

SUM, MEAN = tf.distribute.ReduceOp.SUM, tf.distribute.ReduceOp.MEAN
cluster = json.loads(os.environ.get('TF_CONFIG') or '{}').get('cluster', {})
# Before anything is computed: TensorFlow then knows all processes.
workers = (tf.distribute.MultiWorkerMirroredStrategy()
           if len([*cluster.get('chief', []), *cluster.get('worker', [])]) > 1
           else None)


@cache
def mirrored(*devices: str) -> tf.distribute.Strategy:
    """Return the strategy of devices: a model's variables are of one."""
    return tf.distribute.MirroredStrategy(devices)


def name_of(device: AbstractContextManager) -> str:
    """Return the name of a device that is entered with `with`."""
    with device:
        return tf.zeros(()).device


class Job(parallel.Job):
    """The devices of one process, or processes of one device each.

    `trainer`: whose `gpus` are to be those of the strategy. Raises ValueError
    where TF_CONFIG's strategy has found others.
    """
    gpus: Sequence = ()

    def __init__(self, trainer: Any = None):
        if trainer is None:
            return
        if workers is None:
            self.gpus = trainer.gpus
            self.num_devices = max(1, len(trainer.gpus))
            return
        resolver = workers.cluster_resolver
        self.rank = resolver.task_id + (
            resolver.task_type == 'worker' and 'chief' in cluster)
        self.size = len(cluster.get('chief', [])) + len(cluster['worker'])
        self.num_devices = workers.num_replicas_in_sync
        on_gpu = 'GPU' in workers.extended.worker_devices[0]
        if self.num_devices != self.size or on_gpu != bool(trainer.gpus):
            raise ValueError(
                f'Each process of TF_CONFIG trains on one device: give it one '
                f'GPU by CUDA_VISIBLE_DEVICES=0 and num_gpus=1, or none by '
                f"CUDA_VISIBLE_DEVICES='' and num_gpus=0. Here TensorFlow has "
                f'{self.num_devices} devices for {self.size} processes, and '
                f'num_gpus={len(trainer.gpus)}.')

    @property
    def is_mirrored(self) -> bool:
        """Whether each variable is on several devices of this process."""
        return self.num_devices > self.size

    @cached_property
    def strategy(self) -> tf.distribute.Strategy:
        """The strategy of a job of several devices."""
        return (mirrored(*map(name_of, self.gpus)) if self.is_mirrored
                else workers)

    def scope(self, device: AbstractContextManager) -> AbstractContextManager:
        """Return the context in which variables are made; alone, a device."""
        return self.strategy.scope() if self.is_mirrored else device

    def agreed(self, number: int) -> int:
        return number if self.size == 1 else int(self.sum(tf.constant(
            number if self.rank == 0 else 0, tf.int64)))

    @cached_property
    def sum(self) -> Callable:
        """A compiled sum of a tensor over the processes."""
        return tf.function(lambda tensor: self.reduced(
            SUM, tf.identity, tensor))

    def batch(self, batch: Any) -> Any:
        """Return a batch of this process as its devices get it."""
        if not (self.is_mirrored and self.is_cut):
            return batch
        spread = self.strategy.experimental_distribute_values_from_function
        return mapped(lambda a: spread(
            lambda context: tf.split(a, self.num_devices)[
                context.replica_id_in_sync_group]), batch)

    def local(self, values: Any) -> Any:
        """Return what the first device of this process has of values."""
        return values if not self.is_mirrored else tf.nest.map_structure(
            lambda v: self.strategy.experimental_local_results(v)[0], values)

    def reduced(self, operation: Any, function: Callable, *args: Any) -> Any:
        """Return the sums or means over the devices of what they compute."""
        if self.num_devices == 1:
            return function(*args)
        return self.strategy.run(
            lambda *args: tf.distribute.get_replica_context().all_reduce(
                operation, function(*args)), args)

    def everywhere(self, function: Callable, *args: Any) -> None:
        """Call a function that changes variables, on each device."""
        if self.is_mirrored:
            self.strategy.run(function, args)
        else:
            function(*args)

    def mean(self, function: Callable, batch: Any) -> Any:
        """Return the means over the devices of what a function returns."""
        return self.reduced(MEAN, function, batch)

    def share(self, variables: Sequence) -> None:
        """Set variables to what they are in process 0.

        Raises ValueError where they are not on each device of this process.
        """
        if self.is_mirrored and not all(
                self.strategy.extended.variable_created_in_scope(
                    getattr(v, 'value', v)) for v in variables if v.trainable):
            raise ValueError(
                f'The model has its weights on one device already, and wants '
                f'them on {self.num_devices}: pass fit a new model, or one '
                f'that was trained on as many, or num_gpus=1.')
        first = float(self.rank == 0)
        if self.size > 1:
            tf.function(lambda: self.set(SUM, variables, lambda v: (
                v * tf.cast(first, v.dtype))))()

    def average(self, variables: Sequence) -> None:
        """Set running statistics to their means over the devices."""
        self.set(MEAN, [v for v in variables if not v.trainable], tf.identity)

    def set(self, operation: Any, variables: Sequence,
            value: Callable) -> None:
        """Set variables of numbers to sums or means of values of them."""
        def assign(values):
            for variable, new in zip(floats, values, strict=True):
                variable.assign(new)

        floats = [v for v in variables if tf.as_dtype(v.dtype).is_floating]
        if self.num_devices > 1 and floats:
            self.everywhere(assign, self.reduced(
                operation, lambda: list(map(value, floats))))
