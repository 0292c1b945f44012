"""Files that `make fuzz` starts from, and those that it has found."""

import pytest

from bench.fuzz import CORPUS, READERS


@pytest.mark.parametrize('reader, name', [
    (reader, path.name) for reader in READERS
    for path in sorted((CORPUS / reader).iterdir())])
def test_a_file_is_read_or_refused(reader, name):
    READERS[reader]((CORPUS / reader / name).read_bytes())
