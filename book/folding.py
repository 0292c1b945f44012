"""Fold what a cell printed if it is long; a click or Enter unfolds it."""

from bs4 import BeautifulSoup

LONG = 20   # lines


def setup(app):
    app.connect('html-page-context', fold)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}


def fold(app, pagename, templatename, context, doctree):
    if 'class="output' not in context.get('body', ''):
        return
    soup = BeautifulSoup(context['body'], 'html.parser')
    for output in soup.select('div.output'):
        lines = sum(pre.text.count('\n') for pre in output.select('pre'))
        if lines > LONG:
            summary = soup.new_tag('summary')
            summary.string = f'출력 {lines}줄'
            output.wrap(soup.new_tag('details')).insert(0, summary)
    context['body'] = str(soup)
