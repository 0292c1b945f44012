"""The site: the pages and every other format, ready for any static host.

Nothing in it knows its address. Sphinx builds the pages once more, with the
tag `site`: they lead to a page of downloads.
"""

import base64
import hashlib
import shutil
import time
from pathlib import Path

from bs4 import BeautifulSoup
from jinja2 import Template

from book.config import Config
from book.content.files import empty, sha256
from book.formats.epub import epub
from book.formats.html import build_html, put_pages
from book.formats.notebooks import pack, write_sagemaker
from book.formats.pdf import need_programs, pdf
from book.formats.slides import write as write_slides
from book.pages import sphinx
from book.pages.references import References
from book.paths import DOWNLOADS, EPUB, PDF, SITE, SLIDES
from book.words import words

NOT_FOUND = Path(__file__).with_name('404.html')


def site():
    """Build every format, and the site of them all."""
    start = time.time()
    need_programs()
    print('Building the pages, the notebooks and the slides.', flush=True)
    book = build_html()
    write_sagemaker(book)
    write_slides(book, References())
    pdf()
    epub()
    empty(DOWNLOADS)
    for file in (*pack(book), *(
            folder / f'{book.about.name}-{tab}.{folder.name}'
            for tab in book.about.tabs for folder in (PDF, EPUB))):
        shutil.copy(file, DOWNLOADS)
    (DOWNLOADS / 'SHA256SUMS').write_text(''.join(
        f'{sha256(file)}  {file.name}\n'
        for file in sorted(DOWNLOADS.iterdir())))
    print('Building the pages of the site.', flush=True)
    pages = sphinx.build(book, 'html', 'site')
    (pages / '404.html').write_text(not_found(), encoding='utf-8')
    put_pages(SITE, pages, slides=SLIDES, downloads=DOWNLOADS)
    number = len([*DOWNLOADS.iterdir()])
    print(f'The site is in {SITE}/index.html: {number} downloads, '
          f'{time.time() - start:.0f} s.')


def not_found():
    """Return the page for what is not there; its policy tells its parts."""
    page = Template(NOT_FOUND.read_text(encoding='utf-8')).render(
        language=Config.read().language, pages=words('pages'))
    parsed = BeautifulSoup(page, 'html.parser')
    for kind in 'style', 'script':
        [part] = parsed.find_all(kind)
        digest = hashlib.sha256(part.get_text().encode()).digest()
        page = page.replace(
            f'{{{kind}}}', f"'sha256-{base64.b64encode(digest).decode()}'")
    return page
