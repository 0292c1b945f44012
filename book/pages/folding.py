"""Fold what a cell printed if it is long; a click or Enter unfolds it."""

from bs4 import BeautifulSoup

from book.words import say

LONG = 20   # lines


def fold(body: BeautifulSoup) -> None:
    """Fold the long outputs in the body of a page."""
    for output in body.select('div.output'):
        lines = sum(pre.text.count('\n') for pre in output.select('pre'))
        if lines > LONG:
            summary = body.new_tag('summary')
            summary.string = say('lines', n=lines)
            output.wrap(body.new_tag('details')).insert(0, summary)
