"""The recipe in PyTorch: a DataLoader's processes read, SGD of two groups."""

from argparse import Namespace
from collections.abc import Iterator

import torch
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

from d2l import torch as d2l
from d2l.core import images
from d2l.core.hyperparameters import HyperParameters
from d2l.train import recipe


class Batches(Dataset):
    """A data set whose keys are the rows of a batch, and its seed."""

    def __init__(self, pictures: images.Pictures):
        self.pictures = pictures

    def __getitem__(self, batch: tuple) -> images.Read:
        return self.pictures.read(*batch)


class Loader(images.PictureLoader):
    """Batches of pictures, which the processes of a DataLoader read."""

    def read(self, rows: list[tuple]) -> Iterator[images.Read]:
        """Read batches in parallel, and yield them in their order."""
        for pixels, labels, unread in DataLoader(
                Batches(self.pictures), batch_size=None,
                sampler=rows, num_workers=self.num_workers):
            yield pixels.numpy(), labels.numpy(), unread


class Data(recipe.Data, d2l.ImageFolder):
    __doc__ = recipe.Data.__doc__
    Loader = Loader


class Classifier(HyperParameters):
    """What the recipe changes in a model: the loss and the optimizer."""
    options: Namespace

    def loss(self, Y_hat: torch.Tensor, Y: torch.Tensor,
             averaged: bool = True) -> torch.Tensor:
        """Return the cross-entropy, with smoothed labels in training."""
        self.num_logits = Y_hat.shape[-1]
        return F.cross_entropy(
            Y_hat, Y, reduction='mean' if averaged else 'none',
            label_smoothing=(self.options.label_smoothing if self.training
                             else 0))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return SGD with momentum, which lets only kernels decay."""
        kernels = [p for p in self.parameters() if p.ndim > 1]
        others = [p for p in self.parameters() if p.ndim <= 1]
        return torch.optim.SGD(
            [{'params': kernels, 'weight_decay': self.options.weight_decay},
             {'params': others}], lr=self.lr, momentum=self.options.momentum)


class Trainer(recipe.Trainer, d2l.Trainer):
    __doc__ = recipe.Trainer.__doc__
