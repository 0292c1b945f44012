"""Say above a section how long it takes to read."""

from docutils import nodes

CHARACTERS = 500    # of Korean text a minute
LINES = 20          # of code a minute


def setup(app):
    app.connect('html-page-context', estimate)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}


def estimate(app, pagename, templatename, context, doctree):
    """Set `minutes`, with one framework's code, where there is code."""
    if doctree is None:
        return
    text = sum(len(p.astext()) for p in doctree.findall(nodes.paragraph))
    code = sum(len(block.astext().splitlines()) for block in
               doctree.findall(nodes.literal_block)
               if block.get('language') == 'python')
    if code:
        context['minutes'] = max(1, round(
            text / CHARACTERS + code / 4 / LINES))
