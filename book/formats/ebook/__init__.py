"""The Sphinx configuration of PDF and EPUB, and what belongs to it."""

from pathlib import Path

FOLDER = Path(__file__).parent
