"""Sphinx's formulas as MathML."""

from docutils import nodes
from sphinx.locale import _
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

from book.content.formulas import FormulaError, convert

# Environments that are displays themselves, which LaTeX wants in no other.
DISPLAYS = tuple(rf'\begin{{{name}{star}}}' for star in ('', '*') for name in
                 ('align', 'alignat', 'flalign', 'gather', 'multline'))
logger = logging.getLogger(__name__)


def setup(app):
    app.add_html_math_renderer('mathml', (visit_inline, depart),
                               (visit_block, depart))
    app.connect('doctree-read', unwrap)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}


def unwrap(app, doctree):
    """Leave a display that numbers its lines itself as it is in LaTeX."""
    for node in doctree.findall(nodes.math_block):
        if node.astext().lstrip().startswith(DISPLAYS) and not node.get(
                'label'):
            node['no-wrap'] = node['nowrap'] = True


def shown(node, display):
    """Return a node's formula as MathML, or say where that fails."""
    try:
        return convert(node.astext(), display)
    except FormulaError as error:
        logger.warning('%s', error, location=node)
        return ''


def visit_inline(self, node):
    self.body.append(shown(node, 'inline'))
    raise nodes.SkipNode


def visit_block(self, node):
    self.body.append(self.starttag(node, 'div', CLASS='math'))
    self.body.append(shown(node, 'block'))
    if node.get('number'):
        self.body.append(
            f'<span class="eqno">({get_node_equation_number(self, node)})')
        self.add_permalink_ref(node, _('Link to this equation'))
        self.body.append('</span>')
    self.body.append('</div>\n')
    raise nodes.SkipNode


def depart(self, node):
    """Nothing: the visit wrote all."""
