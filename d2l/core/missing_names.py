"""What d2l's modules answer when they are asked for a name they lack."""

import re
import sys

__all__ = ['getattr_of']


def getattr_of(module):
    """Return the `__getattr__` of the module of this name."""
    def __getattr__(name):
        if name == 'plt':       # slow to import: only when it is used
            from matplotlib import pyplot
            return pyplot
        net = re.fullmatch(r'resne(x?)t_?(\d+).*', name, re.IGNORECASE)
        if net:
            call = 'resnext50()' if net[1] else f'resnet({net[2]})'
            raise AttributeError(f'{module} has no {name!r}: write '
                                 f'd2l.{call}.', name=name,
                                 obj=sys.modules[module])
        raise AttributeError(
            f'{module} has no {name!r}. If it is of D2L 1.0.3, define it in '
            f'the chapter, or run the chapter in an environment of its own '
            f'with d2l==1.0.3.', name=name, obj=sys.modules[module])

    return __getattr__
