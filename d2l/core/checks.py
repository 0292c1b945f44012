"""What a person is told who calls the library wrongly: a sentence each."""

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import takewhile
from typing import Any

import numpy as np

from d2l.core import hints
from d2l.core.data import BatchLoader
from d2l.core.hyperparameters import HyperParameters
from d2l.core.module import Module


def check_fit(model: Any, data: Any) -> None:
    """Raise TypeError where `fit` can't take its arguments."""
    if isinstance(data, Module) and not isinstance(model, Module):
        raise TypeError('fit takes the model first, then the data: '
                        'trainer.fit(model, data).')
    if not isinstance(model, Module):
        raise TypeError(f'fit trains a d2l.Module, not {kind(model)}: write '
                        f'class Model(d2l.Classifier), whose net is yours.')
    if isinstance(data, type) or not hasattr(data, 'train_dataloader'):
        raise TypeError(f'fit wants a d2l.DataModule, not {kind(data)}: '
                        f'write class Data(d2l.DataModule), whose '
                        f'get_dataloader(train) returns the batches.')


def kind(value: Any) -> str:
    """Return what a value is, in words."""
    if isinstance(value, type):
        return f'the class {value.__name__}, which wants ()'
    return f'a value of type {type(value).__name__}'


def check_optimizer(model: Any, optimizer: Any) -> None:
    """Raise TypeError where `configure_optimizers` returned no optimizer.

    One of JAX's is a named tuple.
    """
    if optimizer is None or type(optimizer) in (tuple, list, dict):
        raise TypeError(
            f'{type(model).__name__}.configure_optimizers() must return one '
            f'optimizer, not {kind(optimizer)}. A schedule of the learning '
            f'rate goes into the optimizer; in PyTorch, keep the scheduler '
            f'and call its step() after super().fit_epoch() in a Trainer of '
            f'your own.')


def check_num_gpus(num_gpus: Any) -> None:
    """Raise ValueError for what is no number of GPUs."""
    if not (isinstance(num_gpus, int) and num_gpus >= 0):
        raise ValueError(f'num_gpus={num_gpus!r} must be 0, for the CPU, or '
                         f'1, for the first GPU.')


def check_examples(trainer: Any, data: Any) -> None:
    """Raise ValueError where there is nothing to train on, or half of it."""
    name = type(data).__name__
    if not trainer.num_train_batches:
        raise ValueError(f'{name} has no example to train on: its '
                         f'train_dataloader() has no batch. See that the '
                         f'files are found and that a filter leaves some.')
    for loader in trainer.train_dataloader, trainer.val_dataloader:
        lengths = [len(array) for array in loader.arrays] if isinstance(
            loader, BatchLoader) else []
        if len(set(lengths)) > 1:
            raise ValueError(
                f'{name} has {" and ".join(map(str, lengths))} rows in one '
                f'set: each image, or other input, wants one label. See '
                f'that both are cut alike.')


@contextmanager
def known_labels(trainer: Any, loaded: Any, prepared: Any) -> Iterator[None]:
    """Raise ValueError where a step in here got labels that are no classes.

    `loaded`, `prepared`: the batch as it was; only where both are wrong, none
    is right. Some frameworks say nothing of it.
    """
    try:
        yield
    finally:
        wrong = list(takewhile(lambda label: label is not None, (
            unknown_label(trainer, labels) for labels in (
                loaded_labels(trainer, loaded), labels_of(prepared)))))
        if len(wrong) == 2:
            classes = trainer.model.num_logits
            raise ValueError(
                f'A label is {wrong[-1]}, but {type(trainer.model).__name__} '
                f'has {classes} outputs, for the labels 0 to {classes - 1}. '
                f'Correct the labels, or make the model with more classes.')


def labels_of(batch: Any) -> Any:
    """Return the labels of a batch, None where it is of another kind."""
    return batch[-1] if isinstance(batch, list | tuple) and batch else None


def loaded_labels(trainer: Any, batch: Any) -> Any:
    """Return the labels of a batch as it was loaded.

    To read a GPU's is to wait for it, at every step: with one they are those
    that occur in the sets, which the host has.
    """
    known = [loader.labels for loader in (trainer.train_dataloader,
                                          trainer.val_dataloader)
             if trainer.gpus and isinstance(loader, BatchLoader)
             and 'int' in str(loader.arrays[-1].dtype)]
    return np.concatenate(known) if known else labels_of(batch)


def unknown_label(trainer: Any, labels: Any) -> int | None:
    """Return one of `labels` for which a classifier has no output."""
    classes = getattr(trainer.model, 'num_logits', None)
    if not classes or 'int' not in str(getattr(labels, 'dtype', '')):
        return None
    labels = trainer.as_numpy(labels)
    wrong = labels[((labels < 0) | (labels >= classes))
                   & (labels != trainer.model.ignored_label)]
    return int(wrong[0]) if wrong.size else None


def of_integer_images(batch: Any) -> str | None:
    """Return what to say of a batch of images of bytes, else None."""
    inputs = batch[:-1] if isinstance(batch, list | tuple) else ()
    if not any('uint8' in str(getattr(X, 'dtype', '')) and len(X.shape) == 4
               for X in inputs):
        return None
    return ("The images are uint8, from 0 to 255; layers want float32, best "
            "in [0, 1]: X.astype('float32') / 255 in the data module.")


def of_divergence(trainer: Any, step: int, value: float) -> str:
    """Return what to say when the training loss is no number any more."""
    lr = getattr(trainer.model, 'lr', None)
    return (f'The training loss is {value} from step {step} on, in epoch '
            f'{trainer.epoch + 1}{f", with lr={lr}" if lr else ""}: try a '
            f"tenth of the learning rate, Trainer(gradient_clip_val=1) or "
            f"precision='float32', and look for NaN in the data.")


def of_weights(trainer: Any, name: str) -> str:
    """Return what to say of weights that are no numbers any more."""
    return (f'Since epoch {trainer.epoch + 1} there is NaN or infinity in '
            f'the weights, in {name}: what the model gives is of no use. Try '
            f"a tenth of the learning rate, Trainer(gradient_clip_val=1) or "
            f"precision='float32'.")


@contextmanager
def explained() -> Iterator[None]:
    """Say what to do where an error in here is a known mistake."""
    try:
        yield
    except Exception as error:
        forgotten = forgotten_argument(error)
        if forgotten:
            raise AttributeError(forgotten) from error
        sizes = hints.on_sizes(error)
        if sizes:
            raise ValueError(f'{sizes}.') from error
        raise


def forgotten_argument(error: Exception) -> str | None:
    """Return what to say of an argument of `__init__` that was not kept."""
    owner, name = getattr(error, 'obj', None), getattr(error, 'name', None)
    if not (isinstance(error, AttributeError)
            and isinstance(owner, HyperParameters)
            and name in inspect.signature(type(owner).__init__).parameters):
        return None
    return (f'{type(owner).__name__} did not keep {name}, an argument of its '
            f'__init__: call self.save_hyperparameters() there, after '
            f'super().__init__().')
