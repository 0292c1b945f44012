"""Link names in the code of a page to where they are explained.

`d2l.X` leads to the page of the tab's framework in this book, the frameworks'
own names to their documentation.
"""

import re

from bs4 import BeautifulSoup
from sphinx.application import Sphinx

from book.frameworks import FRAMEWORKS
from book.pages.common import BOOK


def link_names(body: BeautifulSoup, app: Sphinx, page: str) -> None:
    """Put a link on the last part of every dotted name that is explained."""
    for dot in body.select('.highlight-python .o + span'):
        panel = dot.find_parent(role='tabpanel')
        tab = panel['data-tab'] if panel else BOOK.tabs[0]
        address = explanation(app, page, tab, dotted(dot))
        if address:
            dot.wrap(body.new_tag('a', href=address,
                                  attrs={'class': 'name'}))


def dotted(last):
    """Return the dotted name that ends with this part of the code."""
    name = last.text
    while (dot := last.previous_sibling) and dot.text == '.':
        last = dot.previous_sibling
        name = f'{last.text}.{name}'
    return name


def explanation(app, pagename, tab, name):
    """Return where a name in the code of a tab is explained, or None."""
    explained = app.env.domains.python_domain.objects
    module, _, rest = name.lstrip('@').partition('.')
    if module == 'd2l':
        for candidate in (f'd2l.{FRAMEWORKS[tab].module}.{rest}',
                          f'd2l.torch.{rest}'):     # of api/common
            if candidate in explained:
                entry = explained[candidate]
                page = app.builder.get_relative_uri(pagename, entry.docname)
                return f'{page}#{entry.node_id}'
        return None
    for pattern, address in FRAMEWORKS[tab].documentation:
        if match := re.fullmatch(pattern, name):
            return match.expand(address)
    return None
