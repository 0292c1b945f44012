"""What `config.ini` says of this book, read once."""

from configparser import ConfigParser
from dataclasses import dataclass


@dataclass(frozen=True)
class Config:
    """The book's name, which its files bear, and what its cover says.

    `repository`: where Colab finds the notebooks, as owner/name.
    """
    name: str
    title: str
    author: str
    copyright: str
    release: str
    language: str
    description: str
    repository: str

    @classmethod
    def read(cls, path='config.ini') -> 'Config':
        parser = ConfigParser()
        parser.read(path, encoding='utf-8')
        project = parser['project']
        return cls(name=project['name'], title=project['title'],
                   author=project['author'], copyright=project['copyright'],
                   release=project['release'], language=project['lang'],
                   description=project.get('description', project['title']),
                   repository=parser['colab']['github_repo'])

    def colab_address(self, page: str, tab: str) -> str:
        """Return where Colab opens the notebook of a page."""
        return (f'https://colab.research.google.com/github/{self.repository}'
                f'/blob/colab/{tab}/{page}.ipynb')
