"""Build the pages, with the notebooks that they offer."""

import time

from book.content.builder import Book, open_book
from book.content.files import put_folder
from book.formats.notebooks import write, write_colab
from book.pages import sphinx
from book.pages.references import References
from book.paths import COLAB, HTML


def html():
    """Build the pages, and say where they are and what they cost."""
    start = time.time()
    book = build_html()
    print(f'The book is in {HTML}/index.html: {len(book.sections)} pages, '
          f'{book.num_recorded} recordings used, '
          f'{book.num_executed} notebooks executed, '
          f'{time.time() - start:.0f} s.')


def build_html() -> Book:
    """Build pages and notebooks aside, and put them in place together."""
    book = open_book()
    pages = sphinx.build(book, 'html')
    write(book, References())
    write_colab(book)
    put_folder(HTML, {'': pages, 'notebooks': COLAB})
    return book
