"""Feed a reader of files what nobody thought of: `make fuzz`.

`python bench/fuzz.py idx -max_total_time=60`: atheris mutates the files of
`tests/corpus/idx` for a minute, led by the lines that they reach; what follows
the reader's name are libFuzzer's options. A reader may refuse a file with the
errors that its docstring names; any other error, a hang of ten seconds and
2 GiB of memory end the run, and the input is kept in `_build/fuzz`.
"""

import contextlib
import sys
import tempfile
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))   # where book/ is

CORPUS = Path(__file__).resolve().parents[1] / 'tests/corpus'


def read_idx(content):
    """Read a data set's file, plain or packed."""
    from d2l.core.fashion_mnist import _read
    suffix = '.gz' if content[:2] == b'\x1f\x8b' else ''
    for kind in 'images-idx3', 'labels-idx1':
        with file_of(content, f'{kind}-ubyte{suffix}') as path, \
                contextlib.suppress(ValueError):
            _read(path)


def read_weights(content):
    """Read weights."""
    from d2l.core.weights import read
    with file_of(content, 'x.safetensors') as path, \
            contextlib.suppress(ValueError):
        read(path)


def read_section(content):
    """Read a section and check it; JupyterLab saves it as it was.

    Only the ends of its lines are all of one kind then.
    """
    from book.content import check, document
    from book.formats import lab
    from book.frameworks import TABS
    text = content.decode(errors='replace')
    parsed = document.parse(text)
    for mistakes in (check.of_section(parsed), check.of_cells(parsed, TABS),
                     check.of_tab_blocks(parsed, TABS),
                     check.of_blocks(parsed)):
        list(mistakes)
    saved = lab.to_markdown(lab.to_notebook(text))
    assert document.plain(saved) == document.plain(text)


READERS = {'idx': read_idx, 'weights': read_weights, 'section': read_section}


@contextlib.contextmanager
def file_of(content, name):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(content)
        yield path


def main(name, *options):
    import atheris
    found = CORPUS.parents[1] / '_build/fuzz' / name    # also what is new
    found.mkdir(parents=True, exist_ok=True)
    with atheris.instrument_imports(include=['d2l.core', 'book']):
        READERS[name](b'')
    atheris.Setup(
        [sys.argv[0], '-timeout=10', '-rss_limit_mb=2048',
         f'-artifact_prefix={found}/', *options, str(found),
         str(CORPUS / name)],
        READERS[name])
    atheris.Fuzz()


if __name__ == '__main__':
    main(*sys.argv[1:])
