"""Where what is built lies: each format's folder or file."""

import os
from pathlib import Path

from book.config import Config

LAYER = Path(__file__).resolve().parents[1]    # from where `book` is imported
# The folder of the book: here, but in Sphinx, which reads its settings there.
ROOT = Path(os.environ.get('D2L_BOOK') or Path.cwd())
FONTS = sorted(Path(__file__).with_name('fonts').glob('*.woff2'))

BUILD = Path('_build')
SPHINX, EXECUTED = BUILD / 'sphinx', BUILD / 'executed'
HTML, SITE, DOWNLOADS = BUILD / 'html', BUILD / 'site', BUILD / 'downloads'
PDF, EPUB, SLIDES = BUILD / 'pdf', BUILD / 'epub', BUILD / 'slides'
NOTEBOOKS, COLAB, SAGEMAKER = (
    BUILD / name for name in ('notebooks', 'colab', 'sagemaker'))
OUTPUTS = Path('outputs')       # recorded, in git


def archive(config: Config) -> Path:
    """Return the zip file of the notebooks."""
    return BUILD / f'{config.name}-notebooks.zip'


def deck(section: str, tab: str) -> Path:
    """Return the slides of a section, which is named by its address."""
    return SLIDES / f'{section}-{tab}.html'
