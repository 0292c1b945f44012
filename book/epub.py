"""Build the book as EPUB 3, one file a framework."""

import shutil
from pathlib import Path

from book.build import open_book
from book.provenance import NAMES

FOLDER = Path('_build/epub')


def build(tabs):
    """Write `_build/epub/d2l-resnet-ko-TAB.epub` for every tab."""
    for tab in tabs:
        book = open_book(tab)
        name = f'{book.config.project["name"]}-{tab}.epub'
        put(book.sphinx('epub') / name, FOLDER / name)
        print(f'The {NAMES[tab]} book is in {FOLDER / name}.')


def put(built, path):
    """Put a file in place, whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(built, path.with_suffix('.new'))
    path.with_suffix('.new').replace(path)
