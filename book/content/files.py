"""Put what was built in its place, whole: aside first, then swapped."""

import hashlib
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

import nbformat


def put_file(built: Path, path: Path) -> None:
    """Copy a file to a path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = aside(path)
    shutil.copy(built, new)
    new.replace(path)


def put_folder(folder: Path, parts: Mapping[str, Path]) -> None:
    """Make a folder of copies of others; '' names what it begins with."""
    new = empty(aside(folder))
    for name, part in parts.items():
        shutil.copytree(part, new / name, dirs_exist_ok=True)
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
    old = folder.with_suffix('.old')
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    new.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
