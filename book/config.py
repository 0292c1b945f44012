"""What `config.ini` says of this book, read once."""

import re
import sys
from collections.abc import Iterator
from configparser import ConfigParser
from configparser import Error as ParserError
from dataclasses import dataclass
from pathlib import Path

from book.frameworks import TABS

ACCENT = '#1d4ed8', '#8ab4ff'   # of links: on a light page, on a dark one


@dataclass(frozen=True)
class Config:
    """The book's name, which its files bear, and what its cover says.

    `repository`: where Colab finds the notebooks, as owner/name, '' if
    nowhere; `libraries`: the file of each tab's library; `bibfile`, `cover`:
    files, '' if there are none; `accent`: the colours of links, on a light
    page and on a dark one; `allow_undefined`: whether a label may be in
    another book; `executes`: whether code without recordings is tried;
    `timeout`: the seconds that a cell may take, None for any; `max_output`:
    the megabytes that it may show.
    """
    name: str
    title: str
    author: str
    copyright: str
    release: str
    language: str
    description: str
    repository: str
    tabs: tuple[str, ...]
    libraries: dict[str, str]
    bibfile: str
    cover: str
    accent: tuple[str, str]
    allow_undefined: bool
    executes: bool
    timeout: int | None
    max_output: int

    @classmethod
    def read(cls, path: Path | str = 'config.ini') -> 'Config':
        """Return what a file says; end the program if that is too little."""
        parser = ConfigParser()
        try:
            if not parser.read(path, encoding='utf-8'):
                sys.exit(f'There is no {path} here. Go to the folder of a '
                         'book, or make one: python -m book new FOLDER')
            config = cls.of(parser)
            if slip := next(slips(parser, Path(path).parent), None):
                raise ValueError(slip)
            return config
        except UnicodeDecodeError:
            sys.exit(f'{path}: this is not UTF-8. Save the file as UTF-8.')
        except (ValueError, ParserError) as error:
            sys.exit(f'{path}: {" ".join(str(error).split())}')

    @classmethod
    def of(cls, parser: ConfigParser) -> 'Config':
        """Return what a parsed file says; else ValueError or ParserError."""
        project, build = (parser[name] if parser.has_section(name) else {}
                          for name in ('project', 'build'))
        for section, names in (('project', ('name', 'title', 'author')),
                               ('build', ('notebooks', 'tabs'))):
            for name in names:
                if not parser.get(section, name, fallback=''):
                    raise ValueError(f'[{section}] says no {name}. Add a '
                                     f'line there: {name} = …')
        tabs = tuple(dict.fromkeys(tab.strip() for tab in
                     build['tabs'].lower().split(',') if tab.strip()))
        if unknown := [tab for tab in tabs if tab not in TABS]:
            raise ValueError(f'[build] there is no tab {unknown[0]}. The '
                             f'tabs are {", ".join(TABS)}.')

        accent = (project.get('accent', ACCENT[0]),
                  project.get('accent_dark', ACCENT[1]))
        for colour in accent:
            if not re.fullmatch('#[0-9a-fA-F]{6}', colour):
                raise ValueError(f'[project] {colour} is no colour. Write '
                                 'one as #1d4ed8.')
        return cls(
            name=project['name'], title=project['title'],
            author=project['author'],
            copyright=project.get('copyright', project['author']),
            release=project.get('release', ''),
            language=project.get('lang') or 'en',
            description=project.get('description', project['title']),
            repository=parser.get('colab', 'github_repo', fallback=''),
            tabs=tabs, libraries={
                tab: parser[f'library-{tab}']['lib_file'] for tab in tabs
                if parser.has_option(f'library-{tab}', 'lib_file')},
            bibfile=parser.get('pdf', 'bibfile', fallback=''),
            cover=project.get('cover', ''),
            accent=accent,
            allow_undefined=switch(parser, 'allow_undefined', 'False'),
            executes=switch(parser, 'eval_notebook', 'True'),
            timeout=number(parser, 'timeout', '0') or None,
            max_output=number(parser, 'max_output', '5'))

    def colab_address(self, page: str, tab: str) -> str:
        """Return where Colab opens the notebook of a page, or ''."""
        if not self.repository:
            return ''
        return (f'https://colab.research.google.com/github/{self.repository}'
                f'/blob/colab/{tab}/{page}.ipynb')


def slips(parser: ConfigParser, folder: Path) -> Iterator[str]:
    """Yield what is wrong with the names of files, in sentences.

    `folder`: the book's. Raises ParserError for a % that means nothing.
    """
    for section in parser.sections():
        parser.items(section)
    for name, end in ('notebooks', '.md'), ('rsts', '.rst'):
        for pattern in parser.get('build', name, fallback='').split():
            if not pattern.endswith(end):
                yield (f'[build] {name}: {pattern} does not end with {end}. '
                       f'Write it as *{end}.')
    if '/' in parser['project']['name']:
        yield '[project] name: files bear it. Write it without /.'
    for section, name, end in (('build', 'index', '.md'),
                               ('pdf', 'bibfile', ''),
                               ('project', 'cover', '')):
        file = parser.get(section, name, fallback='')
        if file and not (folder / f'{file.removesuffix(end)}{end}').is_file():
            yield (f'[{section}] {name}: there is no file {file}. Write it, '
                   'or correct this line.')
    for section in parser.sections():
        if section.startswith('library-') and not parser.get(
                section, 'lib_file', fallback='x'):
            yield (f'[{section}] lib_file names no file. Write one, or remove '
                   'the line.')


def switch(parser: ConfigParser, name: str, default: str) -> bool:
    """Return whether [build] turns something on; else ValueError."""
    said = parser.get('build', name, fallback=default)
    if said.lower() not in parser.BOOLEAN_STATES:
        raise ValueError(f'[build] {name} = {said} is neither True nor False. '
                         'Write one of them.')
    return parser.BOOLEAN_STATES[said.lower()]


def number(parser: ConfigParser, name: str, default: str) -> int:
    """Return a whole number that [build] says; else ValueError."""
    said = parser.get('build', name, fallback=default)
    if not re.fullmatch('[0-9]+', said):
        raise ValueError(f'[build] {name} = {said} is no whole number. Write '
                         'one, or remove the line.')
    return int(said)
