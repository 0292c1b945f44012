"""The Sphinx configuration of the PDF and the EPUB, with what belongs to it."""

from pathlib import Path

FOLDER = Path(__file__).parent
