"""Write what a page's scripts read on demand, as scripts themselves.

A page that is opened as a file may fetch nothing, but run any script that lies
beside it. `static/data.js` reads them.
"""

import copy
import json
from pathlib import Path

from bs4 import BeautifulSoup
from sphinx.application import Sphinx

from book.content.files import write

FIGURE = 'functionclasses.svg'      # which function-classes.js moves


def setup(app):
    app.connect('build-finished', write_figure)


def write_data(pages: Path, name: str, value: object) -> None:
    """Write a value beside the pages; `name` is what scripts call it."""
    text = json.dumps(value, ensure_ascii=False)
    write(Path(pages, f'_static/data/{name}.js'),
          f'book.data[{json.dumps(name)}] = {text};\n'.encode())


def write_page(body: BeautifulSoup, app: Sphinx, page: str) -> None:
    """Write what previews on other pages show of a page."""
    body = copy.copy(body)
    for unseen in body.select('.tabs, .output, .headerlink'):
        unseen.decompose()
    write_data(app.outdir, f'{page}.html', str(body))


def write_figure(app, error):
    """Write the figure that a script moves, where the book has it."""
    figure = Path(app.outdir, '_images', FIGURE)
    if not error and app.builder.format == 'html' and figure.exists():
        write_data(app.outdir, FIGURE, figure.read_text('utf-8'))
