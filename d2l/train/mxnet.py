"""The recipe in MXNet: Gluon's threads read, SGD decays kernels."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable

from d2l import mxnet as d2l  # first: MXNet then uses every core

# isort: split
from mxnet import autograd, gluon, np, npx

from d2l.core import images
from d2l.core.hyperparameters import HyperParameters
from d2l.train import recipe


class Batches:
    """A data set whose keys are the rows of a batch, and its seed."""

    def __init__(self, pictures: images.Pictures):
        self.pictures = pictures

    def __getitem__(self, batch: tuple) -> images.Read:
        return self.pictures.read(*batch)


class Loader(images.PictureLoader):
    """Batches of pictures, which the threads of Gluon's DataLoader read."""

    def read(self, rows: list[tuple]) -> Iterable[images.Read]:
        """Read batches in parallel, and yield them in their order."""
        return gluon.data.DataLoader(
            Batches(self.pictures), batch_sampler=[[row] for row in rows],
            batchify_fn=lambda batches: batches[0],
            num_workers=self.num_workers, thread_pool=True)


class Data(recipe.Data, d2l.ImageFolder):
    __doc__ = recipe.Data.__doc__
    Loader = Loader


class Classifier(HyperParameters):
    """What the recipe changes in a model: the loss and the optimizer."""
    options: Namespace

    def loss(self, Y_hat: np.ndarray, Y: np.ndarray,
             averaged: bool = True) -> np.ndarray:
        """Return the cross-entropy, with smoothed labels in training."""
        self.num_logits = Y_hat.shape[-1]
        smoothing = self.options.label_smoothing * autograd.is_training()
        targets = (npx.one_hot(Y, self.num_logits) * (1 - smoothing)
                   + smoothing / self.num_logits)
        losses = gluon.loss.SoftmaxCrossEntropyLoss(sparse_label=False)(
            Y_hat, targets)
        return losses.mean() if averaged else losses

    def configure_optimizers(self) -> gluon.Trainer:
        """Return SGD with momentum, which lets only kernels decay."""
        params = self.collect_params()
        self.collect_params('.*(gamma|beta|bias)').setattr('wd_mult', 0)
        return gluon.Trainer(params, 'sgd', {
            'learning_rate': self.lr, 'momentum': self.options.momentum,
            'wd': self.options.weight_decay})


class Trainer(recipe.Trainer, d2l.Trainer):
    __doc__ = recipe.Trainer.__doc__
