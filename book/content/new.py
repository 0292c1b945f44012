"""Make a book of one small chapter, which builds at once.

It holds no code of the layer: its Makefile calls it.
"""

import importlib.util
import os
import re
import sys
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from book.content import files, lib
from book.frameworks import FRAMEWORKS, TABS
from book.paths import LAYER
from book.words import words

TEMPLATE = Path(__file__).parents[1] / 'template'
MARKUP = re.compile(r'[\\`*_<>$\[\]#&]')     # in Markdown
PARTS = 'code.md'       # what sections include
HEADER = '''"""What sections save: from {package} import {module} as d2l."""

import sys
{extra}
from d2l.{module} import *
from d2l.core.missing_names import getattr_of

d2l = sys.modules[__name__]
__getattr__ = getattr_of(__name__)

'''
# What sections of D2L take from elsewhere.
EXTRA = {'jax': 'from functools import partial\n'
                'from types import FunctionType\n'
                'from typing import Any\n'}


def new(folder: str, title: str | None = None, author: str | None = None,
        language: str = 'en', tabs: str = 'pytorch,jax') -> None:
    """Write a book into a folder that is not there, or empty.

    `tabs`: their names with commas between. All is written aside before.
    """
    target = Path(folder).absolute()
    if target.is_file() or target.is_dir() and any(target.iterdir()):
        sys.exit(f'{folder} is there and is not empty. A new book needs a '
                 'folder of its own: give another name, or empty this one.')
    chosen = [tab.strip() for tab in tabs.split(',') if tab.strip()]
    if unknown := [tab for tab in chosen if tab not in TABS]:
        sys.exit(f'There is no tab {unknown[0]}. The tabs are '
                 f'{", ".join(TABS)}.')
    name = re.sub(r'\W+', '-', target.name).strip('-')
    said = {'title': title or name.replace('-', ' ').capitalize(),
            'author': author or words('book', language)['authors']}
    if any('\n' in text for text in said.values()):
        sys.exit('A title and an author are one line each.')
    beside = files.empty(target.with_name(f'{target.name}.new'))
    write(beside, language, said | {
        'name': name, 'package': package_of(name), 'language': language,
        'tabs': chosen or ['pytorch'], 'layer': os.path.relpath(LAYER, target),
        'modules': {tab: FRAMEWORKS[tab].module for tab in TABS}})
    if target.exists():
        target.rmdir()
    beside.rename(target)
    print(f'A book is in {folder}. Build it: cd {folder} && make html')


def package_of(name: str) -> str:
    """Return the name of a package that hides no other."""
    package = re.sub(r'\W', '_', name)
    taken = not package.isidentifier() or importlib.util.find_spec(package)
    return f'book_{package}' if taken else package


def write(folder: Path, language: str, values: dict) -> None:
    """Write the files of the template with the values in them."""
    sources = [TEMPLATE / 'common', TEMPLATE / language]
    environment = Environment(
        loader=FileSystemLoader(sources), undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
    for source in sources:
        for path in sorted(source.rglob('*')):
            name = path.relative_to(source)
            if path.is_dir() or name.name == PARTS:
                continue
            text = path.read_text(encoding='utf-8')
            if path.suffix in ('.md', '.ini') or name.name == 'Makefile':
                text = environment.get_template(name.as_posix()).render(
                    as_written(values, path.suffix))
            files.write(folder / str(name).replace('gitignore', '.gitignore'),
                        f'{text.strip()}\n'.encode())
    write_library(folder, **values)


def as_written(values: dict, suffix: str) -> dict:
    """Return the values with title and author as a kind of file has them."""
    written = {'.ini': lambda text: text.replace('%', '%%'),
               '.md': lambda text: MARKUP.sub(r'\\\g<0>', text)}
    return values | {name: written.get(suffix, str)(values[name])
                     for name in ('title', 'author')}


def write_library(folder: Path, package: str, tabs: list[str],
                  modules: dict[str, str], **_) -> None:
    """Write the package with what the sections save."""
    files.write(folder / package / '__init__.py', b'__version__ = "0.1.0"\n')
    [section] = folder.glob('chapter_*/error.md')
    for tab in tabs:
        path = folder / package / f'{modules[tab]}.py'
        files.write(path, HEADER.format(
            package=package, module=modules[tab],
            extra=EXTRA.get(tab, '')).encode())
        lib.write(path, lib.saved(section.read_text(encoding='utf-8'), tab,
                                  tabs[0], section))
