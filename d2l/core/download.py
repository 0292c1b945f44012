"""Files of data sets: downloaded whole, in time, and checked."""

import contextlib
import hashlib
import multiprocessing
import textwrap
import urllib.request
from collections.abc import Iterator, Sequence
from http.client import HTTPException
from multiprocessing.pool import ThreadPool
from os import PathLike
from pathlib import Path

from d2l.core import files
from d2l.core.progress import progress_bar

TIMEOUT = 30    # seconds without a byte
DEADLINE = 900  # seconds that a file may take from one publisher


def path_of(folder: str | PathLike) -> Path:
    """Return the path of a folder, in which ~ is the user's."""
    return Path(folder).expanduser()


@contextlib.contextmanager
def made_folder(folder: Path) -> Iterator[None]:
    """Make a folder, and remove it if nothing came into it."""
    is_new = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    finally:
        if is_new:
            with contextlib.suppress(OSError):      # not empty, or not there
                folder.rmdir()


def download_file(file: Path, publishers: Sequence[str], length: int,
                  sha256: str) -> None:
    """Download `file` from the first publisher that has it whole.

    `publishers`: addresses that the file's name is appended to; `length`: in
    bytes. Raises OSError where none has it.
    """
    failures = []
    for publisher in publishers:
        url = publisher + file.name
        try:
            with files.aside(file) as partial:
                fetch(url, partial, length)
                found = hashlib.sha256(partial.read_bytes()).hexdigest()
                if found != sha256:
                    raise OSError(f'its SHA-256 is {found}')
            return
        # ValueError: an address or a header that is none.
        except (OSError, HTTPException, ValueError) as error:
            failures.append(textwrap.shorten(f'{url}: {error}', 300))
    raise OSError('; '.join(failures))


def fetch(url, file, length):
    """Download `length` bytes in time, or raise OSError."""
    def fetch():
        with urllib.request.urlopen(url, timeout=TIMEOUT) as response:
            return copy(response, target, bar, length + 1)

    # A thread: what a byte now and then keeps waiting can't look at the time.
    with (ThreadPool(1) as pool, open(file, 'wb') as target,
          progress_bar(desc=url.rpartition('/')[2], total=length, unit='B',
                       unit_scale=True) as bar):
        try:
            fetched = pool.apply_async(fetch).get(DEADLINE)
        except multiprocessing.TimeoutError:
            raise OSError(f'it took more than {DEADLINE} seconds') from None
    if fetched != length:
        raise OSError(f'it has {length} bytes, but '
                      f'{"more" if fetched > length else fetched} came')


def copy(source, target, bar, most):
    """Copy `most` bytes at most, and return how many it was."""
    copied = 0
    while chunk := source.read(min(1 << 16, most - copied)):
        target.write(chunk)
        copied += len(chunk)
        bar.update(len(chunk))
    return copied
