"""The Sphinx configuration of the book."""

from pathlib import Path

from docutils.writers.latex2e import Babel
from sphinx.locale import translators
from sphinxcontrib.bibtex.plugin import register_plugin
from sphinxcontrib.bibtex.style.referencing import BracketStyle
from sphinxcontrib.bibtex.style.referencing.author_year import \
    AuthorYearReferenceStyle

from book.provenance import NAMES
from d2l import __version__

BOOK = Path(__file__).parent

project = '잔차 네트워크'
author = 'd2l-resnet-ko'
copyright = '2026, d2l-resnet-ko'
version = release = __version__
language = 'ko'
root_doc = 'index'
extensions = ['sphinx.ext.autodoc', 'sphinxcontrib.bibtex', 'book.mathml',
              'book.images', 'book.costs']
WEB = ['book.links', 'book.folding', 'book.reading', 'book.downloads',
       'book.fonts', 'book.search']
autodoc_mock_imports = ['mxnet']     # is in another environment

numfig = True
numfig_secnum_depth = 1
numfig_format = {'figure': '그림 %s', 'table': '표 %s', 'code-block': '코드 %s',
                 'section': '%s절'}

highlight_language = 'none'       # what cells print is not code
default_role = 'code'             # `names` in docstrings

html_theme = 'furo'
html_title = project
html_math_renderer = 'mathml'
templates_path = [str(BOOK / 'templates')]
if tags.has('site'):
    html_sidebars = {'**': [f'sidebar/{name}.html' for name in (
        'brand', 'search', 'scroll-start', 'navigation', 'downloads',
        'scroll-end')]}
html_static_path = [str(BOOK / 'static')]
html_css_files = ['book.css']
html_js_files = [(name, {'type': 'module'}) for name in (
    'scroll.js', 'compare.js', 'copy.js', 'preview.js',
    'function-classes.js', 'costs.js')]
html_favicon = str(BOOK / 'static/favicon.svg')
pygments_style = 'a11y-high-contrast-light'
pygments_dark_style = 'a11y-high-contrast-dark'
html_scaled_image_link = False
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
TRANSLATIONS = {    # of the theme's words, which has none
    'On this page': '이 쪽의 차례', 'Next': '다음', 'Previous': '이전',
    'Home': '처음', 'Back to top': '맨 위로', 'Skip to content': '본문으로',
    'Made with ': '만든 도구: ', 'Link to this heading': '이 제목의 주소',
    'Link to this image': '이 그림의 주소', 'Link to this table': '이 표의 주소',
    'Link to this equation': '이 식의 주소',
    'Link to this definition': '이 정의의 주소'}

# A PDF or an EPUB shows one framework, whose name is the tag; the pages about
# the package are on the web.
if tab := next(filter(tags.has, NAMES), None):
    exclude_patterns = ['api/*']
    suppress_warnings = ['toc.excluded']
    name = f'd2l-resnet-ko-{tab}'
    title = f'{project}: {NAMES[tab]}'
    extensions += ['sphinxcontrib.rsvgconverter', 'book.epub']
    rst_prolog = f'.. |framework| replace:: {NAMES[tab]}'
    # of the web
    templates_path, html_js_files = [], []
    html_static_path = [str(BOOK / 'ebook')]

    Babel.language_codes['ko'] = 'korean'       # else Sphinx warns
    latex_engine = 'xelatex'
    today = ' '         # the title page tells the release
    latex_documents = [(root_doc, f'{name}.tex', title, author, 'manual')]
    latex_use_xindy = False
    latex_table_style = ['booktabs']
    latex_elements = {
        'papersize': 'a4paper', 'extraclassoptions': 'oneside,openany',
        'polyglossia': '', 'fncychap': '',
        'makeindex': '', 'printindex': '',
        'fontpkg': '',
        'pxunit': '.65bp', 'preamble': (BOOK / 'book.tex').read_text('utf-8')}

    epub_basename = name
    epub_title = title
    epub_description = '잔차 네트워크를 설명하는 한국어 교과서'
    epub_contributor = epub_publisher = author
    epub_identifier = epub_uid = f'{name}-{release}'
    epub_show_urls = 'no'
    epub_use_index = False
    epub_css_files = ['book.css']
else:
    extensions += WEB
    rst_prolog = '.. |framework| replace:: 프레임워크'

bibtex_bibfiles = [str(BOOK.parent / 'references.bib')]
bibtex_default_style = 'apa'
bibtex_cite_id = 'cite-{key}'      # a link to it lasts


class RoundBrackets(AuthorYearReferenceStyle):
    """Cite as (He et al., 2016) and He et al. (2016)."""

    def __init__(self):
        round_brackets = BracketStyle(left='(', right=')', sep='; ',
                                      sep2='; ', last_sep='; ')
        super().__init__(bracket_parenthetical=round_brackets,
                         bracket_textual=round_brackets,
                         bracket_author=round_brackets,
                         bracket_label=round_brackets,
                         bracket_year=round_brackets)


register_plugin('sphinxcontrib.bibtex.style.referencing', 'round',
                RoundBrackets)
bibtex_reference_style = 'round'


def without_flax_fields(app, what, name, obj, options, signature, returned):
    """Leave `parent` and `name`, which Flax adds, out of JAX's signatures."""
    if signature and ', parent:' in signature:
        return signature.partition(', parent:')[0] + ')', returned


def setup(app):
    app.connect('autodoc-process-signature', without_flax_fields)
    translators['general', 'sphinx']._catalog.update(TRANSLATIONS)
