"""The base classes of data, and the data sets, for every framework."""

from abc import ABC, abstractmethod
from collections.abc import (
    Callable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
    Sized,
)
from functools import cached_property
from numbers import Integral
from typing import Any

import numpy as np

from d2l.core import cifar10, fashion_mnist, images
from d2l.core.fashion_mnist import Size
from d2l.core.hyperparameters import HyperParameters
from d2l.core.plotting import show_images

# A set that is larger is not kept on a GPU: a quarter of a small one's memory.
DEVICE_BYTES = 2**30


def mapped(function: Callable, batch: Any) -> Any:
    """Return a batch, however nested, with the function of each tensor."""
    if isinstance(batch, Mapping):
        return {name: mapped(function, part) for name, part in batch.items()}
    if isinstance(batch, list | tuple):
        return [mapped(function, part) for part in batch]
    return function(batch)


class BatchLoader:
    """Batches of arrays that are held in memory, or on a device.

    `arrays`: NumPy arrays (examples, ...) of the same length; `batch_size`:
    examples per batch, of which the last has the rest; `convert`: called with
    the rows of a batch, returns the batch; `get_seed`: where given, the rows
    are shuffled anew every epoch with a seed that it returns; `take`: where
    given, `convert` takes tensors on any device as well, and `take(tensor,
    rows)` returns some rows of one. Raises ValueError where `batch_size` is
    no positive number.
    """
    to_device: Callable[[np.ndarray], Any] = staticmethod(lambda rows: rows)
    on_device: Sequence | None = None   # the arrays, as tensors

    def __init__(self, arrays: Sequence[np.ndarray], batch_size: int,
                 convert: Callable, get_seed: Callable[[], int] | None = None,
                 take: Callable[[Any, Any], Any] | None = None):
        if not (isinstance(batch_size, int | Integral) and batch_size > 0):
            raise ValueError(f'batch_size={batch_size!r} must be a positive '
                             f'number of examples, such as 128.')
        self.arrays, self.batch_size = arrays, batch_size
        self.convert, self.get_seed, self.take = convert, get_seed, take
        self.part: Callable = lambda rows: rows     # that are loaded here

    def place(self, to_device: Callable[[np.ndarray], Any]) -> None:
        """Let batches be made on a device, where the set lies from now on.

        `to_device`: returns a NumPy array as a tensor there. Of a set that is
        too large, or that is read from a file, the rows of a batch are moved,
        as bytes. Where `convert` wants NumPy's arrays all stays as it is.
        """
        if not self.take:
            return
        self.to_device = to_device
        if (sum(array.nbytes for array in self.arrays) <= DEVICE_BYTES
                and not any(isinstance(a, np.memmap) for a in self.arrays)):
            self.on_device = [to_device(array) for array in self.arrays]

    @cached_property
    def labels(self) -> np.ndarray:
        """The labels that occur, each once."""
        return np.unique(np.asarray(self.arrays[-1]))

    @property
    def dataset(self) -> 'ArrayDataset':
        """The examples, in their order."""
        return ArrayDataset(self.arrays, self.convert)

    def __len__(self) -> int:
        return -(-len(self.arrays[0]) // self.batch_size)

    def __iter__(self) -> Iterator[Any]:
        order: Any = np.arange(len(self.arrays[0]))
        if self.get_seed:
            np.random.default_rng(self.get_seed()).shuffle(order)
        if self.on_device:      # once an epoch: a step moves nothing
            order = self.to_device(order)
        for start in range(0, len(order), self.batch_size):
            rows = self.part(order[start:start + self.batch_size])
            yield self.convert(*self.gather(rows))

    def gather(self, rows: Any) -> list:
        """Return some rows of every array, on the device if there is one."""
        if self.take and self.on_device:
            return [self.take(tensor, rows) for tensor in self.on_device]
        return [self.to_device(array[rows]) for array in self.arrays]


class ArrayDataset:
    """Examples; an item is one, converted, such as an image and its label.

    `arrays`: (examples, ...), of the same length; `convert`: called with one
    row of each, returns a batch of one.
    """

    def __init__(self, arrays: Sequence, convert: Callable):
        self.arrays, self.convert = arrays, convert

    def __len__(self) -> int:
        return len(self.arrays[0])

    def __getitem__(self, i: int) -> tuple:
        return tuple(part[0] for part in self.convert(
            *(array[i][None] for array in self.arrays)))


class DataModule(HyperParameters, ABC):
    """The base class of data.

    `root`: the folder of data files. `num_workers` is kept for D2L's sake:
    data that fits in memory needs no worker processes.
    """
    batch_size: int     # examples per batch; `get_tensorloader` reads it

    def __init__(self, root: str = '../data', num_workers: int = 4):
        self.save_hyperparameters()

    def get_dataloader(self, train: bool) -> Iterable:
        """Return an iterable of batches for training or for validation.

        Raises NotImplementedError where a data module does not define it.
        """
        raise NotImplementedError(
            f'{type(self).__name__} must define get_dataloader(train).')

    def train_dataloader(self) -> Iterable:
        """Return the batches to train on."""
        return self.get_dataloader(train=True)

    def val_dataloader(self) -> Iterable | None:
        """Return the batches to validate on, or None."""
        return self.get_dataloader(train=False)

    def get_tensorloader(self, tensors: Sequence, train: bool,
                         indices: slice = slice(0, None)) -> BatchLoader:
        """Return batches of the rows `indices` of `tensors`.

        `tensors`: (examples, ...), of the same length; `train`: shuffle the
        rows anew every epoch. There are `self.batch_size` rows per batch.
        """
        arrays = [self.to_rows(tensor)[indices] for tensor in tensors]
        return BatchLoader(arrays, self.batch_size, self.to_tensors,
                           self.get_seed if train else None)

    def to_tensors(self, *arrays: np.ndarray) -> tuple:
        """Turn NumPy arrays into the framework's."""
        return tuple(map(self.to_tensor, arrays))

    def to_rows(self, tensor: Any, /) -> Any:
        """Return a tensor as an array from which rows are taken."""
        return self.to_numpy(tensor)

    @staticmethod
    @abstractmethod
    def get_seed() -> int:
        """Return an integer drawn from the framework's random numbers."""

    @staticmethod
    @abstractmethod
    def to_tensor(array: np.ndarray, /) -> Any:
        """Return a NumPy array as a tensor of the framework."""

    @staticmethod
    @abstractmethod
    def to_numpy(tensor: Any, /) -> np.ndarray:
        """Return a tensor, or whatever NumPy takes, as a NumPy array."""

    @staticmethod
    @abstractmethod
    def take(tensor: Any, rows: Any, /) -> Any:
        """Return rows of a tensor; `rows`: their numbers, on its device."""

    @staticmethod
    @abstractmethod
    def cast(tensor: Any, dtype: str, /) -> Any:
        """Return a tensor in another type, such as 'float32'."""

    @staticmethod
    @abstractmethod
    def moveaxis(tensor: Any, source: int, destination: int, /) -> Any:
        """Return a tensor of which an axis has another place."""

    @staticmethod
    @abstractmethod
    def resized(images: Any, size: tuple[int, int], /) -> Any:
        """Resize a tensor of images on its device: `fashion_mnist.resize`."""


class ImageData(DataModule):
    """The base class of images with labels.

    `classes`: the names of the labels, in their order. Images of a batch are
    float32, (examples, channels, height, width) in PyTorch and MXNet,
    (examples, height, width, channels) in JAX and TensorFlow.
    """
    channel_axis: int   # of a batch of images
    label_dtype: str
    classes: Sequence[str]

    @property
    def num_classes(self) -> int:
        """The number of classes."""
        return len(self.classes)

    def to_batch(self, X: np.ndarray, labels: np.ndarray) -> tuple[Any, Any]:
        """Turn images (examples, height, width, channels) into a batch."""
        return (self.to_tensor(np.moveaxis(X, -1, self.channel_axis)),
                self.to_tensor(labels.astype(self.label_dtype)))

    def text_labels(self, indices: Iterable) -> list[str]:
        """Return the names of labels, integers from 0."""
        return [self.classes[int(i)] for i in indices]

    def visualize(self, batch: Sequence, nrows: int = 1, ncols: int = 8,
                  labels: Sequence[str] = []) -> None:
        """Show the first images of a batch, titled with their labels' names.

        `batch`: images and labels; `nrows`, `ncols`: of the grid; `labels`:
        other titles, one per image.
        """
        X, y = batch
        X = np.moveaxis(self.to_numpy(X), self.channel_axis, -1)
        show_images(X.squeeze(-1) if X.shape[-1] == 1 else X, nrows, ncols,
                    titles=labels or self.text_labels(y))


class ArrayImages(ImageData):
    """The base class of images that are held in memory, as bytes."""
    resize: Size
    train: Any
    val: Any

    def split(self, images: np.ndarray, labels: np.ndarray) -> Sized:
        """Return a set as it is kept in `train` and `val`."""
        return images, labels

    def get_dataloader(self, train: bool) -> BatchLoader:
        """Return batches of images and labels, shuffled for training."""
        split: Any = self.train if train else self.val
        # A subclass may have a `convert` that works with NumPy.
        is_own = (getattr(self.convert, '__func__', None)
                  is FashionMNIST.convert)
        return BatchLoader(getattr(split, 'arrays', split), self.batch_size,
                           self.convert, self.get_seed if train else None,
                           self.take if is_own else None)

    def convert(self, images: Any, labels: Any) -> tuple[Any, Any]:
        """Turn uint8 images (number, [3,] height, width) into a batch.

        Images and labels are NumPy arrays, or tensors: the batch is then made
        where they are.
        """
        X = self.resized(self.to_tensor(images),
                         fashion_mnist.check_size(self.resize))
        if len(images.shape) == 3:
            X = X[:, None]
        return (self.moveaxis(X, 1, self.channel_axis),
                self.cast(self.to_tensor(labels), self.label_dtype))


class FashionMNIST(ArrayImages):
    """Fashion-MNIST: 60000 training and 10000 validation images of clothing.

    `batch_size`: images per batch; `resize`: height and width in pixels;
    `root`: the folder looked in first, then $D2L_DATA and Debian's package
    `dataset-fashion-mnist`; where none holds it, it is downloaded to `root`.
    Batches are float32 images in [0, 1] and integer labels (examples,).
    Images are (examples, 1, height, width) in PyTorch and MXNet, (examples,
    height, width, 1) in JAX and TensorFlow. Raises OSError or ValueError
    where the data set cannot be had. Source: Xiao, Rasul and Vollgraf,
    arXiv:1708.07747.
    """
    classes = fashion_mnist.LABELS

    def __init__(self, batch_size: int = 64, resize: Size = (28, 28),
                 root: str = '../data'):
        super().__init__(root)
        self.save_hyperparameters()
        fashion_mnist.check_size(resize)
        self.train, self.val = (self.split(*arrays)
                                for arrays in fashion_mnist.load(root))


class CIFAR10(ArrayImages):
    """CIFAR-10: 50000 training and 10000 validation pictures of ten kinds.

    `root`: the folder looked in first, then $D2L_DATA; where neither holds
    the archive `cifar-10-binary.tar.gz` or what it unpacks to, it is
    downloaded to `root`; `batch_size`: pictures per batch; `resize`: height
    and width in pixels. Batches are float32 images in [0, 1] and integer
    labels (examples,). Images are (examples, 3, height, width) in PyTorch and
    MXNet, (examples, height, width, 3) in JAX and TensorFlow. Raises OSError
    or ValueError where the data set cannot be had. Source: Krizhevsky,
    "Learning multiple layers of features from tiny images" (2009).
    """
    classes = cifar10.LABELS

    def __init__(self, root: str = '../data', batch_size: int = 64,
                 resize: Size = (32, 32)):
        super().__init__(root)
        self.save_hyperparameters()
        fashion_mnist.check_size(resize)
        self.train, self.val = (self.split(*arrays)
                                for arrays in cifar10.load(root))


class ImageFolder(ImageData):
    """Pictures in folders, one a class: they are read when they are needed.

    `root`: holds `train/<class>/` and `val/<class>/`, as ImageNet does, or
    `<class>/` alone, of which a tenth of each class, the same each time, is
    the validation set; `batch_size`: pictures per batch; `resize`: height and
    width in pixels of what is cut from the middle of a picture; `num_workers`:
    threads that read batches. Batches are float32 images in [0, 1] and
    integer labels (examples,). Images are (examples, 3, height, width) in
    PyTorch and MXNet, (examples, height, width, 3) in JAX and TensorFlow. Grey
    and transparent pictures become RGB; a file that cannot be read is named
    and left out. Needs Pillow. Raises FileNotFoundError where there is no
    picture, ValueError where `val` has a class that `train` has not.
    """

    def __init__(self, root: str, batch_size: int = 64,
                 resize: Size = (224, 224), num_workers: int = 4):
        super().__init__(root, num_workers)
        self.save_hyperparameters()
        images.pillow()
        self.size = fashion_mnist.check_size(resize)
        self.classes, train, val = images.find(root)
        self.train, self.val = self.pictures(train), self.pictures(val)

    def pictures(self, files: Sequence[tuple[str, int]]) -> images.Pictures:
        """Return files with their labels as `train` and `val` have them."""
        paths, labels = zip(*files, strict=True)
        return images.Pictures(paths, np.array(labels), self.size, self.choose)

    def choose(self, width: int, height: int,
               random: np.random.Generator | None) -> tuple[images.Box, bool]:
        """Return the box of a picture that is taken, and if it is mirrored.

        `width`, `height`: of the picture; `random`: None for validation.
        """
        return images.centre(width, height, self.size), False

    def get_dataloader(self, train: bool) -> images.PictureLoader:
        """Return batches of images and labels, shuffled for training."""
        return images.PictureLoader(
            self.train if train else self.val, self.batch_size, self.convert,
            self.get_seed if train else None, self.num_workers)

    def convert(self, pixels: np.ndarray,
                labels: np.ndarray) -> tuple[Any, Any]:
        """Turn uint8 images (number, height, width, 3) into a batch."""
        return self.to_batch(np.divide(pixels, 255, dtype=np.float32), labels)


def fashion_mnist_loader(
        FashionMNIST: Callable[..., FashionMNIST]) -> Callable[..., tuple]:
    """Return `load_data_fashion_mnist` of a framework's `FashionMNIST`."""
    def load_data_fashion_mnist(
            batch_size: int, resize: Size | None = None,
            ) -> tuple[Iterable, Iterable | None]:
        """Return the training and the validation batches of `FashionMNIST`.

        `batch_size`: images per batch; `resize`: height and width in pixels,
        28 without it. Source: D2L 0.17, section "The Image Classification
        Dataset".
        """
        data = FashionMNIST(batch_size, resize or (28, 28))
        return data.train_dataloader(), data.val_dataloader()

    return load_data_fashion_mnist


class SyntheticRegressionData(DataModule):
    """Data of a linear model: y = Xw + b + noise.

    `w`: weights (inputs,) or (inputs, 1); `b`: bias; `noise`: its standard
    deviation; `num_train`, `num_val`: numbers of examples; `batch_size`:
    examples per batch. `X` is (examples, inputs), drawn from the standard
    normal distribution, and `y` (examples, 1). Source: D2L 1.0.3, section
    "Synthetic Regression Data".
    """

    def get_dataloader(self, train: bool) -> BatchLoader:
        """Return batches of X and y, shuffled for training."""
        i = slice(0, self.num_train) if train else slice(self.num_train, None)
        return self.get_tensorloader((self.X, self.y), train, i)
