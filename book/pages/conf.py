"""The Sphinx configuration of the pages."""

from html import escape
from pathlib import Path

from sphinx.locale import translators
from sphinx.util.tags import Tags

from book.pages.common import *
from book.words import say, words

HERE = Path(__file__).parent
tags: Tags = globals()['tags']      # Sphinx puts them here

extensions += ['book.pages.html', 'book.pages.reading',
               'book.pages.downloads', 'book.pages.fonts', 'book.pages.api']

html_theme = 'furo'
html_title = escape(project)     # it is HTML
templates_path = [str(HERE / 'templates')]
if tags.has('site'):
    html_sidebars = {'**': [f'sidebar/{name}.html' for name in (
        'brand', 'search', 'scroll-start', 'navigation', 'downloads',
        'scroll-end')]}
html_static_path = [str(HERE / 'static')]
html_context = {'frameworks': {     # tab: name
    tab: framework.name for tab, framework in SHOWN.items()},
    'pages': words('pages'), 'words': words('scripts'),
    'accent': BOOK.accent}
html_css_files = ['book.css', 'colours.css', 'tabs.css', 'search.css']
html_js_files = [(name, {'defer': 'defer'}) for name in (
    'words.js', 'data.js', 'images.js', 'download.js', 'scroll.js',
    'compare.js', 'copy.js', 'preview.js', 'function-classes.js', 'costs.js',
    'search.js')]
html_favicon = str(HERE / 'static/favicon.svg')
pygments_dark_style = 'a11y-high-contrast-dark'
locale_dirs = [str(ROOT / 'api/locale')]    # of docstrings
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False


def without_flax_fields(app, what, name, obj, options, signature, returned):
    """Leave `parent` and `name`, which Flax adds, out of JAX's signatures."""
    if signature and ', parent:' in signature:
        return signature.partition(', parent:')[0] + ')', returned


def with_places(app, what, name, obj, options, lines):
    """Link to the section where a saved name is defined."""
    for i, line in enumerate(lines):
        if line.startswith('Defined in '):
            lines[i] = f'{say("defined")}: :numref:`{line.split()[-1]}`'


def setup(app):
    app.connect('autodoc-process-signature', without_flax_fields)
    app.connect('autodoc-process-docstring', with_places)
    theme = {said: ours for said, ours in words('theme').items()
             if said != ours}
    if theme:       # gettext has no other way in
        translations = translators['general', 'sphinx']
        catalog = translations._catalog     # type: ignore[attr-defined]
        catalog.update(theme)
