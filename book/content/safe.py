"""Outputs that run nothing and load nothing, whoever shows them.

What a cell shows may come from anywhere. It is made safe where it enters the
book, so that it is so in every format, and in a drawing opened by itself.
"""

from xml.dom import XMLNS_NAMESPACE, minidom
from xml.parsers.expat import ExpatError

import nh3
from bs4 import BeautifulSoup
from nbformat import NotebookNode, from_dict

TAGS = nh3.ALLOWED_TAGS - {'acronym', 'center', 'hgroup', 'map', 'area',
                           'rtc', 'strike', 'tt'} | {'tfoot'}    # obsolete
ATTRIBUTES = {'*': {'dir', 'lang', 'style', 'title'}, 'a': {'href'},
              'td': {'colspan', 'rowspan'}, 'ol': {'start'},
              'th': {'colspan', 'rowspan', 'scope'},
              'img': {'alt', 'height', 'src', 'width'}}
STYLES = {'background-color', 'color', 'font-style', 'font-weight',
          'text-align'}
SVG = 'http://www.w3.org/2000/svg'
DRAWN = {
    'circle', 'clipPath', 'defs', 'desc', 'ellipse', 'feBlend',
    'feColorMatrix', 'feComposite', 'feFlood', 'feGaussianBlur', 'feMerge',
    'feMergeNode', 'feOffset', 'filter', 'g', 'image', 'line',
    'linearGradient', 'marker', 'mask', 'path', 'pattern', 'polygon',
    'polyline', 'radialGradient', 'rect', 'stop', 'style', 'svg', 'symbol',
    'text', 'textPath', 'title', 'tspan', 'use'}
PIXELS = tuple(f'data:image/{kind};' for kind in ('png', 'jpeg', 'gif',
                                                  'webp'))
TEXTS = 'text/plain', 'text/html', 'text/markdown', 'text/latex'
# What XML cannot hold: Unicode has a picture of each control character.
UNSEEN = {code: chr(0x2400 + code) for code in range(0x20)
          if chr(code) not in '\t\n'} | {0x7f: '\u2421'} | {
          code: '\ufffd' for code in (*range(0xd800, 0xe000), 0xfffe, 0xffff)}


def safe(output: NotebookNode) -> NotebookNode:
    """Return an output with pictures and texts alone, which run nothing."""
    if 'data' not in output:
        return output
    data = {kind: content for kind, content in output.data.items()
            if kind in TEXTS or kind.startswith('image/')}
    for kind, made in ('text/html', well_formed), ('image/svg+xml', drawing):
        if content := made(''.join(data.pop(kind, ''))):
            data[kind] = content
    return from_dict({**output, 'data': data})


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


def drawing(svg: str) -> str:
    """Return an SVG with what it draws alone, '' if it is none."""
    try:
        root = minidom.parseString(svg).documentElement
    except (ExpatError, ValueError):
        return ''
    if not root or not is_drawn(root) or root.localName != 'svg':
        return ''
    for node in [root, *root.getElementsByTagName('*')]:
        for child in [*node.childNodes]:
            if not isinstance(child, minidom.Text) and not is_drawn(child):
                node.removeChild(child)
        for attribute in [*(node.attributes or {}).values()]:
            if not draws(attribute):
                node.removeAttributeNode(attribute)
    return root.toxml()


def is_drawn(node: minidom.Node) -> bool:
    """Tell whether a node is an element of SVG that draws."""
    return node.namespaceURI == SVG and node.localName in DRAWN


def draws(attribute: minidom.Attr) -> bool:
    """Tell whether an attribute draws, and neither runs nor leads away."""
    name = str(attribute.localName)
    if name == 'href':
        return attribute.value.startswith(('#', *PIXELS))
    return name in ('lang', 'space') or not name.startswith('on') and (
        attribute.namespaceURI in (None, XMLNS_NAMESPACE))
