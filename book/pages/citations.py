"""What the list of references says: years, links, the way back.

Two sources of the same authors and year are told apart by a letter, 2016a and
2016b, wherever they are cited: their year itself is changed.
"""

from collections.abc import Callable
from typing import cast

from docutils import nodes
from formatting.apa import APAStyle, date, toplevel
from pybtex.database import Entry
from pybtex.plugin import register_plugin
from pybtex.style.template import join, sentence
from sphinx.environment import BuildEnvironment
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.nodes import make_refnode
from sphinxcontrib.bibtex.domain import BibtexDomain, get_docnames

from book.words import say

ARXIV = 'arXiv:'


class Style(APAStyle):
    """APA, with links to arXiv for what appeared there."""

    sort: Callable

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.in_order = self.sort       # which is not a method
        self.sort = self.told_apart

    def told_apart(self, entries):
        entries = self.in_order(entries)
        return [with_year(entry, label.rpartition(', ')[2]) for entry, label
                in zip(entries, self.format_labels(entries), strict=True)]

    def get_article_template(self, e):
        if not e.fields['journal'].startswith(ARXIV):
            return super().get_article_template(e)
        return toplevel[self.format_names('author'),
                        sentence[join['(', date, ')']],
                        self.format_title(e, 'title'),
                        sentence[self.format_eprint(e)]]


def cite(env: BuildEnvironment) -> BibtexDomain:
    return cast(BibtexDomain, env.get_domain('cite'))


def with_year(entry: Entry, year: str) -> Entry:
    """Return a copy of an entry with another year."""
    fields = dict(entry.fields)
    if 'year' in fields:
        fields['year'] = year
    journal = fields.get('journal', '')
    if journal.startswith(ARXIV):
        fields['eprint'] = journal.removeprefix(ARXIV)
    copied = Entry(entry.type, fields=fields, persons=entry.persons)
    copied.key = entry.key
    return copied


class WaysBack(SphinxPostTransform):
    """Say below each source where it is cited."""

    default_priority = 6        # after the list of references is there
    formats = ('html',)

    def run(self, **_):
        for source in self.document.findall(nodes.citation):
            if places := self.places(source['ids'][0]):
                ways = nodes.paragraph('', f'{say("cited")}: ',
                                       classes=['cited'])
                for i, place in enumerate(places):
                    ways += [nodes.Text(', ' if i else ''), place]
                source += ways

    def places(self, source):
        """Return a link to each place that cites a source, page by page."""
        domain = cite(self.env)
        keys = {citation.key for citation in domain.citations
                if citation.citation_id == source}
        found = [[ref for ref in domain.citation_refs if ref.docname == page
                  and keys & {target.key for target in ref.targets}]
                 for page in get_docnames(self.env)]
        return [make_refnode(
            self.app.builder, self.env.docname, ref.docname,
            ref.citation_ref_id, nodes.inline(
                '', str(i) if i > 1 else self.name(ref.docname)))
            for of_page in found for i, ref in enumerate(of_page, start=1)]

    def name(self, page):
        """Return what a page is called, by its number if it has one."""
        number = self.env.toc_secnumbers.get(page, {}).get('')
        return (self.config.numfig_format['section'] % '.'.join(
            map(str, number)) if number else self.env.titles[page].astext())


register_plugin('pybtex.style.formatting', 'book', Style)


def setup(app):
    app.add_post_transform(WaysBack)
    app.connect('env-updated', lambda app, env: {    # written in any case
        key.docname for key in cite(env).bibliographies})
    return {'parallel_read_safe': True, 'parallel_write_safe': True}
