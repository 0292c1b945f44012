"""What the pages call things: the numbers, names and places of references."""

from docutils import nodes
from pybtex.backends.markdown import Backend
from sphinx import addnodes
from sphinx.application import Sphinx

from book.content.document import anchor as label_anchor
from book.pages.sphinx import CONFIGURATION
from book.pages.undefined import named
from book.paths import BUILD, SPHINX

# d2lbook's mark: Sphinx's domain and role.
ROLES = {'numref': ('std', 'numref'), 'ref': ('std', 'ref'),
         'eqref': ('math', 'eq'), 'cite': ('cite', 'p'),
         'citep': ('cite', 'p'), 'citet': ('cite', 't')}


class References:
    """Answers from the environment in which Sphinx built the pages."""

    def __init__(self):
        self.app = Sphinx(BUILD / 'rst_all', CONFIGURATION, SPHINX / 'html',
                          SPHINX / 'doctrees-html', 'html', status=None,
                          warning=None)
        self.env = self.app.env

    def link(self, page, role, target):
        """Return a reference of a page as Markdown, with the page's words."""
        domain, role = ROLES[role]
        if domain != 'cite':
            target = label_anchor(target)
        found = self.env.domains[domain].resolve_xref(
            self.env, page, self.app.builder, role, target,
            addnodes.pending_xref(refdoc=page, refexplicit=False),
            nodes.inline())
        return markdown(found) if found else named(target)

    def name(self, page, role, target):
        """Return what a reference says, such as 그림 1.2."""
        return self.link(page, role, target).partition(']')[0].lstrip('[')

    def numbers(self, page):
        """Return the numbers of a page's headings, in their order."""
        return ['.'.join(map(str, number)) for number in
                self.env.toc_secnumbers.get(page, {}).values()]

    def title(self, page):
        return ' '.join([*(f'{n}.' for n in self.numbers(page)[:1]),
                         self.env.titles[page].astext()])

    def bibliography(self):
        """Return the list of references as Markdown."""
        cite = self.env.domains['cite']
        return '\n'.join(
            f'* {anchor(citation.citation_id)}'
            f'{" ".join(entry.split())}'
            for citation in cite.citations  # type: ignore[attr-defined]
            for entry in [citation.formatted_entry.text.render(Backend())])


def anchor(name):
    """Return the place that links to a name lead to."""
    return f'<a id="{nodes.make_id(label_anchor(name))}"></a>'


def markdown(node):
    """Return a resolved reference, between notebooks instead of pages."""
    if isinstance(node, nodes.reference):
        address = node.get('refuri') or f'#{node["refid"]}'
        return f'[{node.astext()}]({address.replace(".html", ".ipynb")})'
    if isinstance(node, nodes.Text):
        return str(node)
    return ''.join(map(markdown, node.children))
