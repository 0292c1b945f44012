"""TensorFlow's processes: MultiWorkerMirroredStrategy, as TF_CONFIG says.

The strategy computes the means; each process keeps its weights in variables
of its own. So a model may be made before the trainer, outside of a scope.
"""

import json
import os
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import tensorflow as tf

from d2l.core import parallel

SUM, MEAN = tf.distribute.ReduceOp.SUM, tf.distribute.ReduceOp.MEAN
cluster = json.loads(os.environ.get('TF_CONFIG') or '{}').get('cluster', {})
# Before anything is computed: TensorFlow then knows all processes.
strategy = (tf.distribute.MultiWorkerMirroredStrategy()
            if len([*cluster.get('chief', []), *cluster.get('worker', [])]) > 1
            else None)


class Job(parallel.Job):
    """The processes that TF_CONFIG names, each with one device.

    `trainer`: whose place is to be that of the strategy. Raises ValueError
    where the strategy has found other devices.
    """

    def __init__(self, trainer: Any):
        if strategy is None:
            if len(trainer.gpus) > 1:
                print(f'TensorFlow trains on {len(trainer.gpus)} GPUs in as '
                      f'many processes, of which TF_CONFIG tells.')
                trainer.gpus = trainer.gpus[:1]
            return
        resolver = strategy.cluster_resolver
        self.rank = resolver.task_id + (
            resolver.task_type == 'worker' and 'chief' in cluster)
        self.size = len(cluster.get('chief', [])) + len(cluster['worker'])
        self.num_devices = strategy.num_replicas_in_sync
        on_gpu = 'GPU' in strategy.extended.worker_devices[0]
        if self.num_devices != self.size or on_gpu != bool(trainer.gpus):
            raise ValueError(
                f'Each process of TF_CONFIG trains on one device: give it one '
                f'GPU by CUDA_VISIBLE_DEVICES=0 and num_gpus=1, or none by '
                f"CUDA_VISIBLE_DEVICES='' and num_gpus=0. Here TensorFlow has "
                f'{self.num_devices} devices for {self.size} processes, and '
                f'num_gpus={len(trainer.gpus)}.')

    def agreed(self, number: int) -> int:
        return number if self.size == 1 else int(self.sum(tf.constant(
            number if self.rank == 0 else 0, tf.int64)))

    @cached_property
    def sum(self) -> Callable:
        """A compiled sum of a tensor over the processes."""
        return tf.function(lambda tensor: self.reduced(
            SUM, tf.identity, tensor))

    def reduced(self, operation: Any, function: Callable, *args: Any) -> Any:
        """Return the sums or means over the processes of what they compute."""
        return function(*args) if self.size == 1 else strategy.run(
            lambda *args: tf.distribute.get_replica_context().all_reduce(
                operation, function(*args)), args)

    def mean(self, function: Callable, batch: Any) -> Any:
        """Return the means over the processes of what a function returns."""
        return self.reduced(MEAN, function, batch)

    def share(self, variables: Sequence) -> None:
        """Set variables to what they are in process 0."""
        first = float(self.rank == 0)
        tf.function(lambda: self.set(SUM, variables, lambda v: v * tf.cast(
            first, v.dtype)))()

    def average(self, variables: Sequence) -> None:
        """Set running statistics to their means over the processes."""
        self.set(MEAN, [v for v in variables if not v.trainable], tf.identity)

    def set(self, operation: Any, variables: Sequence,
            value: Callable) -> None:
        """Set variables of numbers to sums or means of values of them."""
        variables = [v for v in variables if tf.as_dtype(v.dtype).is_floating]
        if self.size > 1 and variables:
            for v, new in zip(variables, self.reduced(operation, lambda: [
                    value(v) for v in variables]), strict=True):
                v.assign(new)
