"""What a reader takes along: a page's notebooks; the site's other formats."""

from book.pages.common import BOOK, SHOWN
from book.paths import DOWNLOADS, SLIDES, archive, deck
from book.words import say, words


def setup(app):
    app.connect('html-page-context', offer)
    if app.tags.has('site'):
        app.connect('html-collect-pages', page_of_downloads)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}


def offer(app, pagename, templatename, context, doctree):
    """Set the `tabs` with code and their `notebooks`: where and in Colab."""
    found = app.env.metadata.get(pagename, {}).get('tabs', ())
    context['tabs'] = [tab for tab in SHOWN if tab in found]
    context['notebooks'] = {
        tab: (context['pathto'](f'notebooks/{tab}/{pagename}.ipynb', 1),
              BOOK.colab_address(pagename, tab)) for tab in context['tabs']}


def front(app):
    """Return the list, on the front page, of what can be taken along."""
    return app.builder.templates.render('takes.html', {
        'pages': words('pages'),
        'files': files() if app.tags.has('site') else [],
        'colab': [(framework.name, BOOK.colab_address(app.config.root_doc,
                                                      tab))
                  for tab, framework in SHOWN.items()]})


def page_of_downloads(app):
    """Yield the page that lists the files and the slides of the site."""
    pages = sorted(app.env.titles, key=lambda page:
                   app.env.toc_secnumbers.get(page, {}).get('', ()))
    decks = [(app.env.titles[page].astext(), links) for page in pages
             if any(links := [
                 described(deck(page, tab), framework.name, SLIDES)
                 for tab, framework in SHOWN.items()])]
    yield 'downloads', {'title': say('downloads'), 'files': files(),
                        'decks': decks}, 'downloads.html'


def files():
    """Return the files of each format, one a framework or one for all."""
    each = [{'name': suffix.upper(), 'cells': [
        described(DOWNLOADS / f'{BOOK.name}-{tab}.{suffix}', framework.name)
        for tab, framework in SHOWN.items()]}
        for suffix in ('pdf', 'epub')]
    once = [(say('notebooks'), DOWNLOADS / archive(BOOK).name),
            *((say('package'), wheel) for wheel in DOWNLOADS.glob('*.whl'))]
    return [*each, *({'name': name, 'cells': [described(file)]}
                     for name, file in once)]


def described(file, tab='', folder=DOWNLOADS):
    """Return what a link to a file says, or None where there is no file."""
    return {'tab': tab, 'file': file.relative_to(folder).as_posix(),
            'size': size_of(file)} if file.exists() else None


def size_of(file):
    size = file.stat().st_size
    return f'{size / 1e6:.1f} MB' if size > 1e6 else f'{size / 1e3:.0f} kB'
