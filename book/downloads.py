"""Offer a page as a notebook, in each framework: in Colab, or the file."""

from book.notebooks import colab_address
from book.provenance import NAMES


def setup(app):
    app.connect('html-page-context', offer)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}


def offer(app, pagename, templatename, context, doctree):
    """Set `notebooks` where there is code: (tab, name, Colab, file) each."""
    if context.get('minutes'):
        context['notebooks'] = [
            (tab, name, colab_address(pagename, tab),
             context['pathto'](f'notebooks/{tab}/{pagename}.ipynb', 1))
            for tab, name in NAMES.items()]
