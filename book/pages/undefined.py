"""References to what is in another book: readable words without a link.

config.ini allows them by `allow_undefined = True`; the check warns of each.
"""

from docutils import nodes

from book.pages.common import BOOK
from book.words import words

# The beginnings of labels: what they name.
KINDS = {'fig': 'figure', 'tab': 'table', 'table': 'table', 'eq': 'equation'}
ROLES = 'numref', 'ref', 'eq', 'eqref'


def setup(app):
    if BOOK.allow_undefined:
        app.connect('missing-reference', stand_in)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}


def stand_in(app, env, node, contnode):
    """Return the words that stand for a reference, None for others."""
    if node['reftype'] in ROLES:
        return nodes.inline('', named(node['reftarget']))
    return None


def named(label: str) -> str:
    """Return a label in words, such as Section “residual blks”."""
    kind, _, name = label.partition('_')
    quoted = f'“{(name or kind).replace("_", " ").replace("-", " ")}”'
    return words('book')[KINDS.get(kind, 'section')] % quoted
