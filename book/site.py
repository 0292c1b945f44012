"""The site: the pages and every other format, ready for any static host.

Nothing in it knows its address. Sphinx builds the pages once more, with the
tag `site`: they lead to a page of downloads.
"""

import base64
import hashlib
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from book import build, epub, execute, notebooks, pdf, slides
from book.files import empty, put_folder

SITE, DOWNLOADS = Path('_build/site'), Path('_build/downloads')
NOT_FOUND = Path(__file__).with_name('404.html')


def make():
    """Build every format, and the site of them all."""
    start = time.time()
    pdf.need_programs()
    print('Building the pages, the notebooks and the slides.', flush=True)
    book = build.built_book()
    notebooks.write_sagemaker(book)
    slides.write(book, build.References())
    tabs = list(execute.KERNELS)
    pdf.build(tabs)
    epub.build(tabs)
    empty(DOWNLOADS)
    subprocess.run([sys.executable, '-m', 'build', '--wheel', '--no-isolation',
                    '--outdir', DOWNLOADS], check=True, capture_output=True)
    name = book.config.project['name']
    for file in (notebooks.ARCHIVE,
                 *(folder / f'{name}-{tab}.{folder.name}' for tab in tabs
                   for folder in (pdf.FOLDER, epub.FOLDER))):
        shutil.copy(file, DOWNLOADS)
    (DOWNLOADS / 'SHA256SUMS').write_text(''.join(
        f'{sha256(file)}  {file.name}\n' for file in files()))
    print('Building the pages of the site.', flush=True)
    pages = book.sphinx('html', 'site')
    (pages / '404.html').write_text(not_found(), encoding='utf-8')
    put_folder(SITE, {'': pages, 'notebooks': notebooks.COLAB,
                      'slides': slides.SLIDES, 'downloads': DOWNLOADS})
    print(f'The site is in {SITE}/index.html: {len(files())} downloads, '
          f'{time.time() - start:.0f} s.')


def files():
    """Return the files to download, kind after kind, but not their sums."""
    return sorted((file for file in DOWNLOADS.iterdir()
                   if file.name != 'SHA256SUMS'),
                  key=lambda file: (file.suffix, file.name))


def sha256(file):
    return hashlib.sha256(file.read_bytes()).hexdigest()


def not_found():
    """Return the page for what is not there; its policy names what it holds."""
    page = NOT_FOUND.read_text(encoding='utf-8')
    for kind in 'style', 'script':
        content = re.search(f'<{kind}>(.*)</{kind}>', page, re.DOTALL)[1]
        digest = hashlib.sha256(content.encode()).digest()
        page = page.replace(
            f'{{{kind}}}', f"'sha256-{base64.b64encode(digest).decode()}'")
    return page
