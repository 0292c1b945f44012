"""Build the book as EPUB 3, one file a framework."""

import re
from pathlib import Path

from sphinx.builders.epub3 import Epub3Builder

from book.build import open_book
from book.files import put_file
from book.provenance import NAMES

FOLDER = Path('_build/epub')


def build(tabs):
    """Write `_build/epub/d2l-resnet-ko-TAB.epub` for every tab."""
    for tab in tabs:
        book = open_book(tab)
        name = f'{book.config.project["name"]}-{tab}.epub'
        put_file(book.sphinx('epub') / name, FOLDER / name)
        print(f'The {NAMES[tab]} book is in {FOLDER / name}.')


class Builder(Epub3Builder):
    """Sphinx's, for pages with MathML and images of Matplotlib."""

    def copy_image_files(self):
        super().copy_image_files()
        for svg in Path(self.outdir, self.imagedir).glob('*.svg'):
            # EPUB allows no DTD that lies elsewhere, and wants a path, even
            # that of a space, to have its `d`.
            text = re.sub(r'<!DOCTYPE[^>]*>', '', svg.read_text('utf-8'))
            text = re.sub(r'<path (?![^>]*\bd=)', '<path d="" ', text)
            svg.write_text(text, 'utf-8')

    def build_content(self):
        super().build_content()
        package = Path(self.outdir, 'content.opf')

        def with_property(item):
            has_math = '<math' in Path(self.outdir, item[1]).read_text('utf-8')
            return item[0] + ' properties="mathml"' * has_math

        package.write_text(re.sub(r'href="([^"]+)" media-type="application/'
                                  r'xhtml\+xml"(?! properties)',
                                  with_property,
                                  package.read_text('utf-8')), 'utf-8')


def setup(app):
    app.add_builder(Builder, override=True)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}
