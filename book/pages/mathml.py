"""Render mathematics as MathML when the book is built.

Browsers, screen readers and EPUB readers show MathML by themselves: no script
and no network is needed to read a formula.
"""

from docutils.nodes import SkipNode
from latex2mathml.converter import convert
from sphinx.locale import _
from sphinx.util.math import get_node_equation_number


def setup(app):
    app.add_html_math_renderer('mathml', (visit_inline, depart),
                               (visit_block, depart))
    return {'parallel_read_safe': True, 'parallel_write_safe': True}


def visit_inline(self, node):
    self.body.append(convert(node.astext()))
    raise SkipNode


def visit_block(self, node):
    self.body.append(self.starttag(node, 'div', CLASS='math'))
    self.body.append(convert(node.astext(), display='block'))
    if node['number']:
        self.body.append(
            f'<span class="eqno">({get_node_equation_number(self, node)})')
        self.add_permalink_ref(node, _('Link to this equation'))
        self.body.append('</span>')
    self.body.append('</div>\n')
    raise SkipNode


def depart(self, node):
    """Nothing: the visit wrote all."""
