"""For tools that ask for this file: pyproject.toml says it all."""

from setuptools import setup

setup()
