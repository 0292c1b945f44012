"""Images: they load late, keep their place, say what they show, have links.

Their size is what their file says, SVG or any that Pillow reads.
"""

import os
import re
import shutil
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

from docutils import nodes
from PIL import Image, UnidentifiedImageError
from sphinx.transforms import SphinxTransform
from sphinx.util import logging

from book.content.formulas import spoken
from book.paths import ROOT

UNITS = {'': 1, 'px': 1, 'pt': 4 / 3, 'pc': 16, 'in': 96, 'cm': 96 / 2.54,
         'mm': 96 / 25.4, 'em': 16, 'rem': 16, 'ex': 8}     # in pixels
LENGTH = re.compile(r'\s*([\d.]+(?:e[+-]?\d+)?)\s*([a-z]*)\s*$', re.IGNORECASE)
SIZE = 300, 150     # of an SVG that says nothing, in browsers
logger = logging.getLogger(__name__)


def setup(app):
    app.add_transform(Find)
    app.connect('doctree-read', measure)    # PDFs are made later
    app.connect('doctree-resolved', describe)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}


class Find(SphinxTransform):
    """Find the files, which may have blanks in their names, in any folder."""

    default_priority = 100      # before Sphinx collects them

    def apply(self, **_):
        folder = Path(self.env.srcdir, self.env.docname).parent
        for image in self.document.findall(nodes.image):
            if '://' in image['uri']:
                continue
            image['uri'] = unquote(image['uri'])
            path = Path(os.path.normpath(folder / image['uri']))
            source = ROOT / os.path.relpath(path, self.env.srcdir)
            if source.is_file():    # d2lbook copies only some folders
                path = path.with_name(path.name.replace(' ', '_'))
                image['uri'] = os.path.relpath(path, folder)
                path.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, path)
                self.env.note_dependency(str(source))
            if (self.app.builder.name == 'latex' and path.is_file()
                    and path.suffix in ('.gif', '.webp')):
                Image.open(path).convert('RGBA').save(path.with_suffix('.png'))
                image['uri'] = str(Path(image['uri']).with_suffix('.png'))


def measure(app, doctree):
    for image in list(doctree.findall(nodes.image)):
        image['loading'] = 'lazy'
        path = Path(app.srcdir, image['uri'])
        if path.is_file():      # else Sphinx has warned
            try:
                place(image, *size_of(path))
            except ValueError as error:
                logger.warning('%s is no image: %s', image['uri'], error,
                               location=image)
        if (app.builder.name == 'latex' and not caption_of(image)
                and isinstance(image.parent, nodes.figure)):
            image['align'] = 'center'           # an output stays in its place,
            image.parent.replace_self(image)    # as a figure would not


def place(image, width, height):
    """Give an image its size in pixels, or the one that its author chose."""
    chosen = LENGTH.match(image.get('width', f'{width}'))
    if chosen and chosen[2] in UNITS:
        wide = float(chosen[1]) * UNITS[chosen[2]]
        if 'width' in image or 'height' not in image:
            height, width = height * wide / width, wide
            image['width'] = f'{width:.0f}'
            image['height'] = f'{height:.0f}'


def size_of(path: Path) -> tuple[float, float]:
    """Return width and height of an image in pixels.

    Raises ValueError for a file that is none.
    """
    try:
        with Image.open(path) as image:
            return image.size
    except UnidentifiedImageError:
        pass
    try:
        svg = ElementTree.parse(path).getroot()
    except ElementTree.ParseError as error:
        raise ValueError(str(error)) from None
    if svg.tag.rpartition('}')[2] != 'svg':
        raise ValueError(f'its root is <{svg.tag}>')
    box = [*map(float, svg.get('viewBox', '').replace(',', ' ').split())]
    box = box[2:] or [*SIZE]
    sides = [LENGTH.match(svg.get(side, '')) for side in ('width', 'height')]
    width, height = (float(side[1]) * UNITS.get(side[2].lower(), 1)
                     if side else None for side in sides)
    if width is None and height is None:
        return box[0], box[1]
    return (width or (height or 0) * box[0] / box[1],
            height or (width or 0) * box[1] / box[0])


def describe(app, doctree, page):
    """Say what an image shows, once references in its caption have names."""
    for image in doctree.findall(nodes.image):
        caption = caption_of(image)
        image['alt'] = plain(caption) if caption else image.get('alt', '')


def caption_of(image):
    """Return the caption of the figure that an image is in, or None."""
    figure = image.parent
    return (figure.next_node(nodes.caption)
            if isinstance(figure, nodes.figure) else None)


def plain(node: nodes.Node) -> str:
    """Return the text of a node, whose formulas can be read out."""
    if isinstance(node, nodes.math):
        return spoken(node.astext())
    return node.astext() if isinstance(node, nodes.Text) else ''.join(
        map(plain, node.children))
