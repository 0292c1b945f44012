"""Layers that are slow on CPUs with Keras 3, computed another way.

Keras builds batch normalization of many elementwise operations, each of which
goes through memory once; TensorFlow has it as one. Where images have become
small and channels many, a convolution is better done as a matrix product.
And a grouped convolution Keras leaves to XLA, whose gradients take 13 to 260
times as long (AMD EPYC, two cores; 3×3, 2 to 32 groups) as those of one
convolution a group.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from threading import Lock
from typing import Any

import tensorflow as tf

from d2l.core.cpu import uses

BatchNormalization = tf.keras.layers.BatchNormalization
Conv2D = tf.keras.layers.Conv2D
MAX_PIXELS = 16         # of an output image: above, Keras's way is as fast
MIN_WEIGHTS = 256 * 512     # at a place of the kernel: below, too

_is_fast = ContextVar('is_fast', default=False)     # in this thread
_lock = Lock()
_num_users = 0      # contexts that are open, in all threads
_replaced: list[tuple[type, str, Any]] = []     # class, name, its own method


@contextmanager
def fast_layers() -> Iterator[None]:
    """The context in which the layers are computed so, where it is the same.

    Keras's classes are changed while such a context is open, and are used in
    the other form only in the threads that opened one.
    """
    global _num_users
    with _lock:
        if _num_users == 0:
            _replace()
        _num_users += 1
    token = _is_fast.set(True)
    try:
        yield
    finally:
        _is_fast.reset(token)
        with _lock:
            _num_users -= 1
            if _num_users == 0:
                _restore()


def _replace():
    """Put the functions below in the place of Keras's, if it has these."""
    for layer, name, function in ((BatchNormalization, 'call', _normalize),
                                  (Conv2D, 'convolution_op', _convolve)):
        if hasattr(layer, name):
            _replaced.append((layer, name, vars(layer).get(name)))
            setattr(layer, name, _either(getattr(layer, name), function))


def _restore():
    """Leave Keras's classes as they were."""
    while _replaced:
        layer, name, method = _replaced.pop()
        if method is None:      # it is inherited
            delattr(layer, name)
        else:
            setattr(layer, name, method)


def _either(method: Callable, function: Callable) -> Callable:
    """Return a method that is `function` in the context, else `method`.

    `function` is given the layer and the method as it is without it, `usual`.
    """
    @wraps(method)
    def either(self, *args, **kwargs):
        usual = method.__get__(self)
        if _is_fast.get():
            return function(self, usual, *args, **kwargs)
        return usual(*args, **kwargs)

    return either


def _normalize(layer: Any, usual: Callable, inputs: tf.Tensor,
               training: Any = None, mask: Any = None) -> tf.Tensor:
    """Do what the `call` of a batch normalization does."""
    if not (type(layer) is BatchNormalization and uses('batch_norm')
            and not hasattr(layer, 'fused')     # Keras 2 does it by itself
            and mask is None and isinstance(training, bool | None)
            and len(inputs.shape) == 4 and layer.axis in (-1, 3)
            and inputs.dtype == layer.compute_dtype == 'float32'
            and layer.scale and layer.center and not layer.synchronized
            and not getattr(layer, 'renorm', False)):   # newer releases
        return usual(inputs, training=training, mask=mask)
    training = bool(training) and layer.trainable
    outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
        x=inputs, scale=layer.gamma, offset=layer.beta, epsilon=layer.epsilon,
        mean=[] if training else layer.moving_mean,
        variance=[] if training else layer.moving_variance,
        is_training=training)
    if training:
        # TensorFlow divides by one less than the number of values, Keras not.
        num = tf.cast(tf.size(inputs) / inputs.shape[-1], tf.float32)
        variance *= tf.maximum(num - 1, 1) / num
        for moving, new in ((layer.moving_mean, mean),
                            (layer.moving_variance, variance)):
            moving.assign(moving * layer.momentum + new * (1 - layer.momentum))
    return outputs


def _convolve(layer: Any, usual: Callable, inputs: tf.Tensor,
              kernel: Any) -> tf.Tensor:
    """Do what the `convolution_op` of a convolution does."""
    if (layer.groups > 1 and layer.data_format == 'channels_last'
            and uses('groups')):
        return tf.concat([
            usual(X, K) for X, K in zip(
                tf.split(inputs, layer.groups, axis=-1),
                tf.split(tf.cast(kernel, inputs.dtype), layer.groups, axis=-1),
                strict=True)], axis=-1)
    height, width, num_in, num_out = kernel.shape
    down, right = layer.strides
    if (layer.padding == 'valid' and layer.data_format == 'channels_last'
            and layer.groups == 1 and set(layer.dilation_rate) == {1}
            and uses('patches') and num_in * num_out >= MIN_WEIGHTS
            and None not in inputs.shape[1:3]):
        rows = (inputs.shape[1] - height) // down + 1
        columns = (inputs.shape[2] - width) // right + 1
        if 0 < rows * columns <= MAX_PIXELS:
            patches = tf.concat([
                inputs[:, i:i + (rows - 1) * down + 1:down,
                       j:j + (columns - 1) * right + 1:right]
                for i in range(height) for j in range(width)], axis=-1)
            weights = tf.reshape(tf.cast(kernel, inputs.dtype), (-1, num_out))
            return tf.tensordot(patches, weights, 1)
    return usual(inputs, kernel)
