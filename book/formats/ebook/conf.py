"""The Sphinx configuration of the PDF and the EPUB.

Each shows one framework, whose tab is the tag.
"""

from pathlib import Path

from docutils.writers.latex2e import Babel
from sphinx.util import texescape
from sphinx.util.tags import Tags

from book.formats.ebook import cover
from book.frameworks import FRAMEWORKS
from book.pages.common import *
from book.words import say

HERE = Path(__file__).parent
tags: Tags = globals()['tags']      # Sphinx puts them here
framework = next(FRAMEWORKS[tab] for tab in FRAMEWORKS if tags.has(tab))
name = f'{BOOK.name}-{framework.tab}'
title = f'{project}: {framework.name}'
LINKS = [rf'\sphinxsetup{{{kind}LinkColor={{HTML}}{{{BOOK.accent[0][1:]}}}}}'
         for kind in ('Inner', 'Outer')]
# A line may end after any syllable.
LINEBREAKS = {lang: (rf'\XeTeXlinebreaklocale "{lang[:2]}"',
                     r'\XeTeXlinebreakskip=0pt plus .06em')
              for lang in ('ko', 'ja', 'zh_CN', 'zh_TW')}

# The fonts have no pictures of control characters, for which ^A and so on
# stand, and no sign of what cannot be shown.
PICTURES = [rf'\newunicodechar{{{chr(0x2400 + code)}}}'
            rf'{{\textasciicircum\char"{code + 0x40:X} }}'
            for code in range(0x20)]
PICTURES += [r'\newunicodechar{␡}{\textasciicircum ?}',
             r'\newunicodechar{�}{\textbf{?}}']

exclude_patterns = ['api/*']        # which is on the web
suppress_warnings = ['toc.excluded']
extensions += ['sphinxcontrib.rsvgconverter', 'book.formats.ebook.builder']

Babel.language_codes['ko'] = 'korean'       # else Sphinx warns
latex_engine = 'xelatex'
today = ' '         # the title page tells the release
texescape.init()    # as it is not yet
latex_documents = [(root_doc, f'{name}.tex', *(
    texescape.escape(text, latex_engine) for text in (title, author)),
    'manual')]
latex_additional_files = [str(cover.folder_of(framework.tab, 'pdf')
                              / 'front.pdf')]
latex_use_xindy = False
latex_table_style = ['booktabs']
latex_elements = {
    'papersize': 'a4paper', 'extraclassoptions': 'oneside,openany',
    'polyglossia': '', 'fncychap': '', 'maketitle': r'\coverpage',
    'makeindex': '', 'printindex': '',
    'fontpkg': '',
    'pxunit': '.65bp', 'preamble': '\n'.join([
        (HERE / 'book.tex').read_text('utf-8'), *LINKS,
        r'\usepackage{newunicodechar}', *PICTURES,
        *LINEBREAKS.get(language, ()),
        rf'\renewcommand\contentsname{{{say("contents")}}}',
        rf'\renewcommand\bibname{{{say("references")}}}'])}

epub_basename = name
epub_title = title
epub_description = BOOK.description
epub_contributor = epub_publisher = author
epub_identifier = epub_uid = f'{name}-{release}'
epub_show_urls = 'no'
epub_use_index = False
epub_css_files = ['book.css']
epub_cover = '_static/front.png', 'epub-cover.html'
html_static_path = [str(HERE / 'static'), *(    # is not there for the PDF
    str(folder) for folder in [cover.folder_of(framework.tab, 'png')]
    if folder.exists())]
