"""Checkpoints: a training that was cut off goes on after its last epoch.

With `Trainer(checkpoint_dir=folder)`, every `fit` of the trainer writes what
it needs to go on after each epoch; with `resume=True` the same program started
again goes on from there, to the same weights, bit by bit. In the environment,
D2L_CHECKPOINT_DIR=folder does so with every `fit` of a program.
"""

import dataclasses
import hashlib
import itertools
import json
import os
import shutil
from collections.abc import Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from d2l.core.data import SyntheticRegressionData
from d2l.core.weights import the_first

try:
    import fcntl
except ModuleNotFoundError:     # on Windows nothing keeps others out
    fcntl = None    # type: ignore[assignment]

STATE, SUM = 'state.safetensors', 'SHA256SUMS'
KEPT = 2        # checkpoints: were the last broken, the one before is there
NO_MATTER = {   # arguments that may change: the same training goes on
    'max_epochs', 'num_gpus', 'root', 'num_workers', 'plot_train_per_epoch',
    'plot_valid_per_epoch', 'checkpoint_dir', 'resume', 'monitor',
    'sync_batch_norm'}


class Checkpoints:
    """The checkpoints of one `fit`, the n-th of the trainer or the program.

    The last ones are kept, `folder/fit-n/epoch-k`: the arrays that training
    changes as safetensors, whose metadata is the progress as JSON, and the
    SHA-256 of that file, as `sha256sum --check` reads it. `number`: n, or
    None to count the program's.
    """
    number = itertools.count(1)

    def __init__(self, folder, number=None):
        # The program may change its folder.
        self.folder = (Path(folder).expanduser().absolute()
                       / f'fit-{number or next(self.number)}')

    @contextmanager
    def reserved(self):
        """Keep other processes out of the folder.

        Raises OSError where it can't be made, RuntimeError where another
        process has it.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OSError(
                f'No checkpoint can be kept in {self.folder}: '
                f'{error.strerror}. Choose another folder.') from None
        if not fcntl:
            yield
            return
        handle = os.open(self.folder, os.O_RDONLY)
        held.add(handle)
        try:
            with suppress(OSError):     # of a file system without locks
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    raise RuntimeError(
                        f'Another process trains with its checkpoints in '
                        f'{self.folder}: wait until it ends, or choose '
                        f'another folder.') from None
            yield
        finally:
            held.discard(handle)
            os.close(handle)

    def check_empty(self):
        """Raise FileExistsError where a training has left its checkpoints."""
        if self.all():
            raise FileExistsError(
                f'{self.folder} holds the checkpoints of a training. To go '
                f'on from them, pass resume=True to the Trainer; to train '
                f'anew, choose another checkpoint_dir or remove the folder.')

    def save(self, trainer, progress):
        """Write a checkpoint whole, then remove the one before the last.

        What can't be written, on a full disk, is told; training goes on.
        """
        partial = self.folder / 'partial'
        epochs = progress['epochs']
        checkpoint = self.folder / f'epoch-{epochs}'
        content = save({name: np.asarray(array, order='C')
                        for name, array in trainer.arrays().items()},
                       {'progress': json.dumps(
                           progress, default=np.generic.item)})
        try:
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)
            write(partial / STATE, content)
            write(partial / SUM, checksum(content))
            sync(partial)
            shutil.rmtree(checkpoint, ignore_errors=True)   # a broken one
            partial.rename(checkpoint)
            sync(self.folder)
        except OSError as error:
            shutil.rmtree(partial, ignore_errors=True)
            print(f'The checkpoint {checkpoint} could not be written: '
                  f'{error.strerror}. The training goes on without it, and '
                  f'the next epoch tries again. Make room on the disk, or let '
                  f'the program write there.')
            return
        for before in [folder for folder in self.all()
                       if number_of(folder) <= epochs][KEPT:]:
            shutil.rmtree(before, ignore_errors=True)

    def load(self, trainer, program):
        """Set the trainer to the last whole checkpoint; return its progress.

        `program`: what `program_of` returned. Returns None where there is no
        checkpoint. Raises ValueError, and changes nothing, where it was
        written by another program.
        """
        skipped = False
        for folder in self.all():
            try:
                arrays, progress = read(folder)
            except ValueError as error:
                print(f'The checkpoint {folder} is skipped: {error}.')
                skipped = True
                continue
            trainer.build()
            rates = changed_rates(progress['program'], program)
            wrong = [*differences(
                         {**progress['program'], **dict.fromkeys(rates)},
                         {**program, **dict.fromkeys(rates)}),
                     *misfits(arrays, trainer.arrays())]
            if wrong:
                raise ValueError(
                    f'The checkpoint {folder} is of another training: '
                    f'{the_first(wrong)}. Nothing was changed. Start the '
                    f'program as it was, or choose another folder.')
            trainer.set_arrays(arrays)
            use_rates(trainer, rates)
            if skipped:
                print(f'The training goes on after epoch '
                      f'{progress["epochs"]}.')
            return progress
        if skipped:
            print('No checkpoint is whole: the training starts anew.')
        return None

    def all(self):
        """Return the folders of the checkpoints, the last one first."""
        return sorted((folder for folder in self.folder.glob('epoch-*')
                       if folder.name.removeprefix('epoch-').isdecimal()),
                      key=number_of, reverse=True)


held: set[int] = set()      # handles of folders that are locked


def release():
    """Let go of the locks: they are the parent's, and end when it does."""
    while held:
        os.close(held.pop())


if fcntl:
    # Worker processes of a loader may live on for seconds.
    os.register_at_fork(after_in_child=release)


def number_of(folder):
    """Return how many epochs a checkpoint holds."""
    return int(folder.name[len('epoch-'):])


def checksum(content):
    """Return the line that `sha256sum` writes."""
    return f'{hashlib.sha256(content).hexdigest()}  {STATE}\n'.encode()


def write(path, content):
    """Write bytes to a file, onto the disk."""
    with open(path, 'wb') as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync(folder):
    """Let the disk know which files a folder has."""
    if fcntl:
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def read(folder):
    """Return the arrays of a checkpoint by name, and its progress.

    Raises ValueError, which says why, where it is not whole.
    """
    try:
        if checksum((folder / STATE).read_bytes()) != (
                folder / SUM).read_bytes():
            raise ValueError(f'the SHA-256 of {STATE} is not that in {SUM}')
        with safe_open(folder / STATE, framework='np') as file:
            return ({name: file.get_tensor(name) for name in file.keys()},
                    json.loads(file.metadata()['progress']))
    except OSError as error:
        name = Path(error.filename or folder).name
        raise ValueError(f'{name}: {error.strerror}') from None
    except SafetensorError as error:
        raise ValueError(f'{STATE}: {error}') from None


def program_of(trainer, data):
    """Return what makes a training this one and no other, by name.

    Classes and arguments of model, optimizer and data, and the examples.
    """
    optimizer, numbers = trainer.optimizer_program()
    parts = {'model': arguments_of(trainer.model),
             'trainer': arguments_of(trainer), 'optimizer': numbers,
             'data': arguments_of(data)}
    program = {
        'model': type(trainer.model).__name__, 'optimizer': optimizer,
        'data': type(data).__name__,
        'training batches': trainer.num_train_batches,
        'validation batches': trainer.num_val_batches,
        **{f'{part}.{name}': described(value, trainer, part == 'data')
           for part, arguments in parts.items()
           for name, value in arguments.items() if name not in NO_MATTER}}
    # A program may draw synthetic data anew each time.
    if not isinstance(data, SyntheticRegressionData):
        for name, loader in [('training set', trainer.train_dataloader),
                             ('validation set', trainer.val_dataloader)]:
            program[name] = described(list(getattr(loader, 'arrays', ())),
                                      trainer, True)
    return json.loads(json.dumps(program))


def arguments_of(part):
    """Return the arguments of a model, a trainer or data by name."""
    if dataclasses.is_dataclass(part):      # as JAX's models are
        return {field.name: getattr(part, field.name)
                for field in dataclasses.fields(part)
                if field.init and field.name not in ('parent', 'name')}
    return getattr(part, 'hparams', {})


def described(value, trainer, by_content=False):
    """Return a value that JSON takes, equal in each run of a program.

    `by_content`: an array is known by its content, not by its shape alone.
    """
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Mapping):
        return {str(name): described(item, trainer, by_content)
                for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [described(item, trainer, by_content) for item in value]
    if hasattr(value, 'shape') and hasattr(value, 'dtype'):
        if not tuple(value.shape):
            return trainer.as_numpy(value).item()
        text = f'{value.dtype} {tuple(value.shape)}'
        if by_content:
            array = trainer.as_numpy(value)
            text += f' {hashlib.sha256(array.tobytes()).hexdigest()[:12]}'
        return text
    return getattr(value, '__qualname__', type(value).__qualname__)


def differences(saved, here):
    """Return what to say of the names whose values are not the same."""
    return [f'{name} is {saved.get(name)!r} there and {here.get(name)!r} here'
            for name in {**saved, **here}
            if saved.get(name) != here.get(name)]


def misfits(saved, here):
    """Return what to say of the arrays that are not of the same shape.

    What an optimizer keeps is made by its first step: it may be missing.
    """
    def shapes(arrays):
        return {name: f'{array.dtype} {array.shape}'
                for name, array in arrays.items()
                if name in here or not name.startswith('optim.')}

    return differences(shapes(saved), shapes(here))


def changed_rates(saved, here):
    """Return the learning rates that differ: name -> (saved, here)."""
    return {name: (saved[name], here[name]) for name in saved.keys() & here
            if name.endswith(('lr', 'learning_rate'))
            and saved[name] != here[name]
            and isinstance(saved[name], int | float)
            and isinstance(here[name], int | float)}


def use_rates(trainer, rates):
    """Let the trainer go on with the program's learning rates; say so."""
    optimizer = {name.partition('.')[2]: pair for name, pair in rates.items()
                 if name.startswith('optimizer.')}
    trainer.set_rates({name: here for name, (_, here) in optimizer.items()})
    said = [f'{name.rpartition(".")[2]}={here:g} instead of {saved:g}'
            for name, (saved, here) in (optimizer or rates).items()]
    if said:
        print(f'The training goes on with '
              f'{", ".join(dict.fromkeys(said))}.')
