"""Code as nodes, and what it shows, by MIME type.

Text becomes a literal block, an image a figure. Where there is no HTML, the
plain text that every output has stands for it.
"""

import base64
import io
import tokenize
from collections.abc import Iterable, Iterator
from pathlib import Path

from docutils import nodes
from markdown_it import MarkdownIt
from nbconvert.preprocessors import HighlightMagicsPreprocessor
from nbformat import NotebookNode
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

from book.content.execution import ANSI, overwritten
from book.content.files import write
from book.content.lib import without_magics
from book.content.provenance import Provenance
from book.content.safe import UNSEEN, well_formed
from book.words import say

IMAGES = {'image/svg+xml': 'svg', 'image/png': 'png', 'image/jpeg': 'jpeg',
          'image/webp': 'webp', 'image/gif': 'gif'}     # the best first
# What controls, or ends lines, in some program and not in others.
ENDS = dict.fromkeys(range(0x80, 0xa0), '\ufffd') | dict.fromkeys(
    (0x85, 0x2028, 0x2029), '\u240a')
MARKDOWN = MarkdownIt('commonmark').enable(['table', 'strikethrough'])
magics = HighlightMagicsPreprocessor()


def shown(cells: Iterable[NotebookNode]) -> Iterator[NotebookNode]:
    """Yield cells without what d2lbook's marks, as #@hide_output, hide."""
    hide_all = False
    for cell in cells:
        if cell.cell_type == 'code':
            marks = marks_of(cell.source)
            hide_all = hide_all or 'hide_all' in marks
            if hide_all or marks & {'hide', 'hide_output', 'hide_outputs'}:
                cell.outputs = []
            if hide_all or marks & {'hide', 'hide_code'}:
                cell.source = ''
        yield cell


def marks_of(source: str) -> set[str]:
    """Return the marks in the comments of code: #@hide, or # hide outputs."""
    try:
        tokens = [*tokenize.generate_tokens(io.StringIO(
            without_magics(source)).readline)]
    except (SyntaxError, tokenize.TokenError):
        return set()
    comments = [token.string.lstrip('#').strip().lower() for token in tokens
                if token.type == tokenize.COMMENT]
    return ({comment[1:].partition(' ')[0] for comment in comments
             if comment.startswith('@')}
            | {comment.replace(' ', '_') for comment in comments
               if comment in ('hide outputs', 'hide code')})


def code(source: str) -> list[nodes.Node]:
    """Return code as nodes; a magic in it is no error."""
    if not source.strip():
        return []
    return block('input', source, force=True,
                 language=magics.which_magic_language(source) or 'python')


def language(info: str) -> str:
    """Return the language that a fence names, if it is one to highlight."""
    name = info.strip('{} .').partition(' ')[0]
    try:
        get_lexer_by_name(name)
    except ClassNotFound:
        return 'none'
    return name


def block(style, text, **attributes):
    """Return a literal block, in one of the PDF's styles for them."""
    return [nodes.raw('', rf'\diilbookstyle{style}cell', format='latex'),
            nodes.literal_block(text, text, **attributes)]


def nodes_of(output: NotebookNode, path: Path, html: bool
             ) -> list[nodes.Node]:
    """Return an output as nodes.

    `path`: where its image is put, without suffix; `html`: whether the format
    is HTML's.
    """
    data = output.get('data', {})
    if kind := next((kind for kind in IMAGES if kind in data), None):
        return [nodes.figure('', image(data[kind], kind, path, output.get(
            'metadata', {}).get(kind, {})))]
    rich = ''.join(data.get('text/html', '')) or MARKDOWN.render(
        ''.join(data.get('text/markdown', '')))
    if html and (rich := well_formed(rich)):
        return [nodes.raw('', f'<div class="output">{rich}</div>',
                          format='html')]
    if latex := ''.join(data.get('text/latex', '')).strip().strip('$'):
        return [nodes.math_block(latex, latex, nowrap=False, number=None)]
    text = '\n'.join(output.get('traceback', [])) or ''.join(
        output.get('text') or data.get('text/markdown')
        or data.get('text/plain', ''))
    text = plain(text).removesuffix('\n')
    return block('output', text, classes=['output']) if text else []


def image(content: str, kind: str, path: Path, size: dict) -> nodes.image:
    """Return an image of a kind, whose file is written."""
    content = ''.join(content)
    path = path.with_name(f'{path.name}.{IMAGES[kind]}')
    write(path, content.encode() if kind == 'image/svg+xml'
          else base64.b64decode(content))
    return nodes.image(uri=path.name, alt=say('drawn'), **{
        side: str(size[side]) for side in ('width', 'height')
        if side in size})


def provenance(record: Provenance) -> list[nodes.Node]:
    """Return the record of a training as nodes."""
    line = nodes.paragraph('', record.line, classes=['provenance'])
    if not record.warning:
        return [line]
    title, text = record.warning
    return [nodes.admonition('', nodes.title('', title),
                             nodes.paragraph('', text),
                             classes=['warning']), line]


def plain(text: str) -> str:
    """Return text as a terminal leaves it, without colours."""
    return overwritten(ANSI.sub('', text)).translate(UNSEEN | ENDS)
