"""The recipe in JAX: Grain's threads read, Optax decays what is a kernel."""

from argparse import Namespace
from collections.abc import Iterator, Sequence
from typing import Any

import grain
import jax
import optax

from d2l import jax as d2l
from d2l.core import images
from d2l.core.hyperparameters import HyperParameters
from d2l.train import recipe


class Loader(images.PictureLoader):
    """Batches of pictures, which the threads of Grain read."""

    def read(self, rows: list[tuple]) -> Iterator[images.Read]:
        """Read batches in parallel, and yield them in their order."""
        return iter(
            grain.MapDataset.source(rows)
            .map(lambda batch: self.pictures.read(*batch))
            .to_iter_dataset(grain.ReadOptions(
                num_threads=self.num_workers,
                prefetch_buffer_size=self.num_workers)))


class Data(recipe.Data, d2l.ImageFolder):
    __doc__ = recipe.Data.__doc__
    Loader = Loader


class Classifier(HyperParameters):
    """What the recipe changes in a model: the loss and the optimizer."""
    options: Namespace

    def loss(self, params: Any, X: Sequence, Y: jax.Array, state: Any,
             averaged: bool = True) -> tuple[jax.Array, Any]:
        """Return the cross-entropy, with smoothed labels in training."""
        Y_hat, updates = state.apply_fn(
            {'params': params, 'batch_stats': state.batch_stats}, *X,
            mutable=['batch_stats'], rngs={'dropout': state.dropout_rng})
        self.num_logits = Y_hat.shape[-1]
        targets = jax.nn.one_hot(Y, self.num_logits)
        if self.training:
            targets = optax.smooth_labels(targets,
                                          self.options.label_smoothing)
        losses = optax.softmax_cross_entropy(Y_hat.astype('float32'), targets)
        return (losses.mean() if averaged else losses), updates

    def configure_optimizers(self) -> optax.GradientTransformation:
        """Return SGD with momentum, which lets only kernels decay."""
        def are_kernels(params):
            return jax.tree_util.tree_map(lambda p: p.ndim > 1, params)

        return optax.chain(
            optax.add_decayed_weights(self.options.weight_decay, are_kernels),
            optax.inject_hyperparams(optax.sgd, static_args='momentum')(
                self.lr, momentum=self.options.momentum))


class Trainer(recipe.Trainer, d2l.Trainer):
    __doc__ = recipe.Trainer.__doc__
