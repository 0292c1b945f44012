"""What `help` says of the package's names: every argument, in plain words."""

import inspect
import re

METHODS = ('fit', 'loss', 'accuracy', 'layer_summary', 'plot', 'draw', 'save',
           'apply_init', 'get_tensorloader', 'visualize', 'text_labels',
           'save_hyperparameters')


def public(d2l):
    """Yield the classes and functions of the package, and some methods."""
    for name, value in sorted(vars(d2l).items()):
        module = getattr(value, '__module__', '')
        if (not name.startswith('_') and callable(value)
                and isinstance(value, type(public) | type)
                and module.startswith('d2l.')
                and value.__name__ != '<lambda>'):
            yield name, value
            for method in METHODS:
                if inspect.isclass(value) and method in vars(value):
                    yield f'{name}.{method}', vars(value)[method]


def arguments(value):
    """Return the names of the arguments that a person gives."""
    call = value.__init__ if inspect.isclass(value) else value
    if call is object.__init__:
        return []
    return [p.name for p in inspect.signature(call).parameters.values()
            if p.name not in ('self', 'parent', 'name') and p.kind not in
            (p.VAR_POSITIONAL, p.VAR_KEYWORD)]


def test_help_explains_every_argument(backend):
    """By its name, or by that of a method that has the same arguments."""
    lacking = {}
    for name, value in public(backend.d2l):
        said = inspect.getdoc(value) or ''
        missing = [argument for argument in arguments(value)
                   if not re.search(rf'\b{argument}(?![a-z0-9_])', said)
                   and 'arguments are those of' not in said]
        if missing:
            lacking[name] = missing
    assert lacking == {}


def test_help_has_no_markup(backend):
    """Such as :numref:, which only the book's builder understands."""
    marked = [name for name, value in public(backend.d2l)
              if re.search(r':\w+:`', inspect.getdoc(value) or '')]
    assert marked == []
