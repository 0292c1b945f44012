"""Sphinx's builder of EPUB 3, for MathML and Matplotlib's images."""

from pathlib import Path
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
            page = Path(self.outdir, item.getAttribute('href'))
            if (item.getAttribute('media-type') == 'application/xhtml+xml'
                    and not item.hasAttribute('properties') and BeautifulSoup(
                        page.read_bytes(), 'html.parser').math):
                item.setAttribute('properties', 'mathml')
        path.write_bytes(package.toxml(encoding='utf-8'))


def setup(app):
    app.add_builder(Builder, override=True)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}
