"""Let Sphinx build what the content's builder has written."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from book.content.builder import Book
from book.paths import LAYER, ROOT, SPHINX

CONFIGURATION = Path(__file__).parent


def build(book: Book, builder: str, *tags: str,
          configuration: Path = CONFIGURATION) -> Path:
    """Return the folder in which Sphinx's builder has built the book.

    `configuration`: the folder of a conf.py; `tags`: what it is to know.
    """
    book.rst()
    tab = book.config.tab
    aside = SPHINX / ('' if tab == 'all' else tab)
    folder = aside / '-'.join([builder, *tags])
    if builder == 'epub':   # packs all that lies there
        shutil.rmtree(folder, ignore_errors=True)
    doctrees = aside / f'doctrees-{builder}'
    # Only reading warns: pages that a build read and did not finish, because
    # of a mistake or because it was stopped, are read again.
    finished = doctrees / 'finished'
    if not finished.exists():
        shutil.rmtree(doctrees, ignore_errors=True)
    finished.unlink(missing_ok=True)
    forget(Path(book.config.rst_dir), doctrees, folder)
    try:
        subprocess.run(
            [sys.executable, '-m', 'sphinx', '--quiet', '--keep-going',
             '--fail-on-warning', '--conf-dir', configuration,
             *(f'--tag={tag}' for tag in [tab, *tags]),
             '--builder', builder,
             '--doctree-dir', doctrees,
             book.config.rst_dir, folder],
            check=True, env=os.environ | {
                'D2L_BOOK': str(ROOT),
                'PYTHONPATH': os.pathsep.join(map(str, (ROOT, LAYER))),
                # TensorFlow, imported for its docstrings, prints nothing
                'TF_CPP_MIN_LOG_LEVEL': '3', 'TF_ENABLE_ONEDNN_OPTS': '0',
                # pybtex-apa-style compares numbers with `is`
                'PYTHONWARNINGS': 'ignore::SyntaxWarning'})
    except subprocess.CalledProcessError:
        sys.exit('Sphinx found the mistakes above. What was built before '
                 'stays as it is.')
    finished.touch()
    return folder


def forget(sources: Path, doctrees: Path, pages: Path) -> None:
    """Remove the pages that were built of what is no longer there."""
    for doctree in doctrees.rglob('*.doctree'):
        page = doctree.relative_to(doctrees)
        if not any((sources / page).with_suffix(suffix).exists()
                   for suffix in ('.ipynb', '.rst')):
            doctree.unlink()
            (pages / page).with_suffix('.html').unlink(missing_ok=True)
