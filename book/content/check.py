"""What is wrong in the sections, all of it, told before anything is built.

Each mistake is one paragraph: where it is, what it is and what to do.
"""

import difflib
import functools
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup
from d2lbook import utils
from d2lbook.config import Config
from docutils.nodes import make_id
from markdown_it.token import Token
from pybtex.database import parse_file
from pybtex.exceptions import PybtexError

from book import Wrong
from book.content import document, lib, recorded, sections
from book.content.document import Block, Document, Fence, Span
from book.content.formulas import FormulaError, convert
from book.frameworks import TABS

SYNTAX = '%%tab', '.python .input', ':begin_tab:', ':end_tab:'
CITE = 'cite', 'citet', 'citep'
ROLES = ('numref', 'ref', 'eqref', 'cite', 'citet', 'citep', 'label',
         'eqlabel', 'width', 'height', recorded.ROLE)
# What HTML begins that ends with its mark, or else with the page.
HTML = {'<!--': '-->', '<script': '</script>', '<style': '</style>',
        '<pre': '</pre>', '<textarea': '</textarea>'}
MAGIC = re.compile(r'\s*%(%\s*)?tabs?\b', re.IGNORECASE)
# What directives define, not a section: the directive's name and its label.
MADE = {'layer-costs': 'tab_layer-costs'}


class Mistakes(Wrong):
    """The sections have mistakes; the message is all of them."""


@dataclass(frozen=True, order=True)
class Mistake:
    """What is wrong at a line of a section, and what to do."""

    path: Path
    line: int
    what: str
    undefined: bool = False     # refers to what may be in another book

    def __str__(self) -> str:
        return f'{self.path}:{self.line}: {self.what}'


def check() -> None:
    """Say that the sections are right, or raise Mistakes."""
    config = Config()
    require(config)
    print(f'{len(sections.paths(config))} sections, no mistakes.')


def require(config: Config) -> None:
    """Raise Mistakes if the sections have any.

    With `allow_undefined` in config.ini, a label that is in no section is
    only told.
    """
    mistakes = sorted(set(find(config)))
    if config.build.getboolean('allow_undefined', fallback=False):
        for mistake in mistakes:
            if mistake.undefined:
                warn(f'Warning: {mistake}')
        mistakes = [mistake for mistake in mistakes if not mistake.undefined]
    if mistakes:
        raise Mistakes('\n\n'.join(map(str, mistakes)))
    with suppress(ValueError):      # else `make lib` tells
        if old := lib.outdated(config):
            warn(f'Warning: {", ".join(map(str, old))}: the sections save '
                 'something else now. Run `make lib` to write the library '
                 'anew.')


@functools.cache
def warn(what: str) -> None:
    """Say it once, however often the book is opened."""
    print(what, file=sys.stderr)


def find(config: Config) -> Iterator[Mistake]:
    """Return the mistakes of all sections."""
    documents = {}
    for path in sections.paths(config):
        try:
            documents[path] = document.read(path)
        except UnicodeDecodeError as error:
            yield not_utf8(path, error)
    # What a section has for other books is left out, not wrong.
    other = config.build.get('other_tabs', '').replace(',', ' ').split()
    tabs = [*dict.fromkeys([*config.tabs, 'all', *TABS, *other])]
    for doc in documents.values():
        for line, what in chain(of_section(doc), of_cells(doc, tabs),
                                of_tab_blocks(doc, tabs), of_blocks(doc)):
            yield Mistake(doc.path, line, what)
    try:
        whole = Whole(config, documents)
    except PybtexError as error:
        yield Mistake(Path(config.pdf['bibfile']), getattr(error, 'lineno', 1),
                      f'the bibliography cannot be read: {error}. Look at '
                      'this entry and the one before it: braces and quotes '
                      'that do not close, commas, a key that is there twice.')
    else:
        yield from whole.mistakes()


def not_utf8(path: Path, error: UnicodeDecodeError) -> Mistake:
    line = error.object.count(b'\n', 0, error.start) + 1
    return Mistake(path, line, 'this is not UTF-8. Save the file as UTF-8.')


Found = Iterator[tuple[int, str]]       # line, what


def of_section(doc: Document) -> Found:
    """Return what is wrong with a section as a whole."""
    if not doc.parts:
        yield 1, ('the section is empty. Write its heading, or remove the '
                  'file and its line in the table of contents.')
    elif not any(isinstance(block, document.Heading) for block in doc.blocks):
        yield 1, ('the section has no heading. Write one as its first line '
                  'of text: # Title')
    yield from doc.slips


def of_cells(doc: Document, tabs: list[str]) -> Found:
    """Return what is wrong with cells."""
    for cell in doc.cells:
        if not cell.closed:
            yield cell.line, ('the cell does not end: all that follows is in '
                              'it. Write ``` on a line of its own below its '
                              'code.')
        for tab in chain(cell.tabs or document.selects(cell.source),
                         document.selects(cell.code, 'selected')):
            yield from unknown_tab(cell.line + 1, tab, tabs)
        for i, line in enumerate(cell.source.split('\n')):
            if MAGIC.match(line) and (i or cell.tabs is None):
                yield cell.line + i + 1, (
                    f'%%tab names no tab here. Write %%tab {tabs[0]} as the '
                    'first line of the cell.')


def of_tab_blocks(doc: Document, tabs: list[str]) -> Found:
    """Return what is wrong with the tabs of text."""
    for prose in doc.prose:
        for tab in prose.tabs or []:
            if tab:
                yield from unknown_tab(prose.line - 1, tab, tabs)
        for block in prose.blocks:
            for role in recorded.roles(block):
                yield from of_figure(role, doc, prose, tabs)


def of_figure(role: document.Role, doc: Document, prose: document.Prose,
              tabs: list[str]) -> Found:
    """Tell of a figure that is none, or that each tab has of its own."""
    words = role.target.split()
    if len(words) != 2 or words[0] not in recorded.CHOICES:
        yield role.line, (f'{role.source} names no figure. Write '
                          f'{", ".join(recorded.CHOICES)} and a name, as in '
                          f':{recorded.ROLE}:`last val_acc`.')
    here = doc.selected or tabs
    if prose.tabs is None and len(here) > 1:
        yield role.line, (f'{role.source} is another figure in each tab. '
                          f'Write :begin_tab:`{", ".join(here)}` above its '
                          'paragraph, and :end_tab: below.')


def unknown_tab(line: int, tab: str, tabs: list[str]) -> Found:
    if tab not in tabs:
        yield line, (f'there is no tab {tab}.{instead(tab, tabs)} The tabs '
                     f'are {", ".join(tabs)}.')


def instead(name: str, names: Iterable[str]) -> str:
    """Return a question for what was meant, where something is near."""
    small = {other.lower(): other for other in names}
    near = difflib.get_close_matches(name.lower(), small, 1)
    return f' Did you mean {small[near[0]]}?' if near else ''


def of_blocks(doc: Document) -> Found:
    """Return what is wrong within texts."""
    for block in doc.blocks:
        for span in block.walk():
            yield from of_span(span)
            if isinstance(span, document.Image) and block.labels and (
                    isinstance(block, document.Text)):
                yield span.line, (f'{block.labels[0]} names no figure: the '
                                  'picture stands in a paragraph. Leave an '
                                  'empty line above and below it.')
        for line, token in tokens_of(block):
            yield from of_token(line, token)
        yield from of_formula(block)
        yield from of_fence(block, 'at the beginning of a line')
        for inner in block.inner:
            yield from of_fence(inner, 'at the beginning of a line, outside '
                                'of lists and quotations')
        if not isinstance(block, Fence):
            yield from of_rest(block)


def tokens_of(block: Block) -> Iterator[tuple[int, Token]]:
    """Return the tokens of a block and those within them, with their lines."""
    def walk(line, tokens):
        for token in tokens:
            line = token.map[0] + 1 if token.map else line
            yield line, token
            yield from walk(line, token.children or ())

    return walk(block.line, block.tokens)


def of_token(line: int, token: Token) -> Found:
    """Tell of roles that are read as text, and of HTML that does not end."""
    for name in ROLES:
        if token.type == 'text' and f':{name}:' in token.content:
            yield line, (f':{name}: is read as text here. Write '
                         f':{name}:`…`, without a blank between, or as '
                         'inline code to show it.')
    html = token.content.lstrip().lower()
    for start, end in HTML.items():
        if token.type == 'html_block' and html.startswith(start) and (
                end not in html):
            yield line, (f'{start} does not end: all that follows is in it. '
                         f'Write {end} where it ends.')


def links_in_html(block: Block) -> Iterator[document.Link]:
    """Return the links that an author writes in HTML."""
    for line, token in tokens_of(block):
        if token.type in ('html_block', 'html_inline'):
            for link in BeautifulSoup(token.content, 'html.parser')(
                    'a', href=True):
                yield document.Link(line, token.content, str(link['href']))


def of_formula(block: Block) -> Found:
    """Tell of formulas that cannot be converted."""
    formulas = [(span.line, span.tex, 'inline') for span in block.walk()
                if isinstance(span, document.Formula)]
    if isinstance(block, document.Equation):
        formulas.append((block.line, block.tex, 'block'))
    for line, tex, display in formulas:
        try:
            convert(tex, display)
        except FormulaError as error:
            yield line, (f'{str(error).rstrip(".")}. What it may hold: '
                         'https://temml.org/docs/en/supported')


def of_span(span: Span) -> Found:
    if isinstance(span, document.OpenFormula):
        yield span.line, (f'{span.source} begins a formula that does not end '
                          f'in its paragraph. Write {span.source} at its end, '
                          r'or \$ for a dollar.')
    if isinstance(span, document.Role) and span.name not in ROLES and (
            near := instead(span.name, ROLES)):
        yield span.line, (f'there is no :{span.name}:.{near} Write it as '
                          'inline code if it is to be shown.')


def of_fence(block: Block, where: str) -> Found:
    """Tell of a fence that does not end, or that should have been a cell."""
    if not isinstance(block, Fence):
        return
    if not block.closed:
        yield block.line, ('the fence does not end: all that follows is in '
                           'it. Close it with as many ` or ~ as open it.')
    info, first = block.info, block.content.partition('\n')[0]
    if 'input' in info or first.strip().startswith('%%tab') and (
            info.strip('{. ').startswith('py') or not info):
        yield block.line, ('this is no cell and is not executed. Write '
                           f'```{{.python .input}} {where}, without other '
                           'blanks.')


def of_rest(block: Block) -> Found:
    """Tell of what is still written as a cell or tab in what is neither."""
    text = block.source
    for part in chain(block.walk(), block.inner):
        if isinstance(part, document.Code | Block):
            text = text.replace(part.source, '\n' * part.source.count('\n'))
    for i, line in enumerate(text.split('\n')):
        for syntax in SYNTAX:
            if syntax in line:
                yield block.line + i, (
                    f'{syntax} is read as text here. Write the fence of a '
                    'cell, :begin_tab: and :end_tab: at the beginning of '
                    'their lines, or as inline code to show them.')
                return


class Whole:
    """The sections together: their labels, links and tables of contents."""

    def __init__(self, config: Config, documents: dict[Path, Document]):
        self.documents = documents
        self.rsts: dict[Path, str] = {}
        self.unreadable: list[Mistake] = []
        for path in map(Path, utils.find_files(config.build['rsts'],
                                               config.src_dir)):
            try:
                self.rsts[path] = path.read_bytes().decode()
            except UnicodeDecodeError as error:
                self.unreadable.append(not_utf8(path, error))
        self.index = Path(f'{config.build["index"]}.md')
        bibfile = Path(config.pdf.get('bibfile', ''))
        self.sources = (parse_file(bibfile).entries if bibfile.is_file()
                        else {})
        self.labels: dict[str, list[tuple[Path, int]]] = {}
        for doc in documents.values():
            for line, label in labels_of(doc):
                self.labels.setdefault(label, []).append((doc.path, line))

    def mistakes(self) -> Iterator[Mistake]:
        """Return what is wrong between sections."""
        yield from self.unreadable
        yield from self.of_labels()
        for doc in self.documents.values():
            for block in doc.blocks:
                for span in chain(block.walk(), links_in_html(block)):
                    for what in self.of_reference(span):
                        yield Mistake(doc.path, span.line, what, True)
                    for what in chain(self.of_citation(span),
                                      self.of_link(doc.path, span),
                                      of_image(doc.path, span)):
                        yield Mistake(doc.path, span.line, what)
        yield from self.of_contents()

    def of_labels(self) -> Iterator[Mistake]:
        for label, places in self.labels.items():
            first, *others = places
            for path, line in others:
                yield Mistake(path, line, f'the label {label} stands at '
                              f'{first[0]}:{first[1]} already. Give one of '
                              'them another name.')

    def of_reference(self, span: Span) -> Iterator[str]:
        if isinstance(span, document.Role) and span.name in (
                'numref', 'ref', 'eqref'):
            label = span.target.rpartition('<')[2].rstrip('>')
            known = {*self.labels, *self.labels_of_rst()}
            if label not in known:
                yield (f'no label is named {label}.{instead(label, known)} '
                       f'Write :label:`{label}` below what is meant, or '
                       'correct the reference.')

    def of_citation(self, span: Span) -> Iterator[str]:
        if isinstance(span, document.Role) and span.name in CITE:
            for key in map(str.strip, span.target.split(',')):
                if key not in self.sources:
                    yield (f'the bibliography has no {key}.'
                           f'{instead(key, self.sources)} Write its entry, '
                           'or correct the citation.')

    def labels_of_rst(self) -> Iterator[str]:
        """Return the labels of pages and fences in rst."""
        texts = [*self.rsts.values()]
        texts += [block.content for doc in self.documents.values()
                  for block in doc.blocks if isinstance(block, Fence)
                  and block.info == 'eval_rst']
        for line in '\n'.join(texts).split('\n'):
            kind, _, name = line.strip().partition(' ')
            if kind in (':name:', ':label:'):
                yield name.strip()
            elif kind == '..' and name.startswith('_'):
                yield name[1:].partition(':')[0].strip('`')
            elif kind == '..' and (made := name.partition('::')[0]) in MADE:
                yield MADE[made]

    def of_link(self, path: Path, span: Span) -> Iterator[str]:
        if not isinstance(span, document.Link):
            return
        target = unquote(span.target)
        address = urlsplit(target)
        if address.scheme or address.netloc:
            return
        if not target:
            yield 'this link has no address. Write one, or remove the link.'
            return
        page = resolved(path.parent / address.path) if address.path else path
        section, rst = page.with_suffix('.md'), page.with_suffix('.rst')
        if page.suffix not in ('.html', '.md'):
            if not page.exists():
                yield f'{target} leads nowhere. Correct the link.'
        elif section not in self.documents and rst not in self.rsts:
            yield f'{target} leads nowhere. Correct the link.'
        elif page.suffix == '.md' and address.path:
            yield (f'{target} leads nowhere on a page. Write '
                   f'{Path(address.path).with_suffix(".html")}, or a '
                   'reference to its label.')
        elif address.fragment and section in self.documents:
            anchors = {*anchors_of(self.documents[section])}
            if address.fragment not in anchors:
                near = instead(address.fragment, anchors)
                yield (f'{target} leads nowhere: nothing in {section} has '
                       f'this address.{near} Correct the link, or refer to '
                       'a label.')

    def of_contents(self) -> Iterator[Mistake]:
        """Compare the tables of contents with the files."""
        named = {self.index}
        if not self.documents:
            yield Mistake(self.index, 1, 'no section is found. Write where '
                          'they are as `notebooks` into [build] of '
                          'config.ini.')
        for path, line, entry in self.entries():
            section = resolved(path.parent / f'{entry}.md')
            rst = section.with_suffix('.rst')
            named.add(section)
            if section not in self.documents and not rst.exists():
                names = [str(other.with_suffix('')) for other in
                         self.documents]
                what = ('is not among the `notebooks` of config.ini. Add it '
                        'there' if section.exists() else
                        f'is not there.{instead(entry, names)} Write the '
                        'file')
                yield Mistake(path, line, f'{section} {what}, or remove this '
                              'line.')
        for path in self.documents:
            if path not in named:
                yield Mistake(path, 1, 'no table of contents names this '
                              f'section. Write {path.with_suffix("")} into '
                              f'the toc of {self.index}, or of the chapter.')

    def entries(self) -> Iterator[tuple[Path, int, str]]:
        """Return the lines of the tables of contents."""
        for doc in self.documents.values():
            for block in doc.blocks:
                if isinstance(block, Fence) and block.info == 'toc':
                    for i, line in enumerate(block.content.split('\n'), 1):
                        if line.strip() and not line.startswith(':'):
                            yield doc.path, block.line + i, line.strip()


def of_image(path: Path, span: Span) -> Iterator[str]:
    if isinstance(span, document.Image):
        address = urlsplit(unquote(span.target))
        image = resolved(path.parent / address.path)
        if not address.scheme and not image.is_file():
            near = instead(image.name, [other.name for other in
                                        image.parent.glob('*')])
            yield (f'there is no picture {image}.{near} Put it there, or '
                   'correct its path.')


def labels_of(doc: Document) -> Iterator[tuple[int, str]]:
    """Return where labels stand, on lines of their own or in a text."""
    for block in doc.blocks:
        for mark in block.marks:
            if mark.name in ('label', 'eqlabel'):
                yield mark.line, mark.value
        for span in block.walk():
            if isinstance(span, document.Role) and span.name in (
                    'label', 'eqlabel'):
                yield span.line, span.target


def anchors_of(doc: Document) -> Iterator[str]:
    """Return the names that the parts of a page have in an address."""
    for _, label in labels_of(doc):
        label = document.anchor(label)
        yield from (make_id(label), make_id(f'equation-{label}'))
    for block in doc.blocks:
        if isinstance(block, document.Heading):
            yield make_id(block.title)


def resolved(path: Path) -> Path:
    """Return a path without its `..`, as it is seen from here."""
    parts: list[str] = []
    for part in path.parts:
        if part == '..' and parts and parts[-1] != '..':
            parts.pop()
        else:
            parts.append(part)
    return Path(*parts)
