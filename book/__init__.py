"""The thin layer over d2lbook that builds the book: `python -m book html`."""

import warnings

warnings.filterwarnings('ignore', 'pkg_resources is deprecated')  # notedown's


class Wrong(Exception):
    """Something that an author can mend; the message says what and where."""
