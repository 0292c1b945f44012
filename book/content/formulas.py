"""Formulas as MathML, or the error that says what is wrong with one.

Browsers, screen readers and EPUB readers show MathML by themselves: no script
and no network is needed to read a formula. Temml converts it, in a JavaScript
engine that comes as a Python package.
"""

import functools
import json
import unicodedata
from contextlib import suppress
from pathlib import Path
from xml.etree import ElementTree

from quickjs import Context, JSException

TEMML = Path(__file__).with_name('vendor') / 'temml-0.13.5.js'
MATHML = 'http://www.w3.org/1998/Math/MathML'
ElementTree.register_namespace('', MATHML)
# Temml does not know it: text between two lines of an `aligned`.
MACROS = {r'\intertext': r'&\text{#1}\\'}
# Temml's classes of which every format's style sheet tells the look: a page's
# policy allows no inline styles.
CLASSES = 'tml-left', 'tml-right', 'tml-jot', 'tml-box'
# A stroke that browsers do not draw, by what draws it: element and operator.
STROKES = {'top': ('mover', '\u203e'), 'bottom': ('munder', '_')}
# What holds a letter and its accent, and the attribute that says so.
ACCENTED = {f'{{{MATHML}}}mover': 'accent',
            f'{{{MATHML}}}munder': 'accentunder'}
ALIGNED = r'\begin{aligned}'
LEVELLED = 'mstyle', 'mtable'      # elements that may say how small they are


class FormulaError(ValueError):
    """A formula that cannot be converted: the message says what is wrong."""


@functools.cache
def engine():
    """Return the JavaScript engine with Temml in it."""
    context = Context()
    context.eval(TEMML.read_text(encoding='utf-8'))
    return context


def convert(formula: str, display: str = 'inline') -> str:
    """Return a formula as MathML; `display`: inline or block.

    Raises FormulaError.
    """
    options = {'displayMode': display == 'block', 'throwOnError': True,
               'xml': True, 'macros': MACROS}
    try:
        math = ElementTree.fromstring(engine().eval(
            f'temml.renderToString({json.dumps(formula)}, '
            f'{json.dumps(options)})'))
    except (JSException, ElementTree.ParseError) as error:
        if display == 'block' and '&' in formula and not (
                formula.startswith(ALIGNED)):    # as Sphinx does for LaTeX
            with suppress(FormulaError):
                return convert(rf'{ALIGNED}{formula}\end{{aligned}}', display)
        what = str(error).partition('\n    at ')[0].replace('\u0332', '')
        what = ' '.join(what.removeprefix('ParseError:').split())
        raise FormulaError(f'the formula ${formula.strip()}$ cannot be '
                           f'converted: {what}') from None
    for node in reversed(list(math.iter())):    # inner ones first
        dress(node, formula)
    math.attrib = {'display': display}
    return ElementTree.tostring(math, encoding='unicode',
                                short_empty_elements=False)


def spoken(formula: str) -> str:
    """Return a formula in letters, as it can be read out."""
    try:
        math = ElementTree.fromstring(convert(formula))
    except FormulaError:        # of which its page tells
        return formula
    text = unicodedata.normalize('NFKC', ''.join(math.itertext()))
    return ''.join(letter for letter in text        # no invisible operators
                   if unicodedata.category(letter) != 'Cf')


def dress(node, formula):
    """Say in MathML Core, without inline styles, how an element looks."""
    names = node.attrib.pop('class', '').split()
    style = dict(part.split(':', 1) for part in
                 node.attrib.pop('style', '').split(';') if ':' in part)
    stroke = node.attrib.pop('notation', '')
    if 'border' in style or stroke == 'box':
        node.tag = f'{{{MATHML}}}mrow'
        names.append('tml-box')
    elif stroke in STROKES:
        tag, operator = STROKES[stroke]
        node.tag = f'{{{MATHML}}}{tag}'
        ElementTree.SubElement(node, f'{{{MATHML}}}mo',
                               stretchy='true').text = operator
    elif stroke:
        raise FormulaError(f'the formula ${formula.strip()}$ cannot be '
                           'converted: browsers draw no strokes')
    if 'color' in style:
        node.set('mathcolor', style['color'])
    if kept := [name for name in names if name in CLASSES]:
        node.set('class', ' '.join(kept))
    if style.get('math-depth') == '0':
        node.set('accent', 'true')
    # Browsers place an accent close to its letter where the pair says so.
    if node.tag in ACCENTED and node[-1].attrib.pop('accent', None):
        node.set(ACCENTED[node.tag], 'true')
    for number in node.findall(f'{{{MATHML}}}span'):
        node.remove(number)             # of a line: Sphinx numbers
    wrap_levels(node)


def wrap_levels(node):
    """Give children of a level an mstyle: EPUB has levels in few elements."""
    for position, child in enumerate(node):
        if child.tag.removeprefix(f'{{{MATHML}}}') not in LEVELLED:
            levels = {name: child.attrib.pop(name)
                      for name in ('scriptlevel', 'displaystyle')
                      if name in child.attrib}
            if levels:
                style = ElementTree.Element(f'{{{MATHML}}}mstyle', levels)
                style.append(child)
                node[position] = style
