"""Parse the HTML of a page once, and work on it.

What a cell printed folds if it is long, names in code get links, and the
search learns what is found where.
"""

from bs4 import BeautifulSoup

from book.pages import folding, links, search


def setup(app):
    app.connect('html-page-context', work)
    search.setup(app)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}


def work(app, pagename, templatename, context, doctree):
    if doctree is None:
        return
    body = BeautifulSoup(context['body'], 'html.parser')
    for part in body.select('[id] > [id]'):     # Furo's wrappers take the id
        if part['id'] == part.parent['id']:
            del part.parent['id']
    folding.fold(body)
    links.link_names(body, app, pagename)
    context['body'] = str(body)
    search.collect(body, app, pagename)
