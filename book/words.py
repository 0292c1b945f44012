"""What the interface says, in the language of the book: words.toml."""

import functools
from pathlib import Path

import tomllib

from book.config import Config
from book.paths import ROOT

TABLE = Path(__file__).with_suffix('.toml')
ENGLISH = 'en'      # for languages that the table has not


@functools.cache
def words(group: str, language: str | None = None) -> dict[str, str]:
    """Return a group's words by their names; `language`: else the book's."""
    if language is None:
        language = Config.read(ROOT / 'config.ini').language
    table = tomllib.loads(TABLE.read_text(encoding='utf-8'))
    return {name: said.get(language, said[ENGLISH])
            for name, said in table[group].items()}


def say(name: str, **values) -> str:
    """Return what every format says, with the values in it."""
    return words('book')[name].format(**values)
