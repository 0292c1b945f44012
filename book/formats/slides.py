"""Slides: a self-contained reveal.js deck a section and framework.

A slide shows a code cell with its outputs, a figure, or a formula, below what
the marks `[**…**]` and `(**…**)` hold; or key points, which are marks that
nothing of this follows, and the items of lists. The text around it becomes the
speaker's notes.
"""

import base64
import html
import itertools
import mimetypes
import os
import statistics
from functools import partial
from pathlib import Path
from urllib.parse import unquote

from bs4 import BeautifulSoup
from markdown_it.renderer import RendererHTML
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from book.content import document
from book.content.builder import Book, open_book
from book.content.files import aside, empty, swap
from book.content.formulas import convert
from book.content.lib import without_marks
from book.content.provenance import Provenance
from book.frameworks import FRAMEWORKS
from book.pages import sphinx
from book.pages.cells import plain
from book.pages.references import ROLES, References
from book.paths import SLIDES, deck

REVEAL = Path(__file__).with_name('reveal')
LINES = 18          # of code and output that a slide holds
LARGE = 12          # of them that it holds in a larger font
POINTS = 450        # characters of key points that it holds
FIGURE = 12         # as many lines as a figure in an output is high
MARKS = 'label', 'eqlabel', 'width', 'height', 'bibliography'
FORMATTER = HtmlFormatter(cssclass='code', style='a11y-high-contrast-light')
PAGE = '''<!doctype html>
<html lang="{language}">
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
        if any(marks_of(block) for cell in nb.cells
               if cell.cell_type == 'markdown'
               for block in document.parse(cell.source).blocks):
            page = section.with_suffix('').as_posix()
            made = Deck(nb, page, references, book.about,
                        FRAMEWORKS[tab].name)
            if made.slides:     # else what is marked stands in other tabs
                path = new / deck(page, tab).relative_to(SLIDES)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(str(made), encoding='utf-8')
    swap(SLIDES, new)


class Deck:
    """The slides of a notebook."""

    def __init__(self, nb, page, references, about, framework):
        self.page, self.references = page, references
        self.framework, self.language = framework, about.language
        self.accent = about.accent[0]
        self.slides: list[list[str]] = []
        self.notes: list[str] = []      # HTML
        self.markdown = document.parser(Html)
        self.env = {'name': partial(references.name, page)}
        self.marked: list[str] = []     # what the next slide says
        self.points: list[str] = []     # and what was said by itself
        self.title = ''
        for cell in nb.cells:
            if cell.cell_type == 'code':
                self.add_code(cell)
            else:
                for block in document.parse(cell.source).blocks:
                    self.add_block(block)
        self.end_points()
        if self.slides:
            self.slides.insert(0, [
                'title', f'<h1>{self.inline(self.name)}</h1>'
                f'<p>{html.escape(about.title)} · {framework}</p>',
                self.slides[0][2]])

    def add_block(self, block: document.Block) -> None:
        """Take a block into the notes, and what it marks onto a slide."""
        marks = marks_of(block)
        if isinstance(block, document.Heading):
            self.end_points()
            self.title = block.title
            if block.level == 1:
                self.name = self.title
        elif isinstance(block, document.Figure):
            self.notes.append(self.html(block))
            self.add_figure(block)
        elif isinstance(block, document.Equation):
            self.notes.append(self.html(block))
            self.add(f'<div class="formula">{convert(block.tex, "block")}'
                     '</div>')
        else:
            if marks:
                self.end_lead()
                self.marked = [mark.text for mark in marks]
            self.notes.append(self.html(block))
            self.points += items(self.notes[-1])

    def add_figure(self, block: document.Figure) -> None:
        """Show a figure that is a file of the book."""
        path = Path(os.path.normpath(Path(self.page).parent
                                     / unquote(block.target)))
        if path.is_file():
            kind = str(mimetypes.guess_type(path)[0]).removeprefix('image/')
            caption = (self.references.name(self.page, 'numref',
                                            block.labels[0])
                       if block.labels else self.inline(block.caption))
            self.add(f'<figure>{picture(kind, path.read_bytes())}'
                     f'<figcaption>{caption}</figcaption></figure>')

    def end_lead(self):
        """Make what is marked, but nothing followed, into key points."""
        self.points += map(self.inline, self.marked)
        self.marked = []

    def end_points(self):
        """Show the key points, on as many slides as they take."""
        self.end_lead()
        points, self.points = self.points, []
        while points:
            number = max(1, sum(sofar <= POINTS for sofar in
                                itertools.accumulate(map(length, points))))
            shown = ''.join(f'<li>{point}</li>' for point in points[:number])
            self.add(f'<ul class="points">{shown}</ul>')
            points = points[number:]

    def add_code(self, cell):
        """Show code, on as many slides as it takes, and what it prints."""
        source = without_marks(cell.source).strip()
        outputs = [part for output in cell.outputs for part in shown(output)]
        if record := Provenance.read(cell):     # below the last of them
            last, lines = outputs.pop() if outputs else ('', 0)
            below, height = provenance(record)
            outputs.append((last + below, lines + height))
        size = sum(lines for _, lines in outputs)
        parts = split(source)
        for i, part in enumerate(parts):
            content, lines = (highlight(part, PythonLexer(), FORMATTER),
                              len(part.split('\n')))
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
        marked, self.marked = self.marked, []
        self.end_points()
        lead = self.inline(' '.join(marked).rstrip('.'))
        lead = f'<p class="lead">{lead}</p>' if lead else ''
        self.slides.append(
            [kind, f'<h2>{self.inline(self.title)}</h2>{lead}{content}',
             ''.join(self.notes)])
        self.notes = []

    def html(self, block: document.Block) -> str:
        return str(self.markdown.renderer.render(
            block.tokens, self.markdown.options, self.env))

    def inline(self, text: str) -> str:
        return str(self.markdown.renderInline(text, self.env))

    def __str__(self):
        def read(name):
            return (REVEAL / name).read_text(encoding='utf-8')

        return PAGE.format(
            language=self.language, title=html.escape(self.name),
            framework=self.framework,
            css=f':root {{ --accent: {self.accent}; }}\n'
            + read('reveal-5.2.1.css') + read('slides.css')
            + FORMATTER.get_style_defs('.code'),
            reveal=read('reveal-5.2.1.js'),
            notes=read('notes-5.2.1.js').replace('</script', r'<\/script'),
            slides='\n'.join(
                f'<section class="{kind}">{content}'
                f'<aside class="notes">{notes}</aside></section>'
                for kind, content, notes in self.slides))


def marks_of(block: document.Block) -> list[document.SlideMark]:
    return [span for span in block.spans
            if isinstance(span, document.SlideMark)]


def provenance(record):
    """Return the record of a training as HTML and the lines it takes."""
    content = f'<p><em>{html.escape(record.line)}</em></p>'
    if record.warning:
        title, text = map(html.escape, record.warning)
        content = (f'<blockquote><p><strong>{title}</strong></p>'
                   f'<p>{text}</p></blockquote>{content}')
    return (f'<div class="provenance">{content}</div>',
            5 if record.warning else 2)


def items(text: str) -> list[str]:
    """Return the items of HTML that is a list without numbers."""
    return [item.decode_contents() for found in BeautifulSoup(
        text, 'html.parser').find_all('ul', recursive=False)
        for item in found.find_all('li', recursive=False)]


def length(point: str) -> int:
    """Return how many letters of a key point are seen."""
    return len(BeautifulSoup(point, 'html.parser').get_text())


def split(source):
    """Split code where it is long: at a blank line, or else at a statement."""
    lines = source.split('\n')
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
    """Return the parts of an output, each as HTML and the lines it takes."""
    data = output.get('data', {})
    if svg := data.get('image/svg+xml'):
        return [(picture('svg+xml', ''.join(svg).encode()), FIGURE)]
    if png := data.get('image/png'):
        return [(picture('png', base64.b64decode(png)), FIGURE)]
    text = ''.join(output.get('text') or data.get('text/plain', ''))
    text = plain(text).strip()
    lines = text.split('\n') if text else []
    size = LINES - 2
    parts = [lines[i:i + size] for i in range(0, len(lines), size)]
    return [('<pre>' + html.escape('\n'.join(part)) + '</pre>', len(part) + 1)
            for part in parts]


def picture(kind, content):
    content = base64.b64encode(content).decode()
    return f'<img alt="" src="data:image/{kind};base64,{content}">'


class Html(RendererHTML):
    """The HTML of a slide: formulas as MathML, names instead of links.

    `env['name']`: what a reference says.
    """

    def formula(self, tokens, i, options, env):
        return convert(tokens[i].content,
                       'block' if tokens[i].meta['display'] else 'inline')

    def equation(self, tokens, i, options, env):
        return convert(tokens[i].content, 'block')

    def open_formula(self, tokens, i, options, env):
        return html.escape(tokens[i].content)

    def slide(self, tokens, i, options, env):
        return self.renderInline(tokens[i].children, options, env)

    def role(self, tokens, i, options, env):
        name, target = tokens[i].meta['name'], tokens[i].meta['target']
        if name in ROLES:
            return html.escape(env['name'](name, target))
        return '' if name in MARKS else html.escape(f':{name}:`{target}`')

    def image(self, tokens, i, options, env):
        return self.renderInline(tokens[i].children, options, env)

    def fence(self, tokens, i, options, env):
        rst = tokens[i].info.strip() in ('toc', 'eval_rst')
        return '' if rst else super().fence(tokens, i, options, env)

    def nothing(self, tokens, i, options, env):
        return ''

    link_open = link_close = marks = tab_mark = nothing
