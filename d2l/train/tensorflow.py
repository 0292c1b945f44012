"""The recipe in TensorFlow: tf.data's threads read, SGD decays kernels."""

from argparse import Namespace
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from d2l import tensorflow as d2l
from d2l.core import images
from d2l.core.hyperparameters import HyperParameters
from d2l.train import recipe

NO_SEED = -1        # tf.data has no None


class Loader(images.PictureLoader):
    """Batches of pictures, which the threads of tf.data read."""

    def __init__(self, *args: Any):
        super().__init__(*args)
        self.epoch: list[tuple] = []
        # It is made once: TensorFlow keeps for good what it has traced.
        options = tf.data.Options()
        options.threading.private_threadpool_size = self.num_workers + 1
        self.batches = tf.data.Dataset.from_generator(
            lambda: iter(self.epoch), output_signature=(
                tf.TensorSpec([None], tf.int64), tf.TensorSpec([], tf.int64)),
        ).map(
            lambda *batch: tf.numpy_function(
                self.read_batch, batch, (tf.uint8, tf.int64, tf.string)),
            num_parallel_calls=self.num_workers, deterministic=True,
        ).prefetch(1).with_options(options)

    def read_batch(self, rows: np.ndarray, seed: np.ndarray) -> tuple:
        """Return what `Pictures.read` does, in NumPy's types."""
        pixels, labels, unread = self.pictures.read(
            rows, None if seed == NO_SEED else int(seed))
        return pixels, labels, np.array(unread, np.str_).astype(object)

    def read(self, rows: list[tuple]) -> Iterator[images.Read]:
        """Read batches in parallel, and yield them in their order."""
        self.epoch[:] = [(batch, NO_SEED if seed is None else seed)
                         for batch, seed in rows]
        for pixels, labels, unread in self.batches.as_numpy_iterator():
            yield pixels, labels, [line.decode() for line in unread]


class Data(recipe.Data, d2l.ImageFolder):
    __doc__ = recipe.Data.__doc__
    Loader = Loader


class SGD(tf.keras.optimizers.SGD):
    """SGD whose weight decay is added to the gradient, as elsewhere.

    Keras' own is decoupled from momentum. `decay`: of kernels.
    """

    def __init__(self, *args: Any, decay: float = 0, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.decay = decay

    def update_step(self, gradient: tf.Tensor, variable: Any,
                    learning_rate: Any) -> None:
        """Update a variable given its gradient."""
        if len(variable.shape) > 1:
            gradient = gradient + self.decay * tf.convert_to_tensor(variable)
        super().update_step(gradient, variable, learning_rate)


class Classifier(HyperParameters):
    """What the recipe changes in a model: the loss and the optimizer."""
    options: Namespace

    def loss(self, Y_hat: tf.Tensor, Y: tf.Tensor,
             averaged: bool = True) -> tf.Tensor:
        """Return the cross-entropy, with smoothed labels in training."""
        self.num_logits = Y_hat.shape[-1]
        smoothing = self.options.label_smoothing if self.training else 0
        targets = (tf.one_hot(Y, self.num_logits) * (1 - smoothing)
                   + smoothing / self.num_logits)
        losses = tf.nn.softmax_cross_entropy_with_logits(targets, Y_hat)
        return tf.reduce_mean(losses) if averaged else losses

    def configure_optimizers(self) -> tf.keras.optimizers.Optimizer:
        """Return SGD with momentum, which lets only kernels decay."""
        return SGD(self.lr, momentum=self.options.momentum,
                   decay=self.options.weight_decay)


class Trainer(recipe.Trainer, d2l.Trainer):
    __doc__ = recipe.Trainer.__doc__
