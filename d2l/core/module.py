"""The base classes of models, as far as they are the same in every framework."""

from collections.abc import Sequence
from typing import Any

from d2l.core.hyperparameters import HyperParameters


class Module(HyperParameters):
    """The base class of models: what a trainer calls, and may be overridden.

    JAX passes parameters explicitly; its steps stand in `d2l/core/jax.py`.
    """

    def loss(self, y_hat: Any, y: Any) -> Any:
        """Return the loss, a scalar."""
        raise NotImplementedError(
            f'{type(self).__name__} must define loss(y_hat, y).')

    def forward(self, X: Any, *args, **kwargs) -> Any:
        """Return the output of `self.net`."""
        if not hasattr(self, 'net'):
            raise AttributeError(f'{type(self).__name__} must set self.net '
                                 f'or define forward(X).')
        return self.net(X, *args, **kwargs)

    def plot(self, key: str, value: Any, train: bool) -> None:
        """Draw `value`, a scalar, on the board as 'train_key' or 'val_key'."""
        self.trainer.log(('train_' if train else 'val_') + key, value)

    def training_step(self, batch: Sequence) -> Any:
        """Return the loss of a batch, a tuple whose last item is the labels."""
        l = self.loss(self(*batch[:-1]), batch[-1])
        self.plot('loss', l, train=True)
        return l

    def validation_step(self, batch: Sequence) -> None:
        """Plot the loss of a batch."""
        self.plot('loss', self.loss(self(*batch[:-1]), batch[-1]),
                  train=False)

    def configure_optimizers(self) -> Any:
        """Return the optimizer."""
        raise NotImplementedError(
            f'{type(self).__name__} must define configure_optimizers().')


class Classifier:
    """The part of a classification model that is the same in every framework."""

    def validation_step(self, batch: Sequence) -> None:
        """Plot the loss and the accuracy of a batch."""
        Y_hat = self(*batch[:-1])
        self.plot('loss', self.loss(Y_hat, batch[-1]), train=False)
        self.plot('acc', self.accuracy(Y_hat, batch[-1]), train=False)
