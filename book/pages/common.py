"""What Sphinx is told of the book in every format: `from … import *`."""

from sphinxcontrib.bibtex.plugin import register_plugin
from sphinxcontrib.bibtex.style.referencing import BracketStyle
from sphinxcontrib.bibtex.style.referencing.author_year import (
    AuthorYearReferenceStyle,
)

from book.config import Config
from book.frameworks import FRAMEWORKS
from book.paths import ROOT
from book.words import say

BOOK = Config.read(ROOT / 'config.ini')     # Sphinx is in another folder
SHOWN = {tab: FRAMEWORKS[tab] for tab in BOOK.tabs}

project, author, copyright = BOOK.title, BOOK.author, BOOK.copyright
version = release = BOOK.release
language = BOOK.language
root_doc = 'index'
extensions = ['sphinx.ext.autodoc', 'sphinxcontrib.bibtex',
              'book.pages.mathml', 'book.pages.images', 'book.pages.costs',
              'book.pages.parser', 'book.pages.citations',
              'book.pages.undefined']
autodoc_mock_imports = ['mxnet']     # is in another environment

numfig = True
numfig_secnum_depth = 1
numfig_format = {'figure': say('figure'), 'table': say('table'),
                 'code-block': say('code'), 'section': say('section')}

highlight_language = 'none'       # what cells print is not code
default_role = 'code'             # `names` in docstrings
html_math_renderer = 'mathml'
html_scaled_image_link = False
pygments_style = 'a11y-high-contrast-light'

bibtex_bibfiles = [str(ROOT / BOOK.bibfile)] if BOOK.bibfile else []
bibtex_default_style = 'book'        # book/pages/citations.py
bibtex_cite_id = 'cite-{key}'      # a link to it lasts
bibtex_reference_style = 'round'


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
