"""Write search.json, which the search looks through: an entry a heading.

The search itself is static/search.js. Sphinx's own, which does not split
Korean, is left out.
"""

import json
import unicodedata

from bs4 import BeautifulSoup

from book.execute import MODULES

# These pages describe the same names, each for one framework.
TAB_OF = {f'api/{module}': tab for tab, module in MODULES.items()}
NOISE = ('.headerlink, .output, .provenance, .toctree-wrapper, .sig-prename, '
         '[role=tablist], .tab-name, [role=tabpanel] .admonition')
# What only Sphinx's own search needs; one evaluates a string.
SCRIPTS = {f'_static/{name}.js' for name in (
    'documentation_options', 'doctools', 'sphinx_highlight', 'translations')}


def setup(app):
    app.add_css_file('search.css')
    app.add_js_file('search.js', type='module')
    app.connect('builder-inited', without_search)
    app.connect('html-page-context', without_scripts)
    app.connect('build-finished', write)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}


def without_search(app):
    app.builder.search = False


def without_scripts(app, page, template, context, doctree):
    context['script_files'] = [script for script in context['script_files']
                               if script.filename not in SCRIPTS]


def write(app, error):
    """Write search.json from all pages, those of earlier builds included."""
    if error or app.builder.name != 'html':
        return
    entries = {}
    for page in sorted(app.env.all_docs):
        path = app.outdir / f'{page}.html'
        article = BeautifulSoup(path.read_bytes(), 'html.parser').article
        tab = TAB_OF.get(page, '')
        found = read(article)
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
    (app.outdir / 'search.json').write_text(
        json.dumps([*entries.values()], ensure_ascii=False), encoding='utf-8')


def read(article):
    """Return anchor, title, number and texts of all that is found by itself.

    The first is the page. The texts are one a framework, and '' for what all
    frameworks share.
    """
    for noise in article.select(NOISE):
        noise.decompose()
    found = []
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
                 for tab in MODULES} | {'': text_of(part)}
        found.insert(0, (anchor, title, number, texts))
        part.extract()
    return found


def text_of(node):
    """Return the text of a node, formulas in plain letters, on one line."""
    return ' '.join(unicodedata.normalize('NFKC', node.get_text()).split())
