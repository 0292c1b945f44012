"""Drawings for the dark: each SVG of a page has a second palette.

What is white becomes as dark as the page, what is black light, hues stay.
Pixels within a drawing are a picture of something, and stay as they are.
"""

import colorsys
import copy
from pathlib import Path
from xml.dom import minidom

import tinycss2
from bs4 import BeautifulSoup
from tinycss2.color3 import RGBA, parse_color

from book.content.files import write

COLORED = 'fill', 'stroke', 'color', 'stop-color', 'flood-color'
DARKEST, LIGHTEST = 0.08, 0.93      # the page's ground; its text


def setup(app):
    app.connect('build-finished', draw)


def offer(body: BeautifulSoup) -> None:
    """Put beside each drawing of a page the one for the dark."""
    for image in body.select('img[src*="_images/"][src$=".svg"]'):
        twin = copy.copy(image)
        folder, _, name = str(image['src']).rpartition('/')
        twin['src'] = f'{folder}/dark/{name}'
        for each, kind in (image, 'only-light'), (twin, 'only-dark'):
            each['class'] = ' '.join([*(each.get('class') or ()), kind])
        image.insert_after(twin)


def draw(app, error):
    """Write the drawings for the dark."""
    if not error and app.builder.format == 'html':
        for path in Path(app.outdir, '_images').glob('*.svg'):
            write(path.parent / 'dark' / path.name, darkened(path).encode())


def darkened(path: Path) -> str:
    """Return a drawing in its second palette."""
    svg = minidom.parse(str(path)).documentElement
    assert svg
    if not svg.hasAttribute('fill'):
        svg.setAttribute('fill', 'black')       # as if it were written
    for node in [svg, *svg.getElementsByTagName('*')]:
        for name in COLORED:
            if node.hasAttribute(name):
                node.setAttribute(name, value_of(
                    tinycss2.parse_component_value_list(
                        node.getAttribute(name))))
        if node.hasAttribute('style'):
            node.setAttribute('style', declarations(
                node.getAttribute('style')))
        if node.localName == 'style':
            for text in node.childNodes:
                if isinstance(text, minidom.Text):
                    text.data = ''.join(map(rule, tinycss2.parse_stylesheet(
                        text.data, skip_comments=True)))
    return svg.toxml()


def rule(parsed) -> str:
    """Return a rule of a style sheet in the second palette."""
    if parsed.type != 'qualified-rule':
        return parsed.serialize()
    return (f'{tinycss2.serialize(parsed.prelude)}'
            f'{{{declarations(parsed.content)}}}')


def declarations(style) -> str:
    return '; '.join(
        f'{each.lower_name}: {value_of(each.value)}' for each in
        tinycss2.parse_blocks_contents(style, skip_comments=True,
                                       skip_whitespace=True)
        if each.type == 'declaration')


def value_of(tokens) -> str:
    """Return a value with each color turned."""
    return ''.join(
        turned(color) if isinstance(color := parse_color(token), RGBA)
        else token.serialize() for token in tokens).strip()


def turned(color: RGBA) -> str:
    hue, light, saturation = colorsys.rgb_to_hls(*color[:3])
    light = LIGHTEST - (LIGHTEST - DARKEST) * light
    red, green, blue = (round(255 * part) for part in
                        colorsys.hls_to_rgb(hue, light, saturation))
    return f'rgba({red}, {green}, {blue}, {color.alpha:g})'
