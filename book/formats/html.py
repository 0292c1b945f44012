"""Build the pages, with the notebooks that they offer."""

import time
from pathlib import Path

from book.content.builder import Book, open_book
from book.content.files import put_folder
from book.formats.notebooks import write, write_colab
from book.pages import sphinx
from book.pages.data import write_data
from book.pages.references import References
from book.paths import COLAB, HTML


def html():
    """Build the pages, and say where they are and what they cost."""
    start = time.time()
    book = build_html()
    print(f'{len(book.sections)} pages, {book.num_recorded} recordings used, '
          f'{book.num_executed} notebooks executed, '
          f'{time.time() - start:.0f} s.\n'
          f'The book is in {HTML}/index.html; `make serve` shows it at an '
          'address.')


def build_html() -> Book:
    """Build pages and notebooks aside, and put them in place together."""
    book = open_book()
    pages = sphinx.build(book, 'html')
    write(book, References())
    write_colab(book)
    put_pages(HTML, pages)
    return book


def put_pages(folder: Path, pages: Path, **others: Path) -> None:
    """Put pages in place, with the notebooks that they offer."""
    for notebook in COLAB.rglob('*.ipynb'):
        name = notebook.relative_to(COLAB).as_posix()
        write_data(pages, f'notebooks/{name}', notebook.read_text('utf-8'))
    put_folder(folder, {'': pages, 'notebooks': COLAB, **others})
