"""Two helpers that keep a class readable when it is built cell by cell."""

import inspect
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

__all__ = ['add_to_class', 'HyperParameters']


def add_to_class(Class: type) -> Callable[[Callable], None]:
    """Register the decorated function as a method of `Class`.

    The name that the function had in the caller's scope becomes None.
    """
    def register(function):
        setattr(Class, function.__name__, function)
    return register


class HyperParameters:
    """The base class of everything that keeps its constructor's arguments."""

    if TYPE_CHECKING:
        def __getattr__(self, name: str) -> Any:
            """Tell type checkers that arguments become attributes."""

    def save_hyperparameters(self, ignore: str | Iterable[str] = []) -> None:
        """Store the caller's arguments in `self.hparams` and as attributes.

        `ignore`: a name or names to leave out; `self` and names that begin
        with an underscore are left out anyway.
        """
        ignore = [ignore] if isinstance(ignore, str) else ignore
        here = inspect.currentframe()
        assert here and here.f_back, 'CPython has frames'
        self.hparams = {
            name: value for name, value in here.f_back.f_locals.items()
            if name not in {'self', *ignore} and not name.startswith('_')}
        for name, value in self.hparams.items():
            setattr(self, name, value)
