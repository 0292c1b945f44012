"""Files that are written whole or not at all."""

import contextlib
import glob
import os
import secrets
import time
from collections.abc import Iterator
from os import PathLike
from pathlib import Path

LONGEST = 3600      # seconds for which a file is written aside at most


@contextlib.contextmanager
def aside(path: str | PathLike) -> Iterator[Path]:
    """Yield a file beside `path`, which takes its place once it is written.

    Every process and thread has its own. None is left behind by a failure or
    an interruption; what a killed process left goes after an hour.
    """
    path = Path(path)
    for left in path.parent.glob(f'{glob.escape(path.name)}.*.partial'):
        with contextlib.suppress(OSError):      # another removed it first
            if time.time() - left.stat().st_mtime > LONGEST:
                left.unlink()
    partial = path.with_name(f'{path.name}.{secrets.token_hex(4)}.partial')
    try:
        yield partial
        with open(partial, 'rb+') as file:
            os.fsync(file.fileno())     # a rename may outrun the content
        partial.replace(path)
    finally:
        with contextlib.suppress(OSError):      # not there
            partial.unlink()


def write(path: str | PathLike, content: bytes) -> None:
    """Write a file whole, or raise OSError and leave what was there."""
    try:
        with aside(path) as partial:
            partial.write_bytes(content)
    except OSError as error:
        raise OSError(
            error.errno, f'{path} was not written ({error.strerror}), and '
            f'nothing was changed. Name a file in a folder that is there and '
            f'that you may write to; {len(content)} bytes need room') from None
