"""What a person is told who calls the library wrongly: a sentence each."""

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from d2l.core import hints
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
