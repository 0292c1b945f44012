"""Notebooks for readers: a zip file, JupyterLab, Colab and SageMaker.

They say what the pages say, in Markdown that any notebook program shows.
"""

import base64
import functools
import mimetypes
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import nbformat
import resvg_py
from fontTools.ttLib import TTFont

from book.content import document
from book.content.builder import Book, open_book
from book.content.files import aside, empty, swap, undate, write_notebook
from book.content.formulas import spoken
from book.content.provenance import Provenance
from book.content.sections import code_cells, number_cells
from book.frameworks import FRAMEWORKS
from book.pages import costs, sphinx
from book.pages.references import ROLES, References, anchor
from book.paths import BUILD, COLAB, FONTS, NOTEBOOKS, SAGEMAKER, archive
from book.words import say

README = Path(__file__).with_name('zip-readme.md')


def notebooks(no_outputs=False):
    """Write the notebooks for readers, with or without outputs."""
    book = open_book()
    sphinx.build(book, 'html')      # which numbers what is referred to
    write(book, References(), outputs=not no_outputs)
    pack(book)
    write_colab(book)
    write_sagemaker(book)
    print(f'The notebooks are in {archive(book.about)}, {COLAB} and '
          f'{SAGEMAKER}.')


def write(book: Book, references: References, outputs: bool = True) -> None:
    """Write the notebooks of every tab."""
    new = empty(aside(NOTEBOOKS))
    for _, section, tab in book.notebooks():
        nb = book.read_executed(section, tab)
        if not outputs:
            clear(nb)
        nb = for_readers(nb, section.with_suffix('').as_posix(), references)
        write_notebook(nb, (new / tab / section).with_suffix('.ipynb'))
        for image in images(nb, section.parent):
            copy = new / tab / image
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(image, copy)
    swap(NOTEBOOKS, new)


def pack(book: Book) -> list[Path]:
    """Return the zip file of the notebooks, written, and the package in it.

    It holds what installs them, too: of each framework a list of packages.
    A book without a pyproject.toml has no package.
    """
    if Path('pyproject.toml').exists():
        add_package(book)
    path = archive(book.about)
    packed = Path(shutil.make_archive(str(aside(path)), 'zip', NOTEBOOKS))
    undate(packed)
    packed.replace(path)
    return [path, *NOTEBOOKS.glob('*.whl')]


def add_package(book: Book) -> None:
    """Put the package and how to install it beside the notebooks."""
    subprocess.run([sys.executable, '-m', 'build', '--wheel', '--no-isolation',
                    '--outdir', NOTEBOOKS], check=True, capture_output=True)
    [wheel] = NOTEBOOKS.glob('*.whl')
    names = dict(book._sagemaker._libs[None])   # module: arguments of pip
    for tab in book.config.tabs:
        packages = [part for part in shlex.split(names[FRAMEWORKS[tab].module])
                    if not part.startswith('-')]
        (NOTEBOOKS / f'requirements-{tab}.txt').write_text(
            '\n'.join([f'./{wheel.name}[notebook]', *packages, '']))
    tab = book.config.tabs[0]
    readme = README.with_suffix(f'.{book.about.language}.md')
    if not readme.exists():
        readme = README
    (NOTEBOOKS / 'README.md').write_text(readme.read_text('utf-8').format(
        title=book.about.title, wheel=wheel.name, tab=tab,
        name=FRAMEWORKS[tab].name, folders=', '.join(
            f'`{tab}`' for tab in book.config.tabs)), encoding='utf-8')


def images(nb: nbformat.NotebookNode, folder: Path) -> Iterator[Path]:
    """Yield the book's pictures that a notebook in a folder shows."""
    for cell in nb.cells:
        if cell.cell_type == 'markdown':
            for span in spans_of(cell.source):
                if isinstance(span, document.Image):
                    path = local(folder, span.target)
                    if path.is_file() and not path.is_absolute() and (
                            path.parts[0] != '..'):
                        yield path


def spans_of(text: str) -> Iterator[document.Span]:
    for block in document.parse(text).blocks:
        yield from block.walk()


def local(folder: Path, address: str) -> Path:
    """Return the path that a picture's address in a folder means."""
    return Path(os.path.normpath(folder / unquote(address)))


def for_readers(nb, page, references):
    """Return the notebook of a page without d2lbook's marks and rst."""
    numbers = iter(references.numbers(page))
    cells = []
    for cell in nb.cells:
        cells.append(cell)
        if cell.cell_type == 'markdown':
            cell.source = readable(cell.source, page, references, numbers)
        elif record := Provenance.read(cell):
            cells.append(nbformat.v4.new_markdown_cell(provenance(record)))
    for cell in cells:
        cell.metadata = {}
    nb.cells = cells
    nb.metadata = nbformat.from_dict({
        'kernelspec': {'name': 'python3', 'display_name': 'Python 3',
                       'language': 'python'},
        'language_info': {'name': 'python', 'file_extension': '.py'},
        'required_libs': []})       # asked for by d2lbook's Colab
    number_cells(nb)
    return nb


def readable(text: str, page: str, references: References,
             numbers: Iterator[str]) -> str:
    """Return the text of a cell as Markdown; `numbers` are its headings'."""
    written, before = '', None
    for block in document.parse(text).blocks:
        if before is not None:
            fenced = {type(before), type(block)} & {document.Fence}
            written += '\n' * max(block.line - before.end + 1,
                                  2 if fenced else 1)
        written += Reader(block, page, references).markdown(numbers)
        before = block
    return written + '\n' * text.endswith('\n')


@dataclass
class Reader:
    """What a reader of a notebook sees of a block."""

    block: document.Block
    page: str
    references: References

    def markdown(self, numbers: Iterator[str]) -> str:
        """Return the block as Markdown."""
        block = self.block
        if isinstance(block, document.Fence):
            return self.fence(block)
        if isinstance(block, document.Heading):
            number = next(numbers, '')
            return (f'{self.places()}{"#" * block.level} '
                    f'{f"{number}. " if number else ""}'
                    f'{self.linked(block.title)}')
        if isinstance(block, document.Figure):
            caption = self.captioned(block.caption)
            return (f'{self.places()}![{self.alt(block.caption)}]'
                    f'({block.target})' + f'\n\n{caption}' * bool(caption))
        if isinstance(block, document.Table) and block.caption:
            return (f'{self.places()}{self.captioned(block.caption)}\n\n'
                    f'{self.linked(block.rows)}')
        if isinstance(block, document.Equation) and block.labels:
            [label] = block.labels
            number = self.name('eqref', label).strip('()')
            return (f'{anchor(f"equation-{label}")}\n\n'
                    fr'$${block.tex} \tag{{{number}}}$$')
        return self.linked(block.source)

    def name(self, role: str, label: str) -> str:
        return self.references.name(self.page, role, label)

    def places(self) -> str:
        """Return where links to the labels lead."""
        return ''.join(f'{anchor(label)}\n\n' for label in self.block.labels)

    def captioned(self, caption: str) -> str:
        caption = self.linked(caption)
        if not self.block.labels:
            return caption
        return f'**{self.name("numref", self.block.labels[0])}** {caption}'

    def alt(self, caption: str) -> str:
        """Return a caption in plain letters."""
        text = self.linked(caption, self.references.name)
        for span in self.block.walk():
            if isinstance(span, document.Formula):
                text = text.replace(span.source, spoken(span.tex))
        return text

    def linked(self, text: str, link: Callable[[str, str, str], str]
               | None = None) -> str:
        """Return a part of the block with links, and no marks for slides."""
        return self.replaced(text, self.block.spans,
                             link or self.references.link)

    def replaced(self, text: str, spans: Iterable[document.Span],
                 link: Callable[[str, str, str], str]) -> str:
        written, done = '', 0
        for span in spans:
            start = text.find(span.source, done)
            if start < 0:       # in another part of the block
                continue
            shown = span.source
            if isinstance(span, document.SlideMark):
                shown = '' if span.hidden else self.replaced(
                    span.text, span.spans, link)
            elif isinstance(span, document.Role):
                shown = self.role(span, link)
            elif not isinstance(span, document.Code):
                continue
            written += text[done:start] + shown
            done = start + len(span.source)
        return written + text[done:]

    def role(self, span: document.Role,
             link: Callable[[str, str, str], str]) -> str:
        """Return what stands for a role."""
        if span.name in ROLES:
            return link(self.page, span.name, span.target)
        if span.name == 'bibliography':
            return self.references.bibliography()
        return anchor(span.target) if span.name == 'label' else span.source

    def fence(self, block: document.Fence) -> str:
        if block.info == 'toc':
            return contents(block.content, self.page, self.references)
        if block.info != 'eval_rst':
            return block.source
        if block.content.strip() == '.. layer-costs::':
            return layer_costs(self.name)
        return block.source.replace('eval_rst', 'rst', 1)


def contents(toc, page, references):
    """Return a table of contents as a list of links to notebooks."""
    pages = [os.path.join(os.path.dirname(page), line) for line in
             toc.splitlines() if line and not line.startswith(':')]
    return '\n'.join(
        f'* [{references.title(other)}]('
        f'{os.path.relpath(other, os.path.dirname(page) or ".")}.ipynb)'
        for other in pages if Path(f'{other}.md').exists())


def layer_costs(name):
    """Return the table that `.. layer-costs::` stands for."""
    head, *body = costs.table()
    rows = [head, ['---'] * len(head), *body]
    return (f'{anchor(costs.LABEL)}\n\n**{name("numref", costs.LABEL)}** '
            f'{say("costs_caption")}\n\n'
            + '\n'.join(f'| {" | ".join(row)} |' for row in rows))


def provenance(record):
    """Return the record of a training as Markdown."""
    blocks = [f'*{record.line}*']
    if record.warning:
        title, text = record.warning
        blocks.insert(0, f'> **{title}**\n>\n> {text}')
    return '\n\n'.join(blocks)


def clear(nb):
    """Remove the outputs, and what says where they come from."""
    for cell in code_cells(nb):
        cell.outputs, cell.execution_count = [], None
        cell.metadata.pop('provenance', None)


def write_colab(book):
    """Write the notebooks for Colab, which shows no SVG and no local file.

    Each stands alone, so the pages offer them as downloads, too.
    """
    def finish(nb, page, tab):
        nb.metadata['colab'] = {'provenance': [], 'toc_visible': True}
        for cell in nb.cells:
            if cell.cell_type == 'markdown':
                cell.source = for_colab(cell.source, page, tab, book.about)
        if tab == 'mxnet' and code_cells(nb):
            nb.cells[0].source += f' {say("old_python")}'

    generate(book, book._colab, COLAB, finish)
    for folder in COLAB.glob('*/img'):
        shutil.rmtree(folder)


def write_sagemaker(book):
    """Write the notebooks for SageMaker."""
    generate(book, book._sagemaker, SAGEMAKER, lambda nb, page, tab: None)


def generate(book, generator, folder, finish):
    """Let d2lbook write notebooks into a folder; `finish` each of them."""
    new = empty(aside(folder))
    for tab in book.config.tabs:
        if generator.valid():
            generator.generate_notebooks(str(NOTEBOOKS / tab), str(new / tab),
                                         None)
        else:       # config.ini names no repository
            shutil.copytree(NOTEBOOKS / tab, new / tab)
        for path in sorted((new / tab).rglob('*.ipynb')):
            nb = nbformat.read(path, as_version=4)
            for cell in code_cells(nb)[:1]:     # d2lbook's, in any order
                if cell.source.startswith('!pip '):
                    cell.source = ''.join(sorted(
                        cell.source.splitlines(keepends=True)))
            finish(nb, path.relative_to(new / tab).with_suffix(''), tab)
            number_cells(nb)
            write_notebook(nb, path)
    swap(folder, new)


def for_colab(text, page, tab, about):
    """Return text with its figures inside and its links to Colab."""
    written, done = '', 0
    for span in spans_of(text):
        start = text.find(span.source, done)
        if start < 0 or not isinstance(span, document.Link | document.Image):
            continue
        before, _, after = span.source.rpartition('](')
        path, sign, place = span.target.partition('#')
        target = local(page.parent, path)
        if isinstance(span, document.Image) and target.is_file():
            after = f'{inside(target)})'
        elif target.suffix == '.ipynb' and ':' not in path and (
                address := about.colab_address(
                    target.with_suffix('').as_posix(), tab)):
            after = f'{address}{sign}{place})'
        written += f'{text[done:start]}{before}]({after}'
        done = start + len(span.source)
    return written + text[done:]


def inside(path: Path) -> str:
    """Return the address of a picture that holds it; an SVG as PNG."""
    kind, content = mimetypes.guess_type(path)[0], path.read_bytes()
    if path.suffix == '.svg':
        kind, content = 'image/png', png(str(path))
    return f'data:{kind};base64,{base64.b64encode(content).decode()}'


@functools.cache
def png(path):
    """Return a figure as PNG, in the book's fonts, at twice its size."""
    return resvg_py.svg_to_bytes(
        svg_path=path, zoom=2, dpi=96, font_files=font_files(),
        sans_serif_family='Pretendard Variable', serif_family='STIX Two Math')


@functools.cache
def font_files():
    """Return the book's fonts unpacked, which resvg wants."""
    folder = BUILD / 'fonts'
    folder.mkdir(exist_ok=True)
    files = {file: folder / f'{file.stem}.ttf' for file in FONTS}
    for file, unpacked in files.items():
        if not unpacked.exists():
            with TTFont(file) as font:
                font.flavor = None
                font.save(unpacked)
    return list(map(str, files.values()))
