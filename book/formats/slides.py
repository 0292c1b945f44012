"""Slides: a self-contained reveal.js deck a section and framework.

A slide shows what the marks `[**…**]` and `(**…**)` hold, a figure, or a code
cell with its outputs; the text around it becomes the speaker's notes.
"""

import base64
import html
import re
import statistics
from pathlib import Path

import mistune
from d2lbook import slides as d2lbook
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from book.content.builder import Book, open_book
from book.content.execution import ANSI
from book.content.files import aside, empty, swap
from book.content.provenance import Provenance
from book.formats.notebooks import HEADING, IMAGE, readable
from book.frameworks import FRAMEWORKS
from book.pages import sphinx
from book.pages.mathml import convert
from book.pages.references import References
from book.paths import SLIDES, deck

REVEAL = Path(__file__).with_name('reveal')
LINES = 18          # of code and output that a slide holds
LARGE = 12          # of them that it holds in a larger font
FIGURE = 12         # as many lines as a figure in an output is high
FORMULA = re.compile(r'\$\$(.+?)\$\$|\$(.+?)\$', re.DOTALL)
FORMATTER = HtmlFormatter(cssclass='code', style='a11y-high-contrast-light')
PAGE = '''<!doctype html>
<html lang="ko">
<head>
<meta charset="utf-8">
<title>{title} · {framework}</title>
<style>
{css}
</style>
</head>
<body>
<div class="reveal"><div class="slides">
{slides}
</div></div>
<script>{reveal}</script>
<script>{notes}</script>
<script>
Reveal.initialize({{width: 1280, height: 720, margin: 0, center: false,
  controls: false, hash: true, slideNumber: 'c/t', transition: 'none',
  plugins: [RevealNotes]}})
</script>
</body>
</html>
'''


def slides(tab=None):
    """Write the slides of every tab, or of one."""
    book = open_book()
    sphinx.build(book, 'html')      # which numbers what is referred to
    write(book, References(), [tab] if tab else None)
    print(f'The slides are in {SLIDES}.')


def write(book: Book, references: References,
          tabs: list[str] | None = None) -> None:
    """Write a deck of every section that has marks, in every tab."""
    new = empty(aside(SLIDES))
    for _, section, tab in book.notebooks(tabs):
        nb = book.read_executed(section, tab)
        if any(d2lbook._match_slide_marks(cell.source) for cell in nb.cells
               if cell.cell_type == 'markdown'):
            page = section.with_suffix('').as_posix()
            (new / deck(page, tab).name).write_text(
                str(Deck(nb, page, references, book.about.title,
                         FRAMEWORKS[tab].name)), encoding='utf-8')
    swap(SLIDES, new)


class Deck:
    """The slides of a notebook."""

    def __init__(self, nb, page, references, book, framework):
        self.page, self.references = page, references
        self.framework = framework
        self.slides, self.notes, self.lead, self.title = [], [], '', ''
        for cell in nb.cells:
            if cell.cell_type == 'code':
                self.add_code(cell)
                if record := Provenance.read(cell):
                    self.slides[-1][1] += provenance(record)
            else:
                for block in re.split(r'\n\n+', cell.source):
                    self.add_text(block)
        self.end_lead()
        first = self.slides[0]
        self.slides.insert(0, [
            'title', f'<h1>{inline(self.name)}</h1>'
            f'<p>{html.escape(book)} · {framework}</p>', first[2]])

    def add_text(self, block):
        """Take a paragraph into the notes, and what it marks onto a slide."""
        marks = [text for _, text in d2lbook._match_slide_marks(block)]
        for text in marks:      # as d2lbook's slides.remove_slide_marks
            block = re.sub(rf'[\[(]\*\*{re.escape(text)}\*\*[\])]',
                           lambda _: text, block)
        if heading := HEADING.match(block):
            self.end_lead()
            self.title = heading[2]
            if heading[1] == '#':
                self.name = self.title
        elif image := IMAGE.match(block):
            self.notes.append(block)
            path = Path('img', Path(image[2]).name)
            caption = self.references.name(
                self.page, 'numref', re.search(r'`(.+?)`', image[3])[1])
            self.add(f'<figure>{picture("svg+xml", path.read_bytes())}'
                     f'<figcaption>{caption}</figcaption></figure>')
        elif block:
            if marks:
                self.end_lead()
                self.lead = ' '.join(marks).rstrip('.')
            self.notes.append(block)

    def end_lead(self):
        """Show a marked sentence that no code follows."""
        if self.lead:
            self.add('')

    def add_code(self, cell):
        """Show code, on as many slides as it takes, and what it prints."""
        source = re.sub(r'\n?#@save\n|\s*#@save', '', cell.source).strip()
        outputs = [shown(output) for output in cell.outputs]
        size = sum(lines for _, lines in outputs)
        parts = split(source)
        for i, part in enumerate(parts):
            content, lines = (highlight(part, PythonLexer(), FORMATTER),
                              len(part.splitlines()))
            if i == len(parts) - 1 and outputs and lines + size < LINES:
                content += ''.join(output for output, _ in outputs)
                lines, outputs = lines + size, []
            self.add(content, 'large' if lines <= LARGE else '')
        while outputs:      # one at least, and what else a slide holds
            content, lines = '', 0
            while outputs and (not content or lines + outputs[0][1] <= LINES):
                output, height = outputs.pop(0)
                content, lines = content + output, lines + height
            self.add(f'<div class="outputs">{content}</div>')

    def add(self, content, kind=''):
        """Add a slide with what was said since the last one."""
        lead = f'<p class="lead">{inline(self.lead)}</p>' if self.lead else ''
        notes = ''.join(map(self.html, self.notes))
        self.slides.append(
            [kind, f'<h2>{inline(self.title)}</h2>{lead}{content}', notes])
        self.notes, self.lead = [], ''

    def html(self, text):
        return to_html(readable(text, self.page, self.references, iter(())))

    def __str__(self):
        def read(name):
            return (REVEAL / name).read_text(encoding='utf-8')

        return PAGE.format(
            title=html.escape(self.name), framework=self.framework,
            css=read('reveal-5.2.1.css') + read('slides.css')
            + FORMATTER.get_style_defs('.code'),
            reveal=read('reveal-5.2.1.js'),
            notes=read('notes-5.2.1.js').replace('</script', r'<\/script'),
            slides='\n'.join(
                f'<section class="{kind}">{content}'
                f'<aside class="notes">{notes}</aside></section>'
                for kind, content, notes in self.slides))


def provenance(record):
    """Return the record of a training as HTML."""
    content = f'<p><em>{html.escape(record.line)}</em></p>'
    if record.warning:
        title, text = map(html.escape, record.warning)
        content = (f'<blockquote><p><strong>{title}</strong></p>'
                   f'<p>{text}</p></blockquote>{content}')
    return f'<div class="provenance">{content}</div>'


def split(source):
    """Split code where it is long: at a blank line, or else at a statement."""
    lines = source.splitlines()
    if len(lines) <= LINES:
        return [source]
    depths = [len(line) - len(line.lstrip()) for line in lines]
    ends = [i for i, line in enumerate(lines) if not line] or [
        i for i, depth in enumerate(depths)
        if i and depth == statistics.mode(depths)]
    middle = min(ends, key=lambda i: abs(2 * i - len(lines)))
    return [*split('\n'.join(lines[:middle])),
            *split('\n'.join(lines[middle:]).strip('\n'))]


def shown(output):
    """Return an output as HTML and the lines it takes."""
    data = output.get('data', {})
    if svg := data.get('image/svg+xml'):
        return picture('svg+xml', ''.join(svg).encode()), FIGURE
    if png := data.get('image/png'):
        return picture('png', base64.b64decode(png)), FIGURE
    text = ''.join(output.get('text') or data.get('text/plain', '')).strip()
    text = ANSI.sub('', text)
    return f'<pre>{html.escape(text)}</pre>', len(text.splitlines()) + 1


def picture(kind, content):
    content = base64.b64encode(content).decode()
    return f'<img alt="" src="data:image/{kind};base64,{content}">'


def to_html(text):
    """Return Markdown as HTML with its formulas as MathML, without links."""
    formulas = []

    def keep(match):
        formulas.append(convert(match[1] or match[2],
                                display='block' if match[1] else 'inline'))
        return f'\ue000{len(formulas) - 1}\ue001'

    text = re.sub(r'\s*\\tag\{.*?\}', '', text)
    text = re.sub(r'!?\[([^]]*)\]\([^)]+\)', r'\1', text)
    page = mistune.html(FORMULA.sub(keep, text))
    return re.sub('\ue000(\\d+)\ue001',
                  lambda match: formulas[int(match[1])], page)


def inline(text):
    """Return a line of Markdown as HTML."""
    return to_html(text).strip().removeprefix('<p>').removesuffix('</p>')
