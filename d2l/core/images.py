"""Pictures in folders: listed, read when their batch is needed, in parallel.

Pillow decodes, and lets other threads run while it does. A picture of any kind
becomes RGB; a file that is none is named once, and left out of its batch.
"""

import hashlib
import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby, islice
from os import PathLike
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from d2l.core.progress import progress_bar

SUFFIXES = ('.jpg', '.jpeg', '.png', '.webp', '.bmp', '.gif', '.tif', '.tiff',
            '.ppm', '.pgm')
HELD_OUT = 10       # one of so many, where a folder has no validation set
ORIENTATION = 0x0112    # of a photograph, in EXIF
TURNED = 5          # and above: its width is the height that is seen

Box = tuple[float, float, float, float]     # left, top, right, bottom: pixels
Read = tuple[np.ndarray, np.ndarray, list[str]]     # images, labels, unread


def pillow() -> tuple[Any, Any]:
    """Return Pillow's Image and ImageOps, or say how to get them."""
    try:
        from PIL import Image, ImageOps
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            'Pillow reads the pictures, and is not installed: pip install '
            'pillow.', name='PIL') from None
    return Image, ImageOps


class Pictures:
    """Files of pictures with their labels; nothing is read before `read`.

    `files`: paths; `labels`: (files,), integers; `size`: height and width
    in pixels of what is read; `choose`: called with the width and the height
    of a picture and a random generator, or None for validation, returns the
    box of it that is taken and whether it is mirrored.
    """

    def __init__(self, files: Sequence[str], labels: np.ndarray,
                 size: tuple[int, int], choose: Callable):
        self.files, self.labels = files, labels
        self.size, self.choose = size, choose

    def __len__(self) -> int:
        return len(self.files)

    def read(self, rows: np.ndarray, seed: int | None = None) -> Read:
        """Return pictures (n, height, width, 3), uint8, and their labels.

        `rows`: which; `seed`: of the random choices, which depend on the row
        and not on who reads it, or None. The third is a line for each file
        that is no whole picture and not among the others.
        """
        images, labels, unread = [], [], []
        for row in rows:
            random = seed if seed is None else np.random.default_rng(
                (seed, int(row)))
            try:
                images.append(self.decode(self.files[row], random))
                labels.append(self.labels[row])
            except Exception as error:  # decoders raise whatever they like
                unread.append(f'{self.files[row]} is left out: '
                              f'{type(error).__name__}: {error}')
        return (np.array(images, np.uint8).reshape(-1, *self.size, 3),
                np.array(labels, np.int64), unread)

    def decode(self, file: str,
               random: np.random.Generator | None) -> np.ndarray:
        """Return the box of a picture that is chosen, in the wanted size."""
        Image, ImageOps = pillow()
        height, width = self.size
        with Image.open(file) as image:
            orientation = image.getexif().get(ORIENTATION, 1)
            turned = orientation >= TURNED
            whole = image.size[::-1] if turned else image.size
            box, mirrored = self.choose(*whole, random)
            # A JPEG decodes to 1/2, 1/4 or 1/8 of its size in less time.
            shrink = max(1, min((box[2] - box[0]) / width,
                                (box[3] - box[1]) / height))
            image.draft('RGB', tuple(int(n / shrink) for n in image.size))
            image.load()
            image = as_rgb(image)
            if orientation > 1:
                image = ImageOps.exif_transpose(image)
        x, y = (new / old for new, old in zip(image.size, whole, strict=True))
        image = image.resize(
            (width, height), Image.Resampling.BILINEAR,
            (box[0] * x, box[1] * y, box[2] * x, box[3] * y))
        pixels = np.asarray(image)
        return pixels[:, ::-1] if mirrored else pixels


def as_rgb(image: Any) -> Any:
    """Return a picture of any kind in RGB; what was transparent is white."""
    Image, _ = pillow()
    if image.mode.startswith('I'):      # 16 bits: Pillow would cut them off
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert('RGBA')
        white = Image.new('RGBA', image.size, 'white')
        image = Image.alpha_composite(white, image)
    return image if image.mode == 'RGB' else image.convert('RGB')


def centre(width: int, height: int, size: tuple[int, int],
           share: float = 1) -> Box:
    """Return the largest box of the shape of `size` in the middle.

    `width`, `height`: of the picture; `share`: of the box's sides that is
    taken, such as 224/256.
    """
    scale = share * min(width / size[1], height / size[0])
    w, h = size[1] * scale, size[0] * scale
    left, top = (width - w) / 2, (height - h) / 2
    return left, top, left + w, top + h


class PictureLoader:
    """Batches of pictures, which threads read ahead.

    `pictures`: what is read; `batch_size`: pictures per batch, of which the
    last has the rest; `convert`: called with images (n, height, width, 3) and
    labels, returns the batch; `get_seed`: where given, the pictures are
    shuffled anew every epoch, with a seed that it returns; `num_workers`:
    batches that are read at once. Raises ValueError for what is no positive
    number.
    """

    def __init__(self, pictures: Pictures, batch_size: int, convert: Callable,
                 get_seed: Callable[[], int] | None = None,
                 num_workers: int = 4):
        for name, value in (('batch_size', batch_size),
                            ('num_workers', num_workers)):
            if not (isinstance(value, int | np.integer) and value > 0):
                raise ValueError(f'{name}={value!r} must be a positive '
                                 f'number, such as 4.')
        self.pictures, self.batch_size = pictures, int(batch_size)
        self.convert, self.get_seed = convert, get_seed
        self.num_workers = int(num_workers)
        self.told: set[str] = set()     # files that were named
        self.part: Callable = lambda rows: rows     # that are read here

    @property
    def arrays(self) -> tuple[np.ndarray]:
        """The labels, by which a checkpoint knows the set."""
        return self.pictures.labels,

    def __len__(self) -> int:
        return -(-len(self.pictures) // self.batch_size)

    def rows(self) -> tuple[list[np.ndarray], int | None]:
        """Return the rows of each batch of an epoch, and the epoch's seed."""
        seed = self.get_seed() if self.get_seed else None
        order = np.arange(len(self.pictures))
        if seed is not None:
            np.random.default_rng(seed).shuffle(order)
        return [order[start:start + self.batch_size] for start in
                range(0, len(order), self.batch_size)], seed

    def read(self, rows: list[tuple]) -> Iterable[Read]:
        """Read batches in parallel, and yield them in their order.

        `rows`: pairs of a batch's rows and the epoch's seed.
        """
        left = iter(rows)
        with ThreadPoolExecutor(self.num_workers) as pool:
            ahead = deque(pool.submit(self.pictures.read, *batch)
                          for batch in islice(left, self.num_workers))
            try:
                while ahead:
                    read = ahead.popleft().result()
                    ahead.extend(pool.submit(self.pictures.read, *batch)
                                 for batch in islice(left, 1))
                    yield read
            finally:    # who stops early does not wait for the rest
                pool.shutdown(cancel_futures=True)

    def __iter__(self) -> Iterator[Any]:
        empty, unread = True, list[str]()
        rows, seed = self.rows()
        reads = self.read([(self.part(batch), seed) for batch in rows])
        for batch, (images, labels, unread) in zip(rows, reads, strict=True):
            num = len(self.part(batch))     # the job computes this one now
            # In a job only process 0 prints, but each has files of its own.
            self.tell(unread, sys.stderr if num < len(batch) else sys.stdout)
            if not len(labels) and num == len(batch):
                continue        # all of it was left out
            empty = False
            if num < len(batch):    # all processes have equally many
                images, labels = self.filled(images, labels, num)
            yield self.convert(images, labels)
        if empty and unread:
            raise ValueError(f'No file of {len(self.pictures)} is a picture: '
                             f'{unread[-1]}.')

    def tell(self, unread: Sequence[str], file: TextIO) -> None:
        """Name the files that could not be read, each once."""
        for line in unread:
            if line not in self.told:
                print(line, file=file, flush=True)
        self.told.update(unread)

    def filled(self, images: np.ndarray, labels: np.ndarray,
               num: int) -> tuple[np.ndarray, np.ndarray]:
        """Return so many pictures: the others stand in for an unread one.

        Raises ValueError where there is none.
        """
        if not len(labels):
            raise ValueError(f'None of {num} pictures of a batch can be read '
                             f'in this process: take the files that were '
                             f'named out of the folder.')
        stand_in = np.arange(num) % len(labels)
        return images[stand_in], labels[stand_in]


def find(root: str | PathLike) -> tuple[list[str], list, list]:
    """Return the classes of a folder, its training and validation files.

    `root`: holds `train/<class>/` and `val/<class>/`, or `<class>/` alone: of
    each class a tenth, chosen by the files' names, is then the validation
    set. Files are pairs of path and label, in the order of the names; folders
    in the folder of a class belong to it. Raises FileNotFoundError where
    there is no picture, ValueError where `val` has a class of its own.
    """
    root = Path(root).expanduser()
    if not root.is_dir():
        raise FileNotFoundError(
            f'{root} is no folder: name the one that holds a folder of '
            f'pictures a class, or train/ and val/ with these.')
    has_split = (root / 'train').is_dir() and (root / 'val').is_dir()
    classes = subfolders(root / 'train' if has_split else root)
    train = files_of(root / 'train' if has_split else root, classes)
    if has_split:
        strange = sorted({*subfolders(root / 'val')} - {*classes})
        if strange:
            raise ValueError(
                f'{root / "val"} has the class {strange[0]!r}, which '
                f'{root / "train"} has not: give both the same folders.')
        val = files_of(root / 'val', classes)
    else:
        train, val = split(root, train)
    if not train or not val:
        raise FileNotFoundError(
            f'{root} has {len(train)} pictures to train on and {len(val)} to '
            f'validate on. It holds a folder of pictures a class, or train/ '
            f'and val/ with these; their names end in {", ".join(SUFFIXES)}.')
    of_training = {label for _, label in train}
    for label, name in enumerate(classes):
        if label not in of_training:
            print(f'The class {name!r} has no picture to train on.')
    return classes, train, val


def subfolders(folder: Path) -> list[str]:
    """Return the names of the folders in a folder, in order."""
    return sorted(entry.name for entry in os.scandir(folder)
                  if entry.is_dir() and not entry.name.startswith('.'))


def files_of(folder: Path, classes: Sequence[str]) -> list[tuple[str, int]]:
    """Return the pictures in the folders of classes, with their labels."""
    found = []
    with progress_bar(desc=f'listing {folder.name}', total=len(classes),
                      unit='class') as bar:
        for label, name in enumerate(classes):
            found += sorted(
                (os.path.join(place, file), label) for place, _, files in
                os.walk(folder / name, followlinks=True) for file in files
                if file.lower().endswith(SUFFIXES)
                and not file.startswith('.'))
            bar.update()
    return found


def split(root: Path, files: list) -> tuple[list, list]:
    """Return the files to train on and those held out, the same each time.

    Of a class with two files or more at least one is held out, and at least
    one is not. Files are ordered by the hash of their names.
    """
    def place(file):
        name = Path(file[0]).relative_to(root).as_posix()
        return hashlib.sha256(name.encode()).digest()

    held_out = set()
    for _, of_class in groupby(files, key=lambda file: file[1]):
        ordered = sorted(of_class, key=place)
        if len(ordered) > 1:
            held_out.update(ordered[:-(-len(ordered) // HELD_OUT)])
    return ([file for file in files if file not in held_out],
            [file for file in files if file in held_out])
