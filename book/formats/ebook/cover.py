"""The cover of the PDF and the EPUB: the book's title above its figure."""

import subprocess
import textwrap
from html import escape
from pathlib import Path
from xml.dom import minidom

import resvg_py

from book.config import Config
from book.formats.notebooks import font_files, inside
from book.frameworks import Framework
from book.pages.images import size_of
from book.paths import BUILD, ROOT

WIDTH, HEIGHT, MARGIN = 1200, 1697, 120     # as paper's
LETTERS = 11        # of a title on a line
FONT = "'Noto Sans CJK KR', sans-serif"


def write(about: Config, framework: Framework, kind: str) -> None:
    """Write the cover of a framework's book as `kind`: pdf or png."""
    folder = folder_of(framework.tab, kind)
    folder.mkdir(parents=True, exist_ok=True)
    drawing = folder.with_suffix('.svg')
    drawing.write_text(draw(about, framework), encoding='utf-8')
    path = folder / f'front.{kind}'     # img/ may hold a cover.svg
    if kind == 'png':
        path.write_bytes(resvg_py.svg_to_bytes(
            svg_path=str(drawing), font_files=font_files(),
            sans_serif_family='Pretendard Variable'))
    else:
        subprocess.run(['rsvg-convert', '--format', kind, '--output', path,
                        drawing], check=True)


def folder_of(tab: str, kind: str) -> Path:
    """Return where the cover lies, alone; Sphinx reads in another folder."""
    return ROOT / BUILD / 'covers' / f'{tab}-{kind}'


def draw(about: Config, framework: Framework) -> str:
    """Return the cover as SVG."""
    lines = [(line, 104, 'bold') for line in
             textwrap.wrap(about.title, LETTERS)]
    parts, y = [], 330
    for line, size, weight in [*lines, (framework.name, 60, 'normal')]:
        parts.append(text(line, y, size, weight))
        y += 140
    parts.append(text(about.author, HEIGHT - 190, 40, 'normal'))
    parts.append(text(about.release, HEIGHT - 130, 40, 'normal'))
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" '
            f'height="{HEIGHT}"><rect width="{WIDTH}" height="{HEIGHT}" '
            f'fill="white"/>{figure(about.cover, y)}{"".join(parts)}</svg>')


def text(content: str, y: int, size: int, weight: str) -> str:
    return (f'<text x="{MARGIN}" y="{y}" style="font: {weight} {size}px '
            f'{FONT}; text-anchor: start; fill: #1f2933">{escape(content)}'
            '</text>')


def figure(cover: str, y: int) -> str:
    """Return the book's figure, a path or '', across the page."""
    if not cover:
        return ''
    path = ROOT / cover
    width, height = size_of(path)
    if path.suffix == '.svg':
        svg = minidom.parse(str(path)).documentElement
    else:
        svg = minidom.Document().createElement('image')
        svg.setAttribute('href', inside(path))
    assert svg
    if not svg.hasAttribute('viewBox'):
        svg.setAttribute('viewBox', f'0 0 {width} {height}')
    for name, value in [('x', MARGIN), ('y', y + 60), (
            'width', WIDTH - 2 * MARGIN), (
            'height', (WIDTH - 2 * MARGIN) * height / width)]:
        svg.setAttribute(name, str(value))
    return svg.toxml()
