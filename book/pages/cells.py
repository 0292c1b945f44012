"""The directive `cell`: code, and what it shows by MIME type.

Text becomes a literal block, an image a figure. HTML, which comes from
anywhere, is sanitised and well-formed; where there is no HTML, the plain text
that every output has stands for it.
"""

import json
import re
from pathlib import Path

import mistune
import nh3
from bs4 import BeautifulSoup
from docutils import nodes
from nbconvert.preprocessors import HighlightMagicsPreprocessor
from sphinx.util.docutils import SphinxDirective

from book.content.cells import file_of
from book.content.execution import ANSI
from book.words import say

TAGS = nh3.ALLOWED_TAGS - {'acronym', 'center', 'hgroup', 'map', 'area',
                           'rtc', 'strike', 'tt'} | {'tfoot'}    # obsolete
ATTRIBUTES = {'*': {'dir', 'lang', 'style', 'title'}, 'a': {'href'},
              'td': {'colspan', 'rowspan'}, 'ol': {'start'},
              'th': {'colspan', 'rowspan', 'scope'},
              'img': {'alt', 'height', 'src', 'width'}}
STYLES = {'background-color', 'color', 'font-style', 'font-weight',
          'text-align'}
magics = HighlightMagicsPreprocessor()
# What XML cannot hold: Unicode has a picture of each control character.
UNSEEN = {code: chr(0x2400 + code) for code in range(0x20)
          if chr(code) not in '\t\n'} | {0x7f: '\u2421'} | {
          code: '\ufffd' for code in (*range(0xd800, 0xe000), 0xfffe, 0xffff)}


def setup(app):
    app.add_directive('cell', Cell)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}


class Cell(SphinxDirective):
    """The code cell at that place, with all that it shows."""

    required_arguments = 1

    def run(self):
        path = file_of(Path(self.env.srcdir, self.env.docname))
        self.env.note_dependency(str(path))
        cell = json.loads(path.read_text('utf-8'))[self.arguments[0]]
        html = self.env.app.builder.format == 'html'
        return [*code(cell['source']), *(
            node for output in cell['outputs']
            for node in nodes_of(output, html))]


def code(source):
    """Return code as nodes; a magic in it is no error."""
    language = magics.which_magic_language(source) or 'python'
    return source.strip() and block('input', source, language=language,
                                    force=True)


def block(style, text, **attributes):
    """Return a literal block, in one of the PDF's styles for them."""
    return [nodes.raw('', rf'\diilbookstyle{style}cell', format='latex'),
            nodes.literal_block(text, text, **attributes)]


def nodes_of(output, html):
    """Return an output as nodes; `html`: whether the format is HTML's."""
    if image := output.get('image'):
        return [nodes.figure('', nodes.image(
            alt=say('drawn'), **image))]
    data = output.get('data', {})
    rich = ''.join(data.get('text/html', '')) or str(mistune.html(
        ''.join(data.get('text/markdown', ''))))
    if html and (rich := well_formed(rich)):
        return [nodes.raw('', f'<div class="output">{rich}</div>',
                          format='html')]
    if latex := ''.join(data.get('text/latex', '')).strip().strip('$'):
        return [nodes.math_block(latex, latex, nowrap=False, number=None)]
    text = '\n'.join(output.get('traceback', [])) or ''.join(
        output.get('text') or data.get('text/markdown')
        or data.get('text/plain', ''))
    text = plain(text).removesuffix('\n')
    return text and block('output', text, classes=['output'])


def plain(text: str) -> str:
    """Return text as a terminal leaves it, without colours.

    What a carriage return lets the next text overwrite is gone.
    """
    text = re.sub(r'\r+(?=\n|$)', '', ANSI.sub('', text))
    return re.sub(r'.*\r', '', text).translate(UNSEEN)


def well_formed(html: str) -> str:
    """Return HTML that runs nothing, loads nothing and is XML as well.

    It is empty where nothing of it would be seen.
    """
    clean = BeautifulSoup(nh3.clean(
        html.translate(UNSEEN), tags=TAGS, attributes=ATTRIBUTES,
        attribute_filter=local, filter_style_properties=STYLES,
        url_schemes={'data', 'http', 'https', 'mailto'}), 'html.parser')
    for image in clean('img'):
        if 'src' not in image.attrs:
            image.decompose()
        else:
            image.attrs.setdefault('alt', '')
    seen = clean.get_text(strip=True) or clean.img
    return clean.decode(formatter='minimal') if seen else ''


def local(tag, attribute, value):
    """Keep an image only in the page, and a link only out of it."""
    inside = value.startswith('data:image/')
    return value if attribute not in ('href', 'src') or inside == (
        tag == 'img') else None
