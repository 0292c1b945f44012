"""The Sphinx configuration of the pages."""

from pathlib import Path

from sphinx.locale import translators
from sphinx.util.tags import Tags

from book.frameworks import FRAMEWORKS
from book.pages.common import *

HERE = Path(__file__).parent
tags: Tags = globals()['tags']      # Sphinx puts them here

extensions += ['book.pages.html', 'book.pages.reading',
               'book.pages.downloads', 'book.pages.fonts']

html_theme = 'furo'
html_title = project
templates_path = [str(HERE / 'templates')]
if tags.has('site'):
    html_sidebars = {'**': [f'sidebar/{name}.html' for name in (
        'brand', 'search', 'scroll-start', 'navigation', 'downloads',
        'scroll-end')]}
html_static_path = [str(HERE / 'static')]
html_context = {'frameworks': {     # tab: name
    tab: framework.name for tab, framework in FRAMEWORKS.items()}}
html_css_files = ['book.css', 'tabs.css', 'search.css']
html_js_files = [(name, {'defer': 'defer'}) for name in (
    'data.js', 'download.js', 'scroll.js', 'compare.js', 'copy.js',
    'preview.js', 'function-classes.js', 'costs.js', 'search.js')]
html_favicon = str(HERE / 'static/favicon.svg')
pygments_dark_style = 'a11y-high-contrast-dark'
locale_dirs = [str(ROOT / 'api/locale')]    # of docstrings
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
TRANSLATIONS = {    # of the theme's words, which has none
    'On this page': '이 쪽의 차례', 'Next': '다음', 'Previous': '이전',
    'Home': '처음', 'Back to top': '맨 위로', 'Skip to content': '본문으로',
    'Made with ': '만든 도구: ', 'Link to this heading': '이 제목의 주소',
    'Link to this image': '이 그림의 주소',
    'Link to this table': '이 표의 주소',
    'Link to this equation': '이 식의 주소',
    'Link to this definition': '이 정의의 주소'}


def without_flax_fields(app, what, name, obj, options, signature, returned):
    """Leave `parent` and `name`, which Flax adds, out of JAX's signatures."""
    if signature and ', parent:' in signature:
        return signature.partition(', parent:')[0] + ')', returned


def with_places(app, what, name, obj, options, lines):
    """Link to the section where a saved name is defined."""
    for i, line in enumerate(lines):
        if line.startswith('Defined in '):
            lines[i] = f'정의한 곳: :numref:`{line.split()[-1]}`'


def setup(app):
    app.connect('autodoc-process-signature', without_flax_fields)
    app.connect('autodoc-process-docstring', with_places)
    # gettext has no other way in.
    translations = translators['general', 'sphinx']
    catalog = translations._catalog     # type: ignore[attr-defined]
    catalog.update(TRANSLATIONS)
