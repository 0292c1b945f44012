"""The d2l library: `from d2l import torch as d2l` (or jax, tensorflow, mxnet)."""

__version__ = "2.0.0"
