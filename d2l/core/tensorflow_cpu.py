"""Batch normalization that Keras computes slowly on CPUs, in one operation.

Keras 3 builds it of many elementwise operations, each of which goes through
memory once. TensorFlow has it as one, with which a step of ResNet-18 took two
thirds of the time in bfloat16 on two cores; `bench/` measures it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import tensorflow as tf

BatchNormalization = tf.keras.layers.BatchNormalization


@contextmanager
def fused_batch_norm() -> Iterator[None]:
    """The context in which it is one operation, where that is the same."""
    call = BatchNormalization.call

    def fused(self, inputs, training=None, mask=None):
        if _is_plain(self, inputs, training, mask):
            return _batch_norm(self, inputs, bool(training) and self.trainable)
        return call(self, inputs, training=training, mask=mask)

    BatchNormalization.call = fused
    try:
        yield
    finally:
        BatchNormalization.call = call


def _is_plain(layer: Any, X: tf.Tensor, training: Any, mask: Any) -> bool:
    """Tell whether the layer is Keras 3's and does nothing unusual."""
    return (type(layer) is BatchNormalization
            and not hasattr(layer, 'fused')     # Keras 2 does it by itself
            and mask is None and isinstance(training, bool | None)
            and len(X.shape) == 4 and layer.axis in (-1, 3)
            and X.dtype == layer.compute_dtype == 'float32'
            and layer.scale and layer.center and not layer.synchronized
            and not getattr(layer, 'renorm', False))    # newer releases


def _batch_norm(layer: Any, X: tf.Tensor, training: bool) -> tf.Tensor:
    Y, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
        x=X, scale=layer.gamma, offset=layer.beta, epsilon=layer.epsilon,
        mean=[] if training else layer.moving_mean,
        variance=[] if training else layer.moving_variance,
        is_training=training)
    if training:
        # TensorFlow divides by one less than the number of values, Keras not.
        num = tf.cast(tf.size(X) / X.shape[-1], tf.float32)
        variance *= tf.maximum(num - 1, 1) / num
        for moving, new in ((layer.moving_mean, mean),
                            (layer.moving_variance, variance)):
            moving.assign(moving * layer.momentum + new * (1 - layer.momentum))
    return Y
