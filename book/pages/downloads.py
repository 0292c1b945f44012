"""What a reader takes along: a page's notebooks; the site's other formats."""

from book.content.files import sha256
from book.pages.common import BOOK, SHOWN
from book.paths import DOWNLOADS, SLIDES, deck
from book.words import say


def setup(app):
    app.connect('html-page-context', offer)
    if app.tags.has('site'):
        app.connect('html-collect-pages', page_of_downloads)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}


def offer(app, pagename, templatename, context, doctree):
    """Set `notebooks` where there is code: (tab, name, Colab, file) each."""
    if context.get('minutes'):
        context['notebooks'] = [
            (tab, framework.name, BOOK.colab_address(pagename, tab),
             context['pathto'](f'notebooks/{tab}/{pagename}.ipynb', 1))
            for tab, framework in SHOWN.items()]


def page_of_downloads(app):
    """Yield the page that lists the files and the slides of the site."""
    listed = [(file.name, size_of(file), sha256(file)) for file in files()]
    pages = sorted(app.env.titles, key=lambda page:
                   app.env.toc_secnumbers.get(page, {}).get('', ()))
    decks = [(app.env.titles[page].astext(), links) for page in pages
             if (links := [
                 (framework.name, deck(page, tab).relative_to(SLIDES))
                 for tab, framework in SHOWN.items()
                 if deck(page, tab).exists()])]
    yield 'downloads', {'title': say('downloads'), 'files': listed,
                        'decks': decks}, 'downloads.html'


def files():
    """Return the files to download, kind after kind, but not their sums."""
    return sorted((file for file in DOWNLOADS.iterdir()
                   if file.name != 'SHA256SUMS'),
                  key=lambda file: (file.suffix, file.name))


def size_of(file):
    size = file.stat().st_size
    return f'{size / 1e6:.1f} MB' if size > 1e6 else f'{size / 1e3:.0f} kB'
