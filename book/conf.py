"""The Sphinx configuration of the book."""

from pathlib import Path

from sphinxcontrib.bibtex.plugin import register_plugin
from sphinxcontrib.bibtex.style.referencing import BracketStyle
from sphinxcontrib.bibtex.style.referencing.author_year import \
    AuthorYearReferenceStyle

BOOK = Path(__file__).parent

project = '잔차 네트워크'
author = 'd2l-resnet-ko'
copyright = '2026, d2l-resnet-ko'
language = 'ko'
root_doc = 'index'
extensions = ['sphinx.ext.autodoc', 'sphinxcontrib.bibtex', 'book.mathml']
autodoc_mock_imports = ['mxnet']     # is in another environment

numfig = True
numfig_secnum_depth = 1
numfig_format = {'figure': '그림 %s', 'table': '표 %s', 'code-block': '코드 %s',
                 'section': '%s절'}

highlight_language = 'none'       # what cells print is not code
default_role = 'code'             # `names` in docstrings

html_theme = 'sphinx_book_theme'
html_title = project
html_math_renderer = 'mathml'
html_static_path = [str(BOOK / 'static')]
html_css_files = ['book.css']
html_js_files = [('tabs.js', {'loading_method': 'none'})]
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {
    'show_toc_level': 2,
    'use_download_button': False,
    'use_fullscreen_button': False,
    'navbar_start': [], 'navbar_center': [], 'navbar_end': [],
    'navbar_persistent': [],
    'footer_content_items': ['copyright.html'],
    'footer_start': [], 'footer_center': [], 'footer_end': [],
}

bibtex_bibfiles = [str(BOOK.parent / 'references.bib')]
bibtex_default_style = 'apa'


class RoundBrackets(AuthorYearReferenceStyle):
    """Cite as (He et al., 2016) and He et al. (2016)."""

    def __init__(self):
        round_brackets = BracketStyle(left='(', right=')')
        super().__init__(bracket_parenthetical=round_brackets,
                         bracket_textual=round_brackets,
                         bracket_author=round_brackets,
                         bracket_label=round_brackets,
                         bracket_year=round_brackets)


register_plugin('sphinxcontrib.bibtex.style.referencing', 'round',
                RoundBrackets)
bibtex_reference_style = 'round'
