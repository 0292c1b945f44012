"""Find or download CIFAR-10, check it, decode it with NumPy.

The data set is Krizhevsky's, "Learning multiple layers of features from tiny
images" (2009), in its binary version: records of a label and 3072 bytes, red,
green and blue, row by row. No pickle is read. As with Fashion-MNIST, a local
copy is checked by its structure, a download by its SHA-256.
"""

import functools
import os
import tarfile
import zlib
from os import PathLike
from pathlib import Path

import numpy as np

from d2l.core.download import download_file, made_folder, path_of

LABELS = ['airplane', 'automobile', 'bird', 'cat', 'deer',
          'dog', 'frog', 'horse', 'ship', 'truck']
ARCHIVE, FOLDER = 'cifar-10-binary.tar.gz', 'cifar-10-batches-bin'
PUBLISHERS = ['https://www.cs.toronto.edu/~kriz/']
SHA256 = 'c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd'
LENGTH = 170052171
TRAIN = [f'data_batch_{i}.bin' for i in range(1, 6)]
VAL = ['test_batch.bin']
SHAPE = 3, 32, 32
RECORD = 1 + 3 * 32 * 32
LONGEST = 10000 * RECORD    # bytes of a file

Arrays = tuple[np.ndarray, np.ndarray]  # images and labels


def load(root: str | PathLike) -> tuple[Arrays, Arrays]:
    """Return the training and the validation set.

    `root`: the folder looked in first, and downloaded to. Each set is a pair
    of uint8 arrays: images (number, 3, 32, 32) and labels (number,). Raises
    FileNotFoundError where the set is not found and cannot be downloaded,
    ValueError where a file is not what it should be.
    """
    place = find(root) or download(path_of(root))
    return _decode(place.resolve(), place.stat().st_mtime_ns)


def places(root: str | PathLike) -> list[Path]:
    """Return the folders in which the data set is looked for, in order."""
    set_by_user = os.environ.get('D2L_DATA')
    return [path_of(root), *([path_of(set_by_user)] if set_by_user else [])]


def find(root: str | PathLike) -> Path | None:
    """Return the unpacked folder or the archive, whichever is found first."""
    for place in places(root):
        if all(os.path.isfile(place / FOLDER / name) for name in TRAIN + VAL):
            return place / FOLDER
        if os.path.isfile(place / ARCHIVE):
            return place / ARCHIVE
    return None


def download(root: Path) -> Path:
    """Download the archive to `root` and return it."""
    try:
        with made_folder(root):
            download_file(root / ARCHIVE, PUBLISHERS, LENGTH, SHA256)
    except OSError as error:
        looked = ', '.join(str(folder) for folder in places(root))
        raise FileNotFoundError(
            f'CIFAR-10 was not found in {looked}, and downloading it to '
            f'{root} failed ({error}). Put {PUBLISHERS[0]}{ARCHIVE} into a '
            f'folder and set D2L_DATA to it.') from None
    return root / ARCHIVE


@functools.lru_cache(maxsize=1)
def _decode(place, _):
    """Decode the files once; the second argument is the time of `place`."""
    names = TRAIN + VAL
    if place.is_dir():
        contents = [(place / name).read_bytes() for name in names]
    else:
        contents = _unpack(place, names)
    parts = [_read(place / name, content)
             for name, content in zip(names, contents, strict=True)]
    sets = [[np.concatenate(arrays) for arrays in zip(*some, strict=True)]
            for some in (parts[:len(TRAIN)], parts[len(TRAIN):])]
    for images, labels in sets:
        images.flags.writeable = labels.flags.writeable = False     # shared
    return tuple(map(tuple, sets))


def _unpack(archive, names):
    """Return the contents of files in the archive, no more than they have."""
    try:
        with tarfile.open(archive) as packed:
            members = {Path(member.name).name: member for member in packed
                       if member.isfile()}
            missing = [name for name in names if name not in members]
            if missing:
                raise ValueError(f'{archive} has no {missing[0]}: replace '
                                 f'it, or delete it to download it anew.')
            return [packed.extractfile(members[name]).read(LONGEST + 1)
                    for name in names]
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise ValueError(f'{archive} cannot be unpacked ({error}): replace '
                         f'it, or delete it to download it anew.') from None


def _read(file, content):
    """Decode the records of one file."""
    if not content or len(content) % RECORD or len(content) > LONGEST:
        raise ValueError(
            f'{file} is not a file of CIFAR-10: it has {len(content)} bytes, '
            f'not a number of records of {RECORD}, up to {LONGEST}. Replace '
            f'it, or delete it to download it anew.')
    records = np.frombuffer(content, np.uint8).reshape(-1, RECORD)
    images, labels = records[:, 1:].reshape(-1, *SHAPE), records[:, 0]
    if labels.max() >= len(LABELS):
        raise ValueError(
            f'{file}: label {labels.max()} at position {labels.argmax()}, but '
            f'labels run from 0 to {len(LABELS) - 1}. Replace the file.')
    return images, labels
