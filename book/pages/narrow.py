"""Mark what a narrow screen must not squeeze: numbers, and drawn words."""

from bs4 import BeautifulSoup

SHORT = 16      # characters of a cell that stay on one line
WIDE = 440      # pixels of a figure whose words are too small on a phone


def mark(body: BeautifulSoup) -> None:
    """Mark short cells of tables, and wrap wide figures, which scroll."""
    for cell in body.select('td, th'):
        if len(cell.get_text(strip=True)) <= SHORT:
            cell['class'] = ' '.join([*(cell.get('class') or ()), 'short'])
    for image in body.select('figure img[width]'):
        if float(str(image['width'])) > WIDE:
            image.wrap(body.new_tag('div', attrs={'class': 'wide'}))
