"""Put what was built in its place, whole: aside first, then swapped."""

import shutil


def put_file(built, path):
    """Copy a file to a path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix('.new')
    shutil.copy(built, new)
    new.replace(path)


def put_folder(folder, parts):
    """Make a folder of copies of others; '' names those that it begins with."""
    new = empty(folder.with_suffix('.new'))
    for name, part in parts.items():
        shutil.copytree(part, new / name, dirs_exist_ok=True)
    swap(folder, new)


def empty(folder):
    """Return the folder, made anew."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def swap(folder, new):
    """Put a new folder in the place of an old one."""
    old = folder.with_suffix('.old')
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    new.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
