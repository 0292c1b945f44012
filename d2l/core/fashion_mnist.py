"""Find or download Fashion-MNIST, check it, decode it with NumPy, resize it.

The data set is that of Xiao, Rasul and Vollgraf, arXiv:1708.07747, in the IDX
format of MNIST. A local copy is checked by its structure, so a smaller set in
the same format serves as well; a download is checked by its SHA-256.
"""

import errno
import functools
import gzip
import os
import shutil
import tempfile
import zlib
from collections.abc import Callable, Sequence
from numbers import Integral
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from d2l.core import hardware
from d2l.core.download import copy, download_file, made_folder, path_of
from d2l.core.progress import progress_bar

LABELS = ['t-shirt', 'trouser', 'pullover', 'dress', 'coat',
          'sandal', 'shirt', 'sneaker', 'bag', 'ankle boot']
PUBLISHERS = ['http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/',
              'https://storage.googleapis.com/tensorflow/tf-keras-datasets/']
DEBIAN = Path('/usr/share/datasets/fashion-mnist')
# What the publishers' .gz files hash to, and how many bytes they have.
SHA256 = {
    'train-images-idx3-ubyte':
    '3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84',
    'train-labels-idx1-ubyte':
    'a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845',
    't10k-images-idx3-ubyte':
    '346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073',
    't10k-labels-idx1-ubyte':
    '67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5'}
LENGTHS = dict(zip(SHA256, [26421880, 29515, 4422102, 5148], strict=True))
GZIP_RATIO = 1032   # at most, of bytes to those they are packed in
STREAMED_SHARE = 1/4    # of memory: what is larger is not read at once

Arrays = tuple[np.ndarray, np.ndarray]  # images and labels
Pair = tuple[int, int]      # height and width
Size = int | Pair


def load(root: str | PathLike) -> tuple[Arrays, Arrays]:
    """Return the training and the validation set.

    `root`: the folder looked in first, and downloaded to.

    Each set is a pair of uint8 arrays: images (number, height, width) and
    labels (number,). A file that takes more than a quarter of memory stays on
    disk, and each batch is read from there. Raises FileNotFoundError where
    the set is not found and cannot be downloaded, ValueError where a file is
    not what it should be, OSError where there is no room to unpack one.
    """
    folder = find(root) or download(path_of(root))
    paths = [_file(folder, name).resolve() for name in SHA256]
    return _decode(tuple((path, path.stat().st_mtime_ns) for path in paths))


def places(root: str | PathLike) -> list[Path]:
    """Return the folders in which the data set is looked for, in order."""
    folder, set_by_user = path_of(root), os.environ.get('D2L_DATA')
    return [folder, folder / 'FashionMNIST' / 'raw',    # torchvision's place
            *([path_of(set_by_user)] if set_by_user else []), DEBIAN]


def find(root: str | PathLike) -> Path | None:
    """Return the first folder that holds all four files, or None."""
    for folder in places(root):
        if all(_file(folder, name) for name in SHA256):
            return folder
    return None


def download(root: Path) -> Path:
    """Download the four files to `root` and return it."""
    try:
        with made_folder(root):
            for name in SHA256:
                if not _file(root, name):
                    download_file(root / f'{name}.gz', PUBLISHERS,
                                  LENGTHS[name], SHA256[name])
    except OSError as error:
        looked = ', '.join(str(folder) for folder in places(root))
        raise FileNotFoundError(
            f'Fashion-MNIST was not found in {looked}, and downloading it to '
            f'{root} failed ({error}). Either install it (Debian and Ubuntu: '
            f'apt install dataset-fashion-mnist), or put the four files '
            f'{", ".join(name + ".gz" for name in SHA256)} of '
            f'{PUBLISHERS[0]} into a folder and set D2L_DATA to it.') from None
    return root


@functools.lru_cache
def interpolation(old: Pair, new: Pair) -> tuple[np.ndarray, np.ndarray]:
    """Return the matrices that resize an image, from the left and right.

    `old`, `new`: height and width. The filter is PIL's and torchvision's: a
    triangle that is widened where the image shrinks, with half-pixel centres.
    """
    (height, width), (new_height, new_width) = old, new
    return (_interpolation(height, new_height),
            _interpolation(width, new_width).T)


def _interpolation(old, new):
    """Return the matrix (new, old) that resizes along one axis."""
    scale = old / new
    support = max(scale, 1)
    centres = (np.arange(new) + 0.5) * scale
    distances = (np.arange(old) + 0.5)[None, :] - centres[:, None]
    weights = np.maximum(1 - np.abs(distances) / support, 0)
    return (weights / weights.sum(1, keepdims=True)).astype(np.float32)


def resize(images: Any, size: Size,
           to_float32: Callable[[Any], Any] = lambda X: X.astype('float32'),
           matrices: Callable[[Pair, Pair], Any] = interpolation) -> Any:
    """Resize uint8 images bilinearly and scale them to [0, 1].

    `images`: (..., height, width), NumPy's or a tensor, and it is resized on
    its device; `size`: (height, width) or one number for both;
    `to_float32`: returns a tensor in that type; `matrices`: returns
    `interpolation` as tensors on the device. Returns float32.
    """
    X, old, new = to_float32(images) / 255, tuple(images.shape[-2:]), (
        check_size(size))
    if old == new:
        return X
    left, right = matrices(old, new)
    return (left @ X) @ right


def check_size(size: Size) -> Pair:
    """Return height and width. Raises ValueError where they are none."""
    pair = (size, size) if isinstance(size, int | Integral) else size
    if not (isinstance(pair, Sequence) and len(pair) == 2 and all(
            isinstance(n, Integral) and n > 0 for n in pair)):
        raise ValueError(f'resize={size!r} must be a number of pixels or two, '
                         f'height and width, such as (96, 96).')
    height, width = pair
    return int(height), int(width)


def _file(folder, name):
    """Return the plain or gzipped file in `folder`, or None."""
    return next((file for file in (folder / name, folder / f'{name}.gz')
                 if os.path.isfile(file)), None)    # not where it can't look


@functools.lru_cache(maxsize=1)
def _decode(dated):
    """Decode the four files once; `dated`: pairs of path and time."""
    paths = [path for path, _ in dated]
    arrays = [_read(file) for file in paths]
    for X, y, images, labels in [(*arrays[:2], *paths[:2]),
                                 (*arrays[2:], *paths[2:])]:
        if len(X) != len(y):
            raise ValueError(f'{images} holds {len(X)} images, but {labels} '
                             f'{len(y)} labels. Replace the two files.')
        if y.max() >= len(LABELS):
            raise ValueError(
                f'{labels}: label {y.max()} at position {y.argmax()}, but '
                f'labels run from 0 to {len(LABELS) - 1}. Replace the file.')
    for array in arrays:
        array.flags.writeable = False       # shared by all who load it
    return tuple(arrays[:2]), tuple(arrays[2:])


def _read(file):
    """Decode one IDX file of unsigned bytes, plain or gzipped."""
    def bad(what):
        return ValueError(f'{file} is not a Fashion-MNIST file: {what}. '
                          f'Replace it, or delete it to download it anew.')

    def follow(number):
        return bad(f'its header announces {size} bytes of shape {shape}, '
                   f'but {number} follow')

    num_axes = 3 if 'images' in file.name else 1
    magic = bytes([0, 0, 8, num_axes])      # 8: unsigned bytes
    start = 4 + 4 * num_axes
    packed = file.suffix == '.gz'
    try:
        with gzip.open(file) if packed else open(file, 'rb') as content:
            header = content.read(start)
            if header[:4] != magic or len(header) < start:
                raise bad(f'it begins with the bytes '
                          f'{header[:4].hex() or "none"}, not {magic.hex()}')
            shape = tuple(np.frombuffer(header, '>u4', offset=4).tolist())
            size = int(np.prod(shape, dtype=object))
            most = (file.stat().st_size * GZIP_RATIO if packed
                    else file.stat().st_size - start)
            if size > most:
                raise follow(f'at most {most}')
            if size <= STREAMED_SHARE * hardware.num_bytes():
                pixels = np.frombuffer(content.read(size + 1), np.uint8)
            else:
                with (_unpack(content, start + size + 1) if packed
                      else content) as whole:
                    pixels = _map(whole, start)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise bad(f'it cannot be decompressed ({error})') from None
    if 0 in shape:
        raise bad(f'its shape {shape} holds nothing')
    if len(pixels) != size:
        raise follow('more' if len(pixels) > size else len(pixels))
    return pixels.reshape(shape)


def _unpack(content, most):
    """Return a file without a name that holds a gzipped one, up to `most`."""
    folder = tempfile.gettempdir()
    if most > shutil.disk_usage(folder).free:
        raise OSError(errno.ENOSPC, f'{content.name} unpacks to {most} bytes, '
                      f'more than are free in {folder}. Make room there, or '
                      f'set TMPDIR to a folder that has it')
    unpacked = tempfile.TemporaryFile()
    content.seek(0)
    with progress_bar(desc='unpacking', unit='B', unit_scale=True) as bar:
        copy(content, unpacked, bar, most)
    unpacked.flush()
    return unpacked


def _map(file, start):
    """Return what follows the header; the system reads what is looked at."""
    if os.fstat(file.fileno()).st_size <= start:    # nothing can be mapped
        return np.empty(0, np.uint8)
    return np.memmap(file, np.uint8, 'r', offset=start)
