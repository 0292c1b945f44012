"""Build the book as EPUB 3, one file a framework."""

from book.config import Config
from book.content.builder import open_book
from book.content.files import put_file, undate
from book.formats import ebook
from book.formats.ebook import cover
from book.frameworks import FRAMEWORKS
from book.pages import sphinx
from book.paths import EPUB


def epub(tab=None):
    """Write the EPUB of a framework, or of each, into `_build/epub`."""
    for each in [tab] if tab else Config.read().tabs:
        book = open_book(each)
        name = f'{book.about.name}-{each}.epub'
        cover.write(book.about, FRAMEWORKS[each], 'png')
        folder = sphinx.build(book, 'epub', configuration=ebook.FOLDER)
        undate(folder / name)
        put_file(folder / name, EPUB / name)
        print(f'The {FRAMEWORKS[each].name} book is in {EPUB / name}.')
