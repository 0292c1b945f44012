"""The d2l library: `from d2l import torch as d2l`, or jax, or another."""

__version__ = "2.0.0"


def __getattr__(name):
    raise AttributeError(
        f'd2l has no {name!r} before a framework is chosen: from d2l import '
        f'torch as d2l, or jax, tensorflow, mxnet.', name=name)
