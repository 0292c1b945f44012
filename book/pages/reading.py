"""Say above a section how long it takes to read."""

from docutils import nodes

from book.pages.common import SHOWN

CHARACTERS = 1000   # a minute
DENSE = {'ko': 500, 'ja': 500, 'zh': 500}     # of these languages
LINES = 20          # of code a minute


def setup(app):
    app.connect('html-page-context', estimate)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}


def estimate(app, pagename, templatename, context, doctree):
    """Set `minutes`, with one framework's code, where there is code."""
    if doctree is None:
        return
    text = sum(len(p.astext()) for p in doctree.findall(nodes.paragraph))
    speed = DENSE.get(app.config.language[:2], CHARACTERS)
    code = sum(len(block.astext().splitlines()) for block in
               doctree.findall(nodes.literal_block)
               if block.get('language') == 'python')
    if code:
        context['minutes'] = max(1, round(
            text / speed + code / len(SHOWN) / LINES))
