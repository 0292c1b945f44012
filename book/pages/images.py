"""Images: they load late, keep their place, say what they show, have links."""

import re
from pathlib import Path

from docutils import nodes

POINTS = 4 / 3      # pixels a point


def setup(app):
    app.connect('doctree-read', describe)    # PDFs are made later
    return {'parallel_read_safe': True, 'parallel_write_safe': True}


def describe(app, doctree):
    for image in list(doctree.findall(nodes.image)):
        image['loading'] = 'lazy'
        svg = Path(app.srcdir, image['uri']).read_text(encoding='utf-8')
        for side in 'width', 'height':
            value, unit = re.findall(rf'\b{side}="([\d.]+)(pt)?"', svg)[0]
            image[side] = f'{float(value) * (POINTS if unit else 1):.0f}'
        caption = image.parent.next_node(nodes.caption)
        image['alt'] = (plain(caption.astext()) if caption
                        else '위의 코드가 그린 그림')
        if not caption and app.builder.name == 'latex':
            image['align'] = 'center'           # an output stays in its place,
            image.parent.replace_self(image)    # as a figure would not
    for figure in doctree.findall(nodes.figure):
        figure['ids'].reverse()     # its label, if any, names all of it


def plain(text):
    """Return text whose formulas can be read out."""
    return re.sub(r'\\\w+\{(\w+)\}', r'\1', text.replace(r'\times', '×'))
