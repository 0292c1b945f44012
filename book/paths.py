"""Where what is built lies: each format's folder or file."""

from pathlib import Path

from book.config import Config

ROOT = Path(__file__).parent.parent     # from where `book` is imported
FONTS = sorted(Path(__file__).with_name('fonts').glob('*.woff2'))

BUILD = Path('_build')
SPHINX, EXECUTED = BUILD / 'sphinx', BUILD / 'executed'
HTML, SITE, DOWNLOADS = BUILD / 'html', BUILD / 'site', BUILD / 'downloads'
PDF, EPUB, SLIDES = BUILD / 'pdf', BUILD / 'epub', BUILD / 'slides'
NOTEBOOKS, COLAB, SAGEMAKER = (
    BUILD / name for name in ('notebooks', 'colab', 'sagemaker'))
OUTPUTS = Path('outputs')       # recorded, in git
COVER = Path('img/cover.svg')   # the figure on the covers


def archive(config: Config) -> Path:
    """Return the zip file of the notebooks."""
    return BUILD / f'{config.name}-notebooks.zip'


def deck(section: str, tab: str) -> Path:
    """Return the slides of a section, which is named by its address."""
    return SLIDES / f'{section}-{tab}.html'
