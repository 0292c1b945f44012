"""The one reader of a section: its markdown as a document of typed nodes.

markdown-it-py tells what is code and what is text; here stand only the rules
of d2lbook's source format: cells, tab blocks, labels, roles, formulas and
slide marks. Whoever needs something of a section asks the nodes for it.
"""

import ast
import functools
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from IPython.core.inputtransformer2 import TransformerManager
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML, RendererProtocol
from markdown_it.rules_block import StateBlock, list_block
from markdown_it.rules_inline import StateInline, backtick, image, link
from markdown_it.token import Token
from mdit_py_plugins.footnote import footnote_plugin

CELL = re.compile(r'\{\.python \.input\b[^}]*\}')
TAB = re.compile(r'(?:%%|#\s*@)tab[ \t]+(.+)')
MARKS = re.compile(r'(?::(?:label|eqlabel|width|height):`[^`]*`\s*)+')
MARK = re.compile(r':(\w+):`([^`]*)`')
TAB_MARK = re.compile(r':(begin|end)_tab:(?:`([^`]*)`)?\s*')
ROLE = re.compile(r':(\w+):`([^`]+)`')
FORMULA = re.compile(r'\$\$(.+?)\$\$'
                     r'|\$(?!\s)((?:\\.|[^\\$])+?)(?<!\s)\$(?!\d)', re.DOTALL)
OPEN_FORMULA = re.compile(r'\$\$|\$(?=[A-Za-z\\({\[|-]|[\d.]+\s*[\\^_])')
SLIDES = {'[**': '**]', '(**': '**)', '[~~': '~~]', '(~~': '~~)'}


@dataclass(frozen=True)
class Span:
    """Something within a text: where it begins, and as it is written."""

    line: int
    source: str


@dataclass(frozen=True)
class Code(Span):
    """Inline code, in which nothing is markup."""


@dataclass(frozen=True)
class Formula(Span):
    """A formula in a text."""

    tex: str


@dataclass(frozen=True)
class OpenFormula(Span):
    """A `$` or `$$` that begins a formula which does not end."""


@dataclass(frozen=True)
class Role(Span):
    """A reference or citation, such as :numref:`fig_a`."""

    name: str
    target: str


@dataclass(frozen=True)
class Link(Span):
    """A link to an address."""

    target: str


@dataclass(frozen=True)
class Image(Span):
    """A picture, wherever it stands."""

    target: str
    caption: str


@dataclass(frozen=True)
class SlideMark(Span):
    """What `[**…**]` or `(**…**)` puts onto a slide, with what it holds.

    `hidden`: what `[~~…~~]` or `(~~…~~)` puts there, and nowhere else.
    """

    text: str
    hidden: bool
    spans: tuple[Span, ...]


@dataclass(frozen=True)
class Mark:
    """A label, or the width of a picture; it belongs to a block."""

    line: int
    name: str
    value: str


@dataclass
class Block:
    """A block of prose, from `line` to before `end`, with what it holds.

    `source`: its lines without its marks; `tokens`: markdown-it's;
    `inner`: fences and code in a list or quotation.
    """

    line: int
    end: int
    source: str
    tokens: list[Token] = field(default_factory=list, repr=False)
    spans: list[Span] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    inner: list['Block'] = field(default_factory=list)

    def walk(self) -> Iterator[Span]:
        """Yield its spans, and those that lie in a mark for slides."""
        yield from walk(self.spans)

    @property
    def labels(self) -> list[str]:
        """Return its names."""
        return [mark.value for mark in self.marks
                if mark.name in ('label', 'eqlabel')]


@dataclass
class Text(Block):
    """A paragraph, a list, or what else has no class of its own."""


@dataclass
class Heading(Block):
    """A heading."""

    level: int = 1
    title: str = ''


@dataclass
class Figure(Block):
    """A picture that is a paragraph of its own."""

    caption: str = ''
    target: str = ''


@dataclass
class Table(Block):
    """A table with its caption, the paragraph before it that begins with `:`.

    `rows`: its lines without the caption.
    """

    caption: str = ''
    rows: str = ''


@dataclass
class Equation(Block):
    """A displayed formula."""

    tex: str = ''


@dataclass
class Fence(Block):
    """Fenced text that is no cell."""

    info: str = ''
    content: str = ''
    closed: bool = True


@dataclass
class Indented(Block):
    """Code by its indent."""


@dataclass
class Cell:
    """A code cell from `line` to before `end`; `tabs`: None if it names none.

    `source`: its code with the line that names them.
    """

    line: int
    end: int
    source: str
    tabs: list[str] | None = None
    closed: bool = True

    @property
    def code(self) -> str:
        """Its code without the line that names the tabs."""
        return (self.source if self.tabs is None
                else self.source.partition('\n')[2])


@dataclass
class Prose:
    """Blocks between cells; `tabs`: None for the readers of every tab.

    `source`: its lines as they are written.
    """

    line: int
    blocks: list[Block]
    source: str
    tabs: list[str] | None = None


Part = Cell | Prose


@dataclass
class Document:
    """A section: its cells and prose, and where its tab blocks are wrong."""

    path: Path
    parts: list[Part]
    slips: list[tuple[int, str]]

    def parts_of(self, tab: str, default: str | None
                 ) -> Iterator[tuple[int, Part]]:
        """Yield what a tab shows, with its place among all parts.

        `default`: the tab of cells that name none. `all` are those that the
        section selects.
        """
        selected = self.selected
        mine = {tab} if selected and tab not in selected else {tab, 'all'}
        for i, part in enumerate(self.parts):
            tabs = part.tabs
            if tabs is None and isinstance(part, Cell):
                tabs = [str(default)]
            if tabs is None or mine & {*tabs}:
                yield i, part

    @functools.cached_property
    def selected(self) -> list[str]:
        """Return the tabs that `tab.interact_select` names, if any."""
        for cell in self.cells:
            if 'interact_select' in cell.source:
                return list(selects(cell.source))
        return []

    @property
    def cells(self) -> list[Cell]:
        """Return the code cells."""
        return [part for part in self.parts if isinstance(part, Cell)]

    @property
    def prose(self) -> list[Prose]:
        """Return what stands between them."""
        return [part for part in self.parts if isinstance(part, Prose)]

    @property
    def blocks(self) -> list[Block]:
        """Return the blocks of all prose."""
        return [block for prose in self.prose for block in prose.blocks]


def selects(source: str, method: str = 'interact_select') -> Iterator[str]:
    """Yield the names with which a cell calls a method of `tab`."""
    with suppress(SyntaxError):     # the cell will be shown as what it raises
        for node in ast.walk(ast.parse(
                TransformerManager().transform_cell(source))):
            if (isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Attribute)
                    and node.func.attr == method
                    and ast.unparse(node.func.value) == 'tab'):
                for each in ast.walk(node):
                    if isinstance(each, ast.Constant):
                        yield str(each.value)


def read(path: Path) -> Document:
    """Return the document in a file, which is UTF-8 whatever the locale."""
    return parse(path.read_bytes().decode('utf-8-sig'), path)


def parse(text: str, path: Path = Path()) -> Document:
    """Return the document that a text is."""
    return Reader(plain(text), path).document


def plain(text: str) -> str:
    """Return a text without what editors put in: CRLF, byte order mark.

    U+0000 is replaced, as CommonMark has it.
    """
    return (text.removeprefix('\ufeff').replace('\r\n', '\n')
            .replace('\r', '\n').replace('\0', '\ufffd'))


class Reader:
    """What is known while the blocks of a text are read one after another."""

    def __init__(self, text: str, path: Path):
        self.lines = text.split('\n')
        self.document = Document(path, [], [])
        self.blocks: list[Block] = []
        self.tabs: list[str] | None = None
        self.begun = 0      # the line of the last :begin_tab:, 0 if it is over
        done = 0
        for tokens in top_level(PARSER.parse(text)):
            assert tokens[0].map
            start, end = tokens[0].map
            self.rest(done, start)
            self.take(tokens, start, self.trimmed(start, end))
            done = end
        self.rest(done, len(self.lines))
        self.flush()
        if self.begun:
            self.slip(self.begun, ':begin_tab: has no :end_tab:. Write '
                      ':end_tab: on a line of its own where the tab ends.')

    def trimmed(self, start: int, end: int) -> int:
        """Return the end of a block without the blank lines after it."""
        while end > start + 1 and not self.lines[end - 1].strip():
            end -= 1
        return end

    def source(self, start: int, end: int) -> str:
        return '\n'.join(self.lines[start:end])

    def rest(self, start: int, end: int) -> None:
        """Take what the parser drops, such as the addresses of links."""
        while start < end and not self.lines[start].strip():
            start += 1
        if start < end:
            end = self.trimmed(start, end)
            self.blocks.append(Text(start + 1, end + 1,
                                    self.source(start, end)))

    def slip(self, line: int, what: str) -> None:
        self.document.slips.append((line, what))

    def flush(self) -> None:
        """End the prose here."""
        if self.blocks:
            first, last = self.blocks[0], self.blocks[-1]
            self.document.parts.append(Prose(
                first.line, self.blocks,
                self.source(first.line - 1, last.end - 1), self.tabs))
            self.blocks = []

    def take(self, tokens: list[Token], start: int, end: int) -> None:
        first = tokens[0]
        if first.type == 'tab_mark':
            self.take_tab_mark(first, start + 1)
        elif first.type == 'marks':
            self.take_marks(first, start)
        elif is_cell(first, self.lines[start]):
            if self.begun:
                self.slip(self.begun, ':begin_tab: has no :end_tab: before '
                          'the next cell. Write :end_tab: on a line of its '
                          'own where the tab ends.')
                self.begun = 0
            self.flush()
            self.tabs = None
            code = first.content.removesuffix('\n')
            tab = TAB.match(code)
            self.document.parts.append(Cell(
                start + 1, end + 1, code, names(tab[1]) if tab else None,
                self.closed(first, end)))
        else:
            source = self.source(start, end)
            block = self.block(tokens, start + 1, end + 1, source)
            block.tokens = tokens
            block.spans += [span for token in tokens for span in spans(token)]
            for token in tokens[1:]:
                self.take_inner(token, block)
            self.blocks.append(block)

    def take_inner(self, token: Token, block: Block) -> None:
        """Take what lies in a list or quotation."""
        if not token.map:
            return
        start, end = token.map
        end = self.trimmed(start, end)
        if token.type in ('fence', 'code_block'):
            block.inner.append(self.block([token], start + 1, end + 1,
                                          self.source(start, end)))
        elif token.type == 'marks':
            block.marks += marks_of(token, start + 1)

    def take_tab_mark(self, token: Token, line: int) -> None:
        kind, tabs = token.meta['kind'], token.meta['tabs']
        if kind == 'begin' and self.begun:
            self.slip(self.begun, ':begin_tab: has no :end_tab: before the '
                      'next :begin_tab:. Write :end_tab: on a line of its '
                      'own where the tab ends.')
        if kind == 'end' and not self.begun:
            self.slip(line, ':end_tab: ends nothing. Write '
                      ':begin_tab:`pytorch` where the tab begins, or remove '
                      'it.')
        if kind == 'begin' and not tabs:
            self.slip(line, ':begin_tab: names no tab. Write '
                      ':begin_tab:`pytorch`.')
        self.flush()
        self.begun = line if kind == 'begin' else 0
        self.tabs = names(tabs or '') if self.begun else None

    def take_marks(self, token: Token, start: int) -> None:
        """Give marks to the block before them."""
        if not self.blocks:
            self.slip(start + 1, f'{token.content} follows nothing that it '
                      'could name. Write it below its heading, figure, table '
                      'or formula.')
            self.blocks.append(Text(start + 1, start + 2, token.content))
        self.blocks[-1].end = start + 2
        self.blocks[-1].marks += marks_of(token, start + 1)

    def block(self, tokens: list[Token], line: int, end: int,
              source: str) -> Block:
        """Return the block that begins with a token."""
        first = tokens[0]
        if first.type == 'fence':
            return Fence(line, end, source, info=first.info.strip(),
                         content=first.content,
                         closed=self.closed(first, end - 1))
        if first.type == 'code_block':
            return Indented(line, end, source)
        if first.type == 'heading_open':
            return Heading(line, end, source, level=int(first.tag[1]),
                           title=tokens[1].content)
        if first.type == 'equation':
            return Equation(line, end, source, tex=first.content)
        if first.type == 'table_open':
            table = Table(line, end, source, rows=source)
            if self.blocks and isinstance(self.blocks[-1], Text) and (
                    self.blocks[-1].source.startswith(':')):
                before = self.blocks.pop()
                table.line, table.spans = before.line, before.spans
                table.caption = before.source[1:].strip()
                table.source = self.source(before.line - 1, end - 1)
            return table
        if first.type == 'paragraph_open' and (
                picture := only_image(tokens[1])) is not None:
            return Figure(line, end, source, caption=picture.content,
                          target=str(picture.attrs['src']))
        return Text(line, end, source)

    def closed(self, token: Token, end: int) -> bool:
        """Tell whether a fence ends before a line, not with the text."""
        assert token.map
        last = self.lines[end - 1].strip(' \t>')
        return (end - 1 > token.map[0] and len(last) >= len(token.markup)
                and set(last) == {token.markup[0]})


def is_cell(token: Token, line: str) -> bool:
    """Tell whether a fence is a cell: it opens just so, without a blank."""
    return (token.type == 'fence' and line.startswith('```')
            and CELL.fullmatch(line.lstrip('`')) is not None)


def marks_of(token: Token, line: int) -> list[Mark]:
    """Return the marks on a line."""
    return [Mark(line, name, value)
            for name, value in MARK.findall(token.content)]


def anchor(label: str) -> str:
    """Return a label in ASCII, as it stands in addresses and in LaTeX."""
    return ''.join(letter if letter.isascii() else f'u{ord(letter):x}'
                   for letter in label)


def names(text: str) -> list[str]:
    """Return the names in a list of tabs."""
    return [name.strip() for name in text.split(',')]


def only_image(token: Token) -> Token | None:
    """Return the image that is all that a paragraph holds, or None."""
    children = token.children or []
    return (children[0] if len(children) == 1 and children[0].type == 'image'
            else None)


def top_level(tokens: list[Token]) -> Iterator[list[Token]]:
    """Return the tokens of each block that lies in no other."""
    group: list[Token] = []
    for token in tokens:
        group.append(token)
        if token.level == 0 and token.nesting <= 0:
            yield group
            group = []


def spans(token: Token) -> Iterator[Span]:
    """Return what a token of a block holds, in its order."""
    if token.type == 'inline':
        assert token.map
        for child in token.children or []:
            yield from span(child, token.map[0] + 1)


def span(token: Token, line: int) -> Iterator[Span]:
    """Return what a token within a text is, and what it holds."""
    line += token.meta.get('line', 0)
    written = token.meta.get('source', '')
    if token.type == 'code_inline':
        yield Code(line, written)
    elif token.type == 'formula':
        yield Formula(line, written, token.content)
    elif token.type == 'open_formula':
        yield OpenFormula(line, written)
    elif token.type == 'role':
        yield Role(line, written, token.meta['name'], token.meta['target'])
    elif token.type == 'link_open':
        yield Link(line, written, str(token.attrs['href']))
    elif token.type == 'slide':
        yield SlideMark(line, written, token.content, token.meta['hidden'],
                        tuple(inner for child in token.children or []
                              for inner in span(child, line)))
    elif token.type == 'image':
        yield Image(line, written, str(token.attrs['src']), token.content)
        for child in token.children or []:
            yield from span(child, line)


def walk(spans: Iterable[Span]) -> Iterator[Span]:
    """Yield spans, and after a mark for slides those that lie in it."""
    for each in spans:
        yield each
        if isinstance(each, SlideMark):
            yield from walk(each.spans)


def line_of(state: StateBlock, line: int) -> str:
    """Return a line without its indent, '' where it is code by its indent."""
    if state.is_code_block(line):
        return ''
    return state.src[state.bMarks[line] + state.tShift[line]:
                     state.eMarks[line]]


def put(state: StateBlock, kind: str, start: int, end: int) -> Token:
    state.line = end
    token = state.push(kind, '', 0)
    token.map = [start, end]
    return token


def mark_rule(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Read a line of labels, or one that begins or ends a tab."""
    text = line_of(state, start).rstrip()
    tab = TAB_MARK.fullmatch(text)
    if not tab and not MARKS.fullmatch(text):
        return False
    if not silent:
        token = put(state, 'tab_mark' if tab else 'marks', start, start + 1)
        token.content = text
        if tab:
            token.meta = {'kind': tab[1], 'tabs': tab[2]}
    return True


def equation_rule(state: StateBlock, start: int, end: int,
                  silent: bool) -> bool:
    """Read a displayed formula; a blank line does not lie in it."""
    text = line_of(state, start)
    if not text.startswith('$$'):
        return False
    text, line = text[2:], start + 1
    while '$$' not in text:
        if line >= end or state.isEmpty(line):
            return False
        text += f'\n{line_of(state, line)}'
        line += 1
    tex, _, after = text.partition('$$')
    if after.strip():       # a text that begins with a formula
        return False
    if not silent:
        put(state, 'equation', start, line).content = tex
    return True


def list_rule(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Read a list, which as in Pandoc does not break into a paragraph."""
    if silent and state.parentType == 'paragraph' and not state.level:
        return False
    return list_block(state, start, end, silent)


def role_rule(state: StateInline, silent: bool) -> bool:
    """Read a reference."""
    match = ROLE.match(state.src, state.pos)
    if match and not silent:
        token = state.push('role', '', 0)
        token.meta = {'name': match[1], 'target': match[2]}
    if match:
        state.pos = match.end()
    return bool(match)


def formula_rule(state: StateInline, silent: bool) -> bool:
    """Read a formula, or the `$` of one that does not end."""
    match = FORMULA.match(state.src, state.pos)
    kind = 'formula' if match else 'open_formula'
    match = match or OPEN_FORMULA.match(state.src, state.pos)
    if match and not silent:
        token = state.push(kind, '', 0)
        token.content = (match[1] or match[2] if kind == 'formula'
                         else match[0])
        token.meta['display'] = match[0].startswith('$$')
    if match:
        state.pos = match.end()
    return bool(match)


def slide_rule(state: StateInline, silent: bool) -> bool:
    """Read a mark for slides; `[**text**](address)` is a link.

    Its bracket, which may be text, has been read already.
    """
    start = state.pos - 1
    closing = SLIDES.get(state.src[max(start, 0):start + 3])
    if not closing or not silent and not state.pending.endswith(
            state.src[start]):
        return False
    state.pos += 2
    while (state.pos < state.posMax
           and not state.src.startswith(closing, state.pos)):
        state.md.inline.skipToken(state)
    end, state.pos = state.pos, start + 1
    is_link = closing == '**]' and state.src[end + 3:end + 4] == '('
    if end >= state.posMax or end == start + 3 or is_link:
        return False
    if not silent:
        state.pending = state.pending[:-1]
        token = state.push('slide', '', 0)
        token.content = state.src[start + 3:end]
        token.meta = {'hidden': '~' in closing,
                      'line': state.src.count('\n', 0, start),
                      'source': state.src[start:end + 3]}
        token.children = []
        state.md.inline.parse(token.content, state.md, state.env,
                              token.children)
    state.pos = end + 3
    return True


def placed(rule: Callable[[StateInline, bool], bool]
           ) -> Callable[[StateInline, bool], bool]:
    """Return a rule whose first token knows its line and its source."""
    def read(state: StateInline, silent: bool) -> bool:
        start, number = state.pos, len(state.tokens)
        found = rule(state, silent)
        if found and not silent and len(state.tokens) > number:
            # before it may come the text that was pending
            for token in state.tokens[number:]:
                if token.type != 'text':
                    token.meta |= {'line': state.src.count('\n', 0, start),
                                   'source': state.src[start:state.pos]}
                    break
        return found
    return read


def parser(renderer: type[RendererProtocol] = RendererHTML) -> MarkdownIt:
    """Return CommonMark with tables, footnotes, ~~strikes~~ and our rules.

    `renderer`: the class that renders its tokens.
    """
    md = MarkdownIt('commonmark', renderer_cls=renderer)
    md.enable(['table', 'strikethrough'])
    md.use(footnote_plugin, inline=False, move_to_end=False)
    for name, rule in {'mark': mark_rule, 'equation': equation_rule}.items():
        md.block.ruler.before('table', name, rule, {
            'alt': ['paragraph', 'reference', 'blockquote', 'list']})
    md.block.ruler.at('list', list_rule, {
        'alt': ['paragraph', 'reference', 'blockquote']})
    md.inline.ruler.before('escape', 'role', placed(role_rule))
    md.inline.ruler.before('escape', 'formula', placed(formula_rule))
    md.inline.ruler.before('strikethrough', 'slide', slide_rule)
    for name, inline in {'backticks': backtick, 'link': link,
                         'image': image}.items():
        md.inline.ruler.at(name, placed(inline))
    return md


PARSER = parser()
