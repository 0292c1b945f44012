"""The wings of the house: no import runs up, none out of the library."""

import ast
from pathlib import Path

import pytest

# From the ground up. What lies directly in book/ bears all three, but for the
# command lines, which call them.
WINGS = ['', 'content', 'pages', 'formats']
COMMANDS = 'book.__main__', 'book.d2lbook'
MODULES = {'.'.join(path.with_suffix('').parts): path
           for folder in ('book', 'd2l')
           for path in Path(folder).rglob('*.py')}
GENERATED = {f'd2l.{name}' for name in ('torch', 'jax', 'tensorflow', 'mxnet')}


def imports(module, lazy=True):
    """Return the modules of this repository that a module imports.

    With `lazy` false, without those that its functions import when called.
    """
    tree = ast.parse(MODULES[module].read_text())
    nodes = list(ast.walk(tree) if lazy else tree.body)
    names = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f'{module}: a relative import'
            names |= {node.module,
                      *(f'{node.module}.{name.name}' for name in node.names)}
    return {name for name in names if name in MODULES}


def wing(module):
    return WINGS.index(module.split('.')[1] if module.count('.') > 1 else '')


@pytest.mark.parametrize('module', [
    name for name in MODULES
    if name.startswith('book.') and name not in COMMANDS])
def test_no_arrow_runs_up(module):
    for other in imports(module):
        assert not other.startswith('book.') or wing(other) <= wing(module), (
            f'{module} imports {other}')


@pytest.mark.parametrize('module', [name for name in MODULES
                                    if name.startswith('d2l.')])
def test_the_library_stands_alone(module):
    """It imports nothing of the book; its core nothing that is generated."""
    assert not any(name.startswith('book') for name in imports(module))
    if module.startswith('d2l.core'):
        assert not imports(module, lazy=False) & GENERATED


def test_every_wing_is_seen():
    """The tests above would notice if the folders were renamed."""
    assert {wing(name) for name in MODULES if name.startswith('book.')} == {
        0, 1, 2, 3}
