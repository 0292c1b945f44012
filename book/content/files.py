"""Put what was built in its place, whole: aside first, then swapped."""

import ctypes
import hashlib
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from zipfile import ZipFile, ZipInfo

import nbformat


def put_file(built: Path, path: Path) -> None:
    """Copy a file to a path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = aside(path)
    shutil.copy(built, new)
    new.replace(path)


def put_folder(folder: Path, parts: Mapping[str, Path]) -> None:
    """Make a folder of copies of others; '' names what it begins with.

    Sphinx's note on how it was called, which differs by folder, stays out.
    """
    new = empty(aside(folder))
    for name, part in parts.items():
        shutil.copytree(part, new / name, dirs_exist_ok=True,
                        ignore=shutil.ignore_patterns('.buildinfo'))
    swap(folder, new)


def write_notebook(nb: nbformat.NotebookNode, path: Path) -> None:
    """Write a notebook unless it stands there already."""
    write(path, nbformat.writes(nb).encode())


def write(path: Path, content: bytes) -> None:
    """Write a file unless it stands there already, so that its time tells."""
    if not path.exists() or path.read_bytes() != content:
        path.parent.mkdir(parents=True, exist_ok=True)
        new = aside(path)
        new.write_bytes(content)
        new.replace(path)


def keep(folder: Path, paths: Iterable[Path]) -> None:
    """Remove all pages from a folder but those at the paths."""
    pages = {*folder.rglob('*.ipynb'), *folder.rglob('*.rst')}
    for path in pages - {*paths}:
        path.unlink()


def aside(path: Path) -> Path:
    """Return where something is built before it is put at a path."""
    return path.with_suffix('.new')


def empty(folder: Path) -> Path:
    """Return the folder, made anew."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def swap(folder: Path, new: Path) -> None:
    """Put a new folder in the place of an old one."""
    if exchange(folder, new):
        shutil.rmtree(new, ignore_errors=True)      # which is the old one now
        return
    old = folder.with_suffix('.old')
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    new.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def undate(archive: Path) -> None:
    """Write a zip file anew, without the times at which its files were made.

    So it is the same, to the byte, wherever it is made of the same files.
    """
    new = aside(archive)
    with ZipFile(archive) as dated, ZipFile(new, 'w') as undated:
        for file in sorted(dated.infolist(), key=lambda file: (
                file.filename != 'mimetype', file.filename)):   # EPUB's first
            entry = ZipInfo(file.filename)
            entry.compress_type = file.compress_type
            entry.external_attr = file.external_attr
            undated.writestr(entry, dated.read(file))
    new.replace(archive)


def exchange(path: Path, other: Path) -> bool:
    """Let two paths change places at once, if the system can: Linux.

    So whoever stops the program, one of the two is always there.
    """
    try:
        rename = ctypes.CDLL(None).renameat2
    except (AttributeError, TypeError):
        return False
    here, at_once = -100, 2     # AT_FDCWD, RENAME_EXCHANGE
    return not rename(here, os.fsencode(path), here, os.fsencode(other),
                      at_once)


def sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
