"""Write the data that the search looks through: an entry a heading.

The search itself is static/search.js. Sphinx's own, which does not split
Korean, is left out.
"""

import json
import unicodedata
from pathlib import Path

from bs4 import BeautifulSoup
from sphinx.application import Sphinx

from book.frameworks import FRAMEWORKS, TABS
from book.pages.data import write_data

# These pages describe the same names, each for one framework.
TAB_OF = {f'api/{framework.module}': tab
          for tab, framework in FRAMEWORKS.items()}
NOISE = ('.headerlink, .output, .provenance, .toctree-wrapper, .sig-prename, '
         '[role=tablist], .tab-name, [role=tabpanel] .admonition')
GLOSSARY = 'glossary'      # the section that says which words are not used
# What only Sphinx's own search needs; one evaluates a string.
SCRIPTS = {f'_static/{name}.js' for name in (
    'documentation_options', 'doctools', 'sphinx_highlight', 'translations')}


def setup(app):
    app.connect('builder-inited', without_search)
    app.connect('html-page-context', without_scripts)
    app.connect('build-finished', write)


def without_search(app):
    app.builder.search = False


def without_scripts(app, page, template, context, doctree):
    context['script_files'] = [script for script in context['script_files']
                               if script.filename not in SCRIPTS]


def collect(body: BeautifulSoup, app: Sphinx, page: str) -> None:
    """Keep what is found on a page, whose body is taken apart."""
    path = kept(app, page)
    path.parent.mkdir(parents=True, exist_ok=True)
    said = synonyms(body) if page.endswith(GLOSSARY) else {}
    path.write_text(json.dumps({'synonyms': said, 'found': read(body)}),
                    encoding='utf-8')


def synonyms(body: BeautifulSoup) -> dict[str, str]:
    """Return the words of a glossary's last column, with their terms."""
    rows = [[text_of(cell) for cell in row('td')]
            for row in body.select('tbody tr')]
    return {word.strip(): row[0] for row in rows
            for word in row[-1].split(',') if word.strip()}


def kept(app: Sphinx, page: str) -> Path:
    """Return where what is found on a page stays from build to build."""
    return Path(app.doctreedir, 'search', f'{page}.json')


def write(app, error):
    """Write the data from all pages, those of earlier builds included."""
    if error or app.builder.name != 'html':
        return
    entries: dict[str, dict] = {}
    said: dict[str, str] = {}
    for page in sorted(app.env.all_docs):
        tab = TAB_OF.get(page, '')
        of_page = json.loads(kept(app, page).read_text(encoding='utf-8'))
        found = of_page['found']
        said |= of_page['synonyms']
        _, page_title, page_number, _ = found[0]
        for anchor, title, number, texts in found:
            url = f'{page}.html#{anchor}'
            # What the frameworks share is found once, not four times.
            entry = entries.setdefault(title if tab else url, {
                'title': title, 'places': {}, 'texts': {}})
            entry['places'][tab] = {
                'url': url, 'number': number,
                'page': f'{page_number} {page_title}'.strip()}
            entry['texts'] |= {where or tab: text for where, text in
                               texts.items() if text}
    write_data(app.outdir, 'search', {'entries': [*entries.values()],
                                      'synonyms': said})


def read(article):
    """Return anchor, title, number and texts of all that is found by itself.

    The first is the page. The texts are one a framework, and '' for what all
    frameworks share.
    """
    for noise in article.select(NOISE):
        noise.decompose()
    found: list[tuple] = []
    # From the last to the first: what lies within another is taken out of it.
    for part in reversed(article.select('section, dl.py')):
        heading = part.find(['h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'dt'])
        number = heading.find(class_='section-number')
        number = text_of(number.extract()).rstrip('.') if number else ''
        if part.name == 'section':
            anchor, title = part['id'], text_of(heading.extract())
        else:
            anchor = heading['id']
            title = anchor.split('.', 2)[2]     # d2l.torch.Trainer.fit
        panels = [panel.extract() for panel in part.select('[role=tabpanel]')]
        texts = {tab: ' '.join(text_of(panel) for panel in panels
                               if panel['data-tab'] == tab)
                 for tab in TABS} | {'': text_of(part)}
        found.insert(0, (anchor, title, number, texts))
        part.extract()
    return found


def text_of(node):
    """Return the text of a node, formulas in plain letters, on one line."""
    return ' '.join(unicodedata.normalize('NFKC', node.get_text()).split())
