"""The directive `saved`: what the sections save in the current module.

It reads the module, so that no list of the names is kept by hand.
"""

import ast
from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

from book.paths import ROOT


def setup(app):
    app.add_directive('saved', Saved)
    return {'parallel_read_safe': True, 'parallel_write_safe': True}


class Saved(SphinxDirective):
    """The classes and functions of `py:currentmodule`, in its order."""

    def run(self):
        module = self.env.ref_context['py:module']
        path = ROOT / Path(*module.split('.')).with_suffix('.py')
        self.env.note_dependency(str(path))
        shown = nodes.container()
        self.state.nested_parse(
            StringList(lines(path.read_text(encoding='utf-8')), str(path)),
            self.content_offset, shown)
        return shown.children


def lines(source: str) -> list[str]:
    """Return rst that shows the classes and functions of a module."""
    found = []
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef):
            said = [part.name for part in node.body
                    if isinstance(part, ast.FunctionDef)
                    and ast.get_docstring(part)]
            found += [f'.. autoclass:: {node.name}',
                      *[f'   :members: {", ".join(said)}'] * bool(said), '']
        elif isinstance(node, ast.FunctionDef):
            found += [f'.. autofunction:: {node.name}', '']
    return found
