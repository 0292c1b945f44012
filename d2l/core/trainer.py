"""The training loop, written once. Each framework adds only its steps."""

import inspect
import os
import random
import weakref
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import (
    Callable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
    Set,
    Sized,
)
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from functools import wraps
from itertools import islice
from numbers import Integral, Real
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np

from d2l.core import checks
from d2l.core.checkpoints import Checkpoints, program_of
from d2l.core.data import BatchLoader, DataModule
from d2l.core.hardware import kept_memory
from d2l.core.hyperparameters import HyperParameters
from d2l.core.module import Module
from d2l.core.parallel import Job
from d2l.core.progress import EpochProgress

# What a step logs, in this thread: a strategy of TensorFlow has one a device.
_captured: ContextVar[OrderedDict | None] = ContextVar('captured',
                                                       default=None)


class Batches(Iterable, Sized, Protocol):
    """Batches that can be gone through again and again, and counted."""


def _counter(name: str) -> Any:
    """Return a property whose value a traced step would keep for good."""
    def get(self):
        if self.is_tracing:
            raise TypeError(f'it reads trainer.{name}, which changes')
        if name not in vars(self):
            raise AttributeError(f'Before fit, a trainer has no {name}.')
        return vars(self)[name]

    def set(self, value):
        vars(self)[name] = value

    return property(get, set)


class Trainer(HyperParameters, ABC):
    """The base class for training models with data.

    `max_epochs`: how often to go through the training set; `num_gpus`: 0 to
    train on the CPU, else on so many GPUs of this machine, or on the CPU where
    there is none (PyTorch and MXNet take one a process);
    `gradient_clip_val`: the largest norm of the gradient, 0 for no limit;
    `precision`: what layers compute in, 'float32', 'bfloat16' (weights, batch
    statistics and loss stay in float32) or 'auto', which is bfloat16 for
    classifiers where the hardware computes in it natively. Raises ValueError
    for what the framework cannot do and for what is no number of epochs.

    Started by the framework's launcher, as docs/parallel.md shows, all
    processes of the job train one model, each on `num_gpus`. A batch is cut
    evenly for all devices, and `history` is that of the whole. Batch
    normalization takes the statistics of each device's part, and averages the
    running ones; `sync_batch_norm`: take those of the whole batch, which MXNet
    cannot.

    `checkpoint_dir`: a folder that gets, after every epoch, what a training
    that is cut off needs to go on, in `fit-1` for the trainer's first whole
    `fit`; `resume`: go on from there, to the weights that it would have come
    to, or begin where there is nothing yet; `monitor`: a name in `history`,
    such as 'val_acc': the weights of the epoch in which it is best are kept as
    `fit-1/best.safetensors`, for `load_weights`. A name with 'loss' or 'error'
    in it is best at its smallest, any other at its largest. Without `resume`,
    `fit` raises FileExistsError where the folder holds a training. What a
    chapter's own code counts beside, such as the steps of a PyTorch scheduler,
    is not kept.

    In the environment, D2L_FAST_DEV_RUN=N makes `fit` run N batches of
    training and of validation of one epoch, D2L_MAX_EPOCHS=N no more than N
    epochs, and `fit` says so; D2L_CHECKPOINT_DIR is as `checkpoint_dir` with
    `resume`, for every `fit` of a program.

    After `fit`, `history` is a list of dicts, one an epoch: 'epoch', counted
    from 1 and on from the epochs that the model's board shows already; the
    means of what the steps plotted, such as 'train_loss', 'val_loss' and
    'val_acc'; 'images_per_second' of training and 'seconds' of all.

    JAX and TensorFlow compile the steps: their Python code runs when a step
    is traced, and what it reads there keeps its value. A step that reads the
    epoch or a batch's number runs eagerly instead.
    """
    epoch = _counter('epoch')   # how many epochs are over
    train_batch_idx = _counter('train_batch_idx')   # in all epochs
    val_batch_idx = _counter('val_batch_idx')
    max_epochs: int
    gradient_clip_val: float
    gpus: Sequence = ()         # of this process, to train on
    job = Job()                 # the devices of all processes; here one
    model: Module
    optim: Any                  # what the model's configure_optimizers returns
    train_dataloader: Batches
    val_dataloader: Batches | None
    num_train_batches: int      # of an epoch
    num_val_batches: int
    is_tracing = False
    # Chapters may replace __init__ or fit_epoch: what plotting needs is here.
    progress: EpochProgress | None = None
    history: Sequence[dict[str, Any]] = ()      # of the last `fit`, by epochs
    epochs_before = 0           # that the model's board shows already
    told: frozenset[str] = frozenset()      # what `tell` has said
    precision: str = 'auto'
    checkpoint_dir: str | os.PathLike | None = None
    resume = False
    monitor: str | None = None
    sync_batch_norm = False
    num_fits = 0
    num_examples: int = 1       # of the batch at hand
    never_numbers: Set[str] = frozenset()       # weights with infinity in them
    # What a framework's trainer can compute in, on a CPU and on a GPU.
    precisions: Sequence[str] = ('auto', 'float32', 'bfloat16')
    gpu_precisions: Sequence[str] = precisions

    def __init__(self, max_epochs: int, num_gpus: int = 0,
                 gradient_clip_val: float = 0, precision: str = 'auto',
                 checkpoint_dir: str | os.PathLike | None = None,
                 resume: bool = False, monitor: str | None = None,
                 sync_batch_norm: bool = False):
        if not (isinstance(max_epochs, Integral) and max_epochs >= 0):
            raise ValueError(f'max_epochs={max_epochs!r} must be a number of '
                             f'epochs, such as 10.')
        checks.check_num_gpus(num_gpus)
        if not (checkpoint_dir is None or checkpoint_dir != ''
                and isinstance(checkpoint_dir, str | os.PathLike)):
            raise ValueError(f'checkpoint_dir={checkpoint_dir!r} must name '
                             f'the folder of the checkpoints.')
        if (resume or monitor) and checkpoint_dir is None and (
                not os.environ.get('D2L_CHECKPOINT_DIR')):
            raise ValueError(f'{"resume" if resume else "monitor"} needs a '
                             f'checkpoint_dir, the folder of the '
                             f'checkpoints.')
        self.save_hyperparameters()
        available = self.all_gpus()
        self.gpus = available[:num_gpus]
        self.job = type(self.job)(self)     # the framework's
        place = ('the CPU' if not self.gpus else 'the first GPU'
                 if len(self.gpus) == 1 else f'{len(self.gpus)} GPUs')
        precisions = self.gpu_precisions if self.gpus else self.precisions
        if precision not in precisions:
            raise ValueError(f'precision={precision!r} must be one of '
                             f'{", ".join(map(repr, precisions))} here, on '
                             f'{place}.')
        with self.job.one_voice():
            if len(available) < num_gpus:
                print(f'num_gpus={num_gpus}, but this machine has '
                      f'{len(available) or "none"}: training on {place}.')
            elif available:
                print(f'num_gpus={num_gpus}: training on {place}.')
            if self.job.size > 1:
                print(f'Training with {self.job.size} processes.')

    def __getstate__(self):     # a model is saved without the data set
        return {name: value for name, value in vars(self).items()
                if name not in ('train_dataloader', 'val_dataloader', 'job')}

    @staticmethod
    @abstractmethod
    def cpu() -> Any:
        """Return the CPU device."""

    @staticmethod
    @abstractmethod
    def all_gpus() -> Sequence:
        """Return the GPU devices of this machine."""

    @staticmethod
    @abstractmethod
    def get_seed() -> int:
        """Return an integer drawn from the framework's random numbers."""

    @staticmethod
    @abstractmethod
    def seed(seed: int, /) -> Any:
        """Seed the framework's random numbers."""

    @abstractmethod
    def set_training(self, training: bool) -> None:
        """Let layers such as dropout train, or infer."""

    @abstractmethod
    def train_step(self, batch: Sequence) -> Mapping[str, Any] | None:
        """Take one step of the optimizer.

        A compiled step returns what the model plotted: label -> scalar.
        """

    @abstractmethod
    def validation_step(self, batch: Sequence) -> Mapping[str, Any] | None:
        """Run the model's validation step; return what `train_step` does."""

    @staticmethod
    @abstractmethod
    def as_numpy(tensor: Any, /) -> np.ndarray:
        """Return a tensor of any dtype as NumPy has it, else its bits."""

    @abstractmethod
    def to_device(self, array: np.ndarray, /) -> Any:
        """Return a NumPy array as a tensor on `device`."""

    @abstractmethod
    def arrays(self) -> dict[str, np.ndarray]:
        """Return all that training changes, by name.

        The names of what the optimizer makes later begin with 'optim.'.
        """

    @abstractmethod
    def set_arrays(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Set all that training changes to what `arrays` returned."""

    @abstractmethod
    def save_weights(self, path: str | os.PathLike) -> None:
        """Write the model's weights, for `load_weights`."""

    def build(self) -> None:
        """Make the arrays that the first step would make, if it can be."""

    def optimizer_program(self) -> tuple[str, dict[str, Any]]:
        """Return the kind of the optimizer, and its numbers by name."""
        return type(self.optim).__name__, {
            name: value for name, value in
            getattr(self.optim, 'hparams', {}).items() if name != 'params'}

    def set_rates(self, rates: Mapping[str, float]) -> None:
        """Set learning rates, named as in `optimizer_program`."""

    @property
    def device(self) -> Any:
        """The device that `fit` trains on: the first GPU, or the CPU."""
        return self.gpus[0] if self.gpus else self.cpu()

    def on_device(self) -> AbstractContextManager:
        """Return the context in which the framework computes on `device`."""
        return nullcontext()

    def fit(self, model: Module, data: DataModule) -> None:
        """Train `model` on `data`, on `device`."""
        checks.check_fit(model, data)
        with (self.on_device(), kept_memory(), checks.explained(),
              self.job.one_voice()):
            self.fit_on_device(model, data)
            model.board.show_last()
            self.num_fits += 1

    def fit_on_device(self, model: Module, data: DataModule) -> None:
        """Prepare what the loop needs, then go through the epochs."""
        self.epoch = self.train_batch_idx = self.val_batch_idx = 0
        self.history, self.told = [], frozenset()
        self.epochs_before = model.board.num_epochs()
        self.prepare_data(data)
        self.train_dataloader, self.val_dataloader = (
            self.job.sharded(loader, self.seed_all, self.get_seed) for loader
            in (self.train_dataloader, self.val_dataloader))
        self.limit_epochs()
        self.limit_batches()
        self.prepare_model(model)
        self.optim = self.model.configure_optimizers()
        checks.check_optimizer(self.model, self.optim)
        self.prepare_steps()
        self.never_numbers = self.without_numbers()     # such as a mask
        checkpoints = self.checkpoints()
        try:
            if checkpoints:
                with (nullcontext() if self.job.rank
                      else checkpoints.reserved()):
                    self.fit_with_checkpoints(checkpoints, data)
                return
            for epoch in range(self.max_epochs):
                self.epoch = epoch
                self.fit_epoch()
                self.end_epoch()
        except KeyboardInterrupt:
            self.tell_where(checkpoints)
            raise

    def checkpoints(self) -> Checkpoints | None:
        """Return the checkpoints of this `fit`, if it is to keep any."""
        if self.checkpoint_dir is not None:
            return Checkpoints(self.checkpoint_dir, self.num_fits + 1)
        folder = os.environ.get('D2L_CHECKPOINT_DIR')
        return Checkpoints(folder) if folder else None

    def tell_where(self, checkpoints: Checkpoints | None) -> None:
        """Say where the training was stopped, and what there is of it."""
        batches = self.train_batch_idx - self.epoch * self.num_train_batches
        kept = checkpoints.all() if checkpoints else []
        print(f'Stopped in epoch {self.epoch + 1} of {self.max_epochs}, after '
              f'{batches} of {self.num_train_batches} training batches; the '
              f'model keeps what it has learned.'
              + (f' The last checkpoint is {kept[0]}.' if kept else ''))

    def end_epoch(self) -> None:
        """Keep what the epoch brought, in `history` and in the board's file.

        A `fit_epoch` of one's own may have no progress to tell of.
        """
        if self.progress:
            number = self.epochs_before + self.epoch + 1
            self.history = [*self.history,
                            {'epoch': number, **self.progress.means()}]
        self.model.board.save_display()
        self.watch_weights()

    def fit_with_checkpoints(self, checkpoints, data):
        """Train from the last checkpoint on, and write one every epoch.

        Each epoch starts from a seed of its own, so that it does not matter
        which epochs ran before it in the same process.
        """
        board = self.model.board
        board.xlabel = 'epoch'
        program = program_of(self, data)
        if self.checkpoint_dir is not None and not self.resume:
            checkpoints.check_empty()
        progress = checkpoints.load(self, program) or {'epochs': 0}
        if self.job.agreed(progress['epochs']) != progress['epochs']:
            raise RuntimeError(
                f'Process {self.job.rank} finds {progress["epochs"]} epochs '
                f'in {checkpoints.folder}, process 0 another number: name a '
                f'folder that all processes share.')
        if not progress['epochs']:
            progress.update(
                seed=self.job.agreed(self.get_seed()), lines=[], history=[],
                board=board.state(), epochs_before=self.epochs_before)
        progress['program'] = program
        # A model that was interrupted shows epochs that are counted here.
        self.epochs_before = progress['epochs_before']
        board.xlim = [0, self.epochs_before + self.max_epochs]
        if progress['epochs'] > self.max_epochs:
            print(f'The checkpoint in {checkpoints.folder} holds '
                  f'{progress["epochs"]} epochs, more than max_epochs='
                  f'{self.max_epochs}: nothing is trained, and the model is '
                  f'that of epoch {progress["epochs"]}. For fewer epochs, '
                  f'choose another folder.')
        board.restore(progress['board'])
        self.history = progress['history']
        print(*progress['lines'], sep='', end='', flush=True)
        if self.checkpoint_dir is not None and progress['epochs']:
            print('The training goes on after epoch '
                  if progress['epochs'] < self.max_epochs else
                  'Nothing is left to train after epoch ',
                  f'{progress["epochs"]}.', sep='')
        for epoch in range(progress['epochs'], self.max_epochs):
            self.epoch = epoch
            self.seed_all(progress['seed'] + epoch)
            self.train_batch_idx = self.epoch * self.num_train_batches
            self.val_batch_idx = self.epoch * self.num_val_batches
            self.fit_epoch()
            self.end_epoch()
            progress.update(
                epochs=self.epoch + 1, board=board.state(),
                history=self.history,
                precision='bfloat16' if self.uses_bfloat16 else 'float32')
            if self.progress:
                progress['lines'].append(f'{self.progress.line}\n')
            if self.job.rank:
                continue        # process 0 writes for all
            if self.monitor:    # first: the checkpoint says that it was done
                self.keep_best(checkpoints.folder / 'best.safetensors',
                               progress)
            checkpoints.save(self, progress)
        self.seed_all(progress['seed'] + self.max_epochs)

    def keep_best(self, path: Path, progress: dict[str, Any]) -> None:
        """Write the weights if `monitor` is better than what they had before.

        What can't be kept is told; training goes on. `progress`: gets what
        the file holds.
        """
        monitor, [*_, means] = str(self.monitor), [{}, *self.history]
        if not isinstance(means.get(monitor), Real):
            names = [name for name, value in means.items()
                     if isinstance(value, Real)]
            self.tell(f'The best weights are not kept: monitor={monitor!r} '
                      f'is no number in history, which has '
                      f'{", ".join(names) or "none"}.', 'monitor')
            return
        value = float(means[monitor])
        best = progress.get('best', {})
        if best.get('monitor') != monitor:
            if self.epoch:      # the weights of before are gone
                self.tell(f'{path} begins with epoch {self.epoch + 1}.',
                          'best')
            best = {'value': np.nan}
        is_loss = 'loss' in monitor or 'error' in monitor
        if np.isnan(value) or (value >= best['value'] if is_loss else
                               value <= best['value']):
            return
        try:
            self.save_weights(path)
        except (OSError, ValueError) as error:  # of a model from scratch
            self.tell(f'The best weights are not kept: {error}', 'monitor')
        else:
            progress['best'] = {'monitor': monitor, 'value': value}

    def seed_all(self, seed: int) -> None:
        """Seed all random numbers: Python's, NumPy's, the framework's."""
        random.seed(seed)
        np.random.seed(seed % 2**32)
        self.seed(seed)

    @property
    def uses_bfloat16(self) -> bool:
        """Tell whether layers compute in bfloat16, so that results are rough.

        Only classifiers may be rounded so without being asked: a regression
        wants the digits.
        """
        return self.precision == 'bfloat16' or (
            self.precision == 'auto' and hasattr(self.model, 'accuracy')
            and self.has_native_bfloat16())

    def has_native_bfloat16(self) -> bool:
        """Tell whether this framework gains by bfloat16 on this hardware."""
        return False

    def limit_epochs(self) -> None:
        """Shorten the run to $D2L_MAX_EPOCHS epochs, if set."""
        n = positive_number('D2L_MAX_EPOCHS', 'epochs')
        if n and n < self.max_epochs:
            print(f'D2L_MAX_EPOCHS={n}: {n} of {self.max_epochs} epochs.')
            self.max_epochs = n

    def limit_batches(self) -> None:
        """Shorten the run to $D2L_FAST_DEV_RUN batches of an epoch, if set."""
        n = positive_number('D2L_FAST_DEV_RUN', 'batches')
        if not n:
            return
        self.max_epochs = min(1, self.max_epochs)
        self.num_train_batches = min(n, self.num_train_batches)
        self.num_val_batches = min(n, self.num_val_batches)
        print(f'D2L_FAST_DEV_RUN={n}: a trial run of one epoch with '
              f'{self.num_train_batches} training and '
              f'{self.num_val_batches} validation batches.')

    def prepare_data(self, data: DataModule) -> None:
        """Make the loaders."""
        self.train_dataloader = cast(Batches, data.train_dataloader())
        self.val_dataloader = cast(Batches | None, data.val_dataloader())
        self.num_train_batches = len(self.train_dataloader)
        self.num_val_batches = (len(self.val_dataloader)
                                if self.val_dataloader is not None else 0)
        checks.check_examples(self, data)
        for loader in self.train_dataloader, self.val_dataloader:
            if self.gpus and isinstance(loader, BatchLoader):
                loader.place(self.to_device)

    def prepare_model(self, model: Any) -> None:
        """Tie the model to this trainer."""
        model.trainer = self
        model.board.xlim = [0, self.epochs_before + self.max_epochs]
        model.board.drop_pending()
        self.model = model

    def prepare_steps(self) -> None:
        """Make ready what the steps need beyond model and optimizer."""

    def fast_layout(self) -> AbstractContextManager:
        """Return the context in which weights lie as layers read them fast."""
        return nullcontext()

    def prepare_batch(self, batch: Sequence) -> Sequence:
        """Return the batch on `device`."""
        return batch

    def fit_epoch(self) -> None:
        """Go through the training set, then through the validation set."""
        with self.fast_layout(), EpochProgress(
                f'epoch {self.epoch + 1}/{self.max_epochs}',
                self.num_train_batches + self.num_val_batches,
                hidden=self.job.rank > 0) as self.progress:
            self.set_training(True)
            for batch in islice(self.train_dataloader,
                                self.num_train_batches):
                self.run(self.train_step, batch)
                self.train_batch_idx += 1
            self.progress.end_training()
            self.watch_loss()
            if self.val_dataloader is None:
                return
            self.set_training(False)
            for batch in islice(self.val_dataloader, self.num_val_batches):
                self.run(self.validation_step, batch)
                self.val_batch_idx += 1

    def run(self, step: Callable, batch: Sequence) -> None:
        """Run one step and log what it returns."""
        prepared = self.prepared(batch)
        self.num_examples = self.job.num_examples or num_examples(prepared)
        with checks.known_labels(self, batch, prepared):
            logged = step(prepared) or {}
        for label, value in logged.items():
            self.log(label, value)
        if self.progress:
            self.progress.update(self.num_examples)
        self.watch_loss()

    def prepared(self, batch: Sequence) -> Sequence:
        """Return the batch on `device`; say what layers do not like in it."""
        batch = self.prepare_batch(batch)
        self.tell(checks.of_integer_images(batch))
        return batch

    def watch_loss(self) -> None:
        """Say so when the training loss is no number any more."""
        progress = self.progress
        if progress and progress.diverged and 'loss' not in self.told:
            step, value = progress.diverged
            step += self.epoch * self.num_train_batches + 1
            self.tell(checks.of_divergence(self, step, value), 'loss')

    def watch_weights(self) -> None:
        """Say so when weights are no numbers any more that were before."""
        for name in self.without_numbers() - self.never_numbers:
            self.tell(checks.of_weights(self, name), 'loss')

    def without_numbers(self) -> set[str]:
        """Return the names of the weights that hold NaN or infinity."""
        return {name for name, array in self.arrays().items()
                if not (name.startswith(('optim.', 'opt_state'))
                        or np.isfinite(array).all())}

    def tell(self, text: str | None, subject: str = 'images') -> None:
        """Print a line, if there is one, once a `fit` for each subject."""
        if text and subject not in self.told:
            self.told |= {subject}
            (self.progress.bar.write if self.progress else print)(text)

    def log(self, label: str, value: Any) -> None:
        """Draw `value`, a scalar, on the board, add it to the epoch's mean.

        `label`: its name, which begins with 'train_' or 'val_'.
        """
        if self.captured is not None:
            self.captured[label] = value
            return
        if label.startswith('train_'):
            x = (self.epochs_before
                 + self.train_batch_idx / self.num_train_batches)
            n = self.num_train_batches / self.model.plot_train_per_epoch
        else:
            x = self.epochs_before + self.epoch + 1
            n = self.num_val_batches / self.model.plot_valid_per_epoch
        self.model.board.xlabel = 'epoch'
        self.model.board.draw(x, value, label, every_n=max(1, int(n)),
                              weight=self.num_examples)
        if self.progress:
            self.progress.add(label, value, self.num_examples)

    @contextmanager
    def capture(self) -> Iterator[OrderedDict[str, Any]]:
        """Collect in a dict, in order, what a step logs; do not draw it.

        A compiled step runs its Python code only while it is traced: it
        returns this dict, and the values are logged after every run.
        """
        logged: OrderedDict = OrderedDict()     # JAX would sort a plain dict
        token = _captured.set(logged)
        try:
            yield logged
        finally:
            _captured.reset(token)

    @property
    def captured(self) -> OrderedDict[str, Any] | None:
        """What is being collected, else None."""
        return _captured.get()

    def traced(self, step: Callable) -> Callable:
        """Return `step` for a compiler: what can't be traced says so."""
        trainer = weakref.proxy(self)   # a compiler may keep what it traced

        @wraps(step)
        def traced(*args):
            trainer.is_tracing = True
            try:
                return step(*args)
            finally:
                trainer.is_tracing = False

        return traced


def num_examples(batch):
    """Return the length of the labels, 1 where a batch is of another kind.

    In a dict it is the length of the last value.
    """
    try:
        return len([*batch.values()][-1] if isinstance(batch, Mapping)
                   else batch[-1])
    except (TypeError, IndexError):
        return 1


def inputs_of(model: Any, batch: Any) -> list:
    """Return the arguments of `forward` that are in a batch.

    They are all but the last, which is the labels; the only one, where there
    are no labels; and of a dict what bears the names of `forward`'s
    parameters, else its first value.
    """
    if isinstance(batch, Mapping):
        names = inspect.signature(model.forward).parameters
        return [batch[name] for name in names if name in batch] or [
            *batch.values()][:1]
    return list(batch[:-1] or batch) if isinstance(
        batch, list | tuple) else [batch]


def positive_number(variable, of_what):
    """Return the number in an environment variable, or None if not set."""
    value = os.environ.get(variable)
    if not value:
        return None
    if not value.isdecimal() or int(value) == 0:
        raise ValueError(f'{variable}={value} must be a positive number of '
                         f'{of_what}, or unset.')
    return int(value)


class CompiledStep:
    """A step that is compiled, or runs eagerly where it can't be traced.

    `compiled`: the same step compiled; `untraceable`: the errors that it
    raises for Python code that needs concrete values.
    """

    def __init__(self, step, compiled, untraceable):
        self.step, self.untraceable = step, untraceable
        self.compiled, self.has_run = compiled, False

    def __call__(self, *args):
        """Run the step, compiled if it can be."""
        if self.compiled is None:
            return self.step(*args)
        try:
            result = self.compiled(*args)
        except self.untraceable as error:
            if self.has_run:
                raise
            reason = (str(error).strip() or type(error).__name__).splitlines()
            reason = reason[-1 if reason[0] == 'in user code:' else 0].strip()
        else:
            self.has_run = True
            return result
        result = self.step(*args)   # raises where the code itself is wrong
        self.compiled = None
        print(f'{self.step.__name__} cannot be compiled and runs eagerly, '
              f'which is slower: {reason}')
        return result
