"""The base classes of models, as far as every framework has the same."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from d2l.core.hyperparameters import HyperParameters


class Module(HyperParameters):
    """The base class of models: what a trainer calls, and may be overridden.

    JAX passes parameters explicitly; its steps stand in `d2l/core/jax.py`.
    """
    plot_train_per_epoch: int
    plot_valid_per_epoch: int
    training: Any       # whether layers such as dropout train, or infer
    board: Any          # a ProgressBoard
    trainer: Any        # the Trainer that trains this model, from `fit` on
    num_logits: int     # of an example: what a classifier's loss saw last
    ignored_label: Any = None   # which a classifier's loss takes for none

    if TYPE_CHECKING:
        def __call__(self, *args: Any, **kwargs: Any) -> Any:
            """Tell type checkers that the framework makes models callable."""

    def loss(self, y_hat: Any, y: Any) -> Any:
        """Return the loss, a scalar, of outputs and labels.

        Raises NotImplementedError where a model does not define it.
        """
        raise NotImplementedError(
            f'{type(self).__name__} must define loss(y_hat, y).')

    def forward(self, X: Any, *args, **kwargs) -> Any:
        """Return the output of `self.net`.

        `X`: the input, such as images. Raises AttributeError where a model
        has no `net`.
        """
        if not hasattr(self, 'net'):
            raise AttributeError(f'{type(self).__name__} must set self.net '
                                 f'or define forward(X).')
        return self.net(X, *args, **kwargs)

    def plot(self, key: str, value: Any, train: bool) -> None:
        """Draw `value`, a scalar, on the board.

        `key`: its name, drawn as 'train_key' or, with `train=False`,
        'val_key'.
        """
        self.trainer.log(('train_' if train else 'val_') + key, value)

    def training_step(self, batch: Sequence) -> Any:
        """Return the loss of a batch, which ends with the labels."""
        l = self.loss(self(*batch[:-1]), batch[-1])
        self.plot('loss', l, train=True)
        return l

    def validation_step(self, batch: Sequence) -> None:
        """Plot the loss of a batch."""
        self.plot('loss', self.loss(self(*batch[:-1]), batch[-1]),
                  train=False)

    def configure_optimizers(self) -> Any:
        """Return the optimizer.

        Raises NotImplementedError where a model does not define it.
        """
        raise NotImplementedError(
            f'{type(self).__name__} must define configure_optimizers().')


class Classifier(Module):
    """The part of a classification model that every framework has the same."""

    def accuracy(self, Y_hat: Any, Y: Any, averaged: bool = True) -> Any:
        """Return the share of correct predictions."""
        raise NotImplementedError

    def validation_step(self, batch: Sequence) -> None:
        """Plot the loss and the accuracy of a batch."""
        Y_hat = self(*batch[:-1])
        self.plot('loss', self.loss(Y_hat, batch[-1]), train=False)
        self.plot('acc', self.accuracy(Y_hat, batch[-1]), train=False)
