"""Sphinx's builder of EPUB 3, for MathML and Matplotlib's images."""

from pathlib import Path
from urllib.parse import unquote
from xml.dom import minidom

from bs4 import BeautifulSoup
from sphinx.builders.epub3 import Epub3Builder


class Builder(Epub3Builder):
    """Sphinx's, whose files are mended once they are written."""

    def copy_image_files(self):
        super().copy_image_files()
        for path in Path(self.outdir, self.imagedir).glob('*.svg'):
            # EPUB allows no DTD that lies elsewhere, and wants a path, even
            # that of a space, to have its `d`.
            svg = minidom.parse(str(path)).getElementsByTagName('svg')[0]
            for line in svg.getElementsByTagName('path'):
                if not line.hasAttribute('d'):
                    line.setAttribute('d', '')
            path.write_text(svg.toxml(), 'utf-8')

    def build_content(self):
        super().build_content()
        path = Path(self.outdir, 'content.opf')
        package = minidom.parse(str(path))
        for item in package.getElementsByTagName('item'):
            if item.getAttribute('href') == self.config.epub_cover[0]:
                item.setAttribute('properties', 'cover-image')
            page = Path(self.outdir, unquote(item.getAttribute('href')))
            if (item.getAttribute('media-type') == 'application/xhtml+xml'
                    and not item.hasAttribute('properties') and BeautifulSoup(
                        page.read_bytes(), 'html.parser').math):
                item.setAttribute('properties', 'mathml')
        path.write_bytes(package.toxml(encoding='utf-8'))


    def get_toc(self):
        """Name pages as their files are named, so that each is there once."""
        super().get_toc()
        for entry in self.refnodes:
            entry['refuri'] = unquote(entry['refuri'])


def write_as_xml(app, page, template, context, doctree):
    """Close what an author's HTML leaves open, such as <br>."""
    if 'body' in context:
        context['body'] = str(BeautifulSoup(context['body'], 'html.parser'))


def setup(app):
    app.add_builder(Builder, override=True)
    app.connect('html-page-context', write_as_xml)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}
