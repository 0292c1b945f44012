"""Sphinx: how the pages look, and what they can do."""
