"""The Sphinx configuration of PDF and EPUB, and what belongs to it."""

import subprocess
from pathlib import Path

from book.paths import BUILD, ROOT

FOLDER = Path(__file__).parent


def for_latex(image: Path) -> Path:
    """Return an image as LaTeX takes it, which is an SVG as a PDF."""
    if image.suffix != '.svg':
        return image
    made = ROOT / BUILD / f'{image.stem}.pdf'
    subprocess.run(['rsvg-convert', '--format=pdf', f'--output={made}', image],
                   check=True)
    return made
