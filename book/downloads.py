"""What a reader takes along: a page's notebooks; the site's other formats."""

from book import site
from book.notebooks import colab_address
from book.provenance import NAMES
from book.slides import SLIDES


def setup(app):
    app.connect('html-page-context', offer)
    if app.tags.has('site'):
        app.connect('html-collect-pages', page_of_downloads)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}


def offer(app, pagename, templatename, context, doctree):
    """Set `notebooks` where there is code: (tab, name, Colab, file) each."""
    if context.get('minutes'):
        context['notebooks'] = [
            (tab, name, colab_address(pagename, tab),
             context['pathto'](f'notebooks/{tab}/{pagename}.ipynb', 1))
            for tab, name in NAMES.items()]


def page_of_downloads(app):
    """Yield the page that lists what `book.site` has built."""
    files = [(file.name, size_of(file), site.sha256(file))
             for file in site.files()]
    pages = sorted(app.env.titles, key=lambda page:
                   app.env.toc_secnumbers.get(page, {}).get('', ()))
    decks = [(app.env.titles[page].astext(), links) for page in pages
             if (links := [
                 (name, deck.name) for tab, name in NAMES.items()
                 if (deck := SLIDES / f'{page.split("/")[-1]}-{tab}.html'
                     ).exists()])]
    yield 'downloads', {'title': '내려받기', 'files': files,
                        'decks': decks}, 'downloads.html'


def size_of(file):
    size = file.stat().st_size
    return f'{size / 1e6:.1f} MB' if size > 1e6 else f'{size / 1e3:.0f} kB'
