"""Build the book as PDF, one file a framework, with XeLaTeX."""

import os
import re
import shutil
import subprocess
import sys
import unicodedata

from tqdm import tqdm

from book.config import Config
from book.content.builder import open_book
from book.content.files import put_file
from book.formats import ebook
from book.formats.ebook import cover
from book.frameworks import FRAMEWORKS
from book.pages import sphinx
from book.paths import LAYER, PDF

PROGRAMS = 'xelatex', 'latexmk', 'rsvg-convert'
INSTALL = ('xargs sudo apt install < '
           f'{os.path.relpath(LAYER)}/requirements/debian.txt')
OVERFULL = re.compile(r'^Overfull \\hbox \(([\d.]+)pt too wide\).*$',
                      re.MULTILINE)
WIDEST = 5      # points that a line may stick out
UNDEFINED = re.compile(r'^LaTeX Warning: .* undefined.*$', re.MULTILINE)
MISSING = re.compile(r'^Missing character: There is no (.).*$', re.MULTILINE)


def need_programs():
    missing = [name for name in PROGRAMS if not shutil.which(name)]
    if missing:
        sys.exit(f'A PDF needs {" and ".join(missing)}. On Debian or Ubuntu: '
                 f'{INSTALL}')


def pdf(tab=None):
    """Write the PDF of a framework, or of each, into `_build/pdf`."""
    need_programs()
    tabs = [tab] if tab else Config.read().tabs
    for tab in tqdm(tabs, unit='PDF', disable=len(tabs) == 1):
        book = open_book(tab)
        cover.write(book.about, FRAMEWORKS[tab], 'pdf')
        folder = sphinx.build(book, 'latex', configuration=ebook.FOLDER)
        built = typeset(folder / f'{book.about.name}-{tab}.tex')
        put_file(built, PDF / built.name)
        tqdm.write(f'The {FRAMEWORKS[tab].name} book is in '
                   f'{PDF / built.name}.')


def typeset(tex):
    """Return the PDF of a TeX file, unless its log tells of a mistake."""
    run = subprocess.run(
        ['latexmk', '-xelatex', '-interaction=nonstopmode', '-halt-on-error',
         '-file-line-error', '-quiet', tex.name],
        cwd=tex.parent, capture_output=True,
        env=os.environ | {'max_print_line': '9999'})     # no line is broken
    log = tex.with_suffix('.log').read_text('utf-8', errors='replace')
    if run.returncode:
        found = re.findall(r'^(?:!|\S+?:\d+:) .*$', log, re.MULTILINE)
        sys.exit(f'{tex}: LaTeX stopped.\n' + '\n'.join(found) + '\nA font or '
                 'a .sty file that it lacks is in one of the packages of '
                 'requirements/debian.txt.')
    if found := mistakes(log):
        sys.exit(f'{tex}: LaTeX found mistakes. The last good PDF stays as it '
                 'is.\n' + '\n'.join(found))
    return tex.with_suffix('.pdf')


def mistakes(log):
    """Return the lines of a log that tell what a reader would stumble over."""
    return [*UNDEFINED.findall(log),
            *(line[0] for line in MISSING.finditer(log)     # and is seen
              if unicodedata.category(line[1]) != 'Cf'),
            *(line[0] for line in OVERFULL.finditer(log)
              if float(line[1]) > WIDEST)]
