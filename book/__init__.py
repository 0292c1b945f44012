"""The thin layer over d2lbook that builds the book: `python -m book html`."""

import sys
import warnings

warnings.filterwarnings('ignore', 'pkg_resources is deprecated')  # notedown's
# jsonschema's, for addresses in other alphabets: it takes a second to import.
sys.modules.setdefault('rfc3987_syntax', None)      # type: ignore[arg-type]


class Wrong(Exception):
    """Something that an author can mend; the message says what and where."""
