"""Parse the HTML of a page once, and work on it.

What a cell printed folds if it is long, names in code get links; previews and
the search learn what is found where.
"""

from bs4 import BeautifulSoup

from book.pages import dark, data, downloads, folding, links, narrow, search


def setup(app):
    app.connect('html-page-context', work)
    dark.setup(app)
    data.setup(app)
    search.setup(app)
    return {'env_version': 1,       # what search keeps of a page
            'parallel_read_safe': True,
            'parallel_write_safe': True}


def work(app, pagename, templatename, context, doctree):
    if doctree is None:
        return
    body = BeautifulSoup(context['body'], 'html.parser')
    for part in body.select('[id] > [id]'):
        wrapper = part.parent
        if wrapper and wrapper.get('id') == part['id']:
            del wrapper['id']           # Furo's, which takes the id as well
    folding.fold(body)
    narrow.mark(body)
    dark.offer(body)
    links.link_names(body, app, pagename)
    if pagename == app.config.root_doc and (contents := body.select_one(
            '.toctree-wrapper')):
        contents.insert_before(BeautifulSoup(downloads.front(app),
                                             'html.parser'))
    context['body'] = str(body)
    data.write_page(body, app, pagename)
    search.collect(body, app, pagename)
