"""The d2l library: `from d2l import torch as d2l`, or jax, or another."""

__version__ = "2.0.0"
