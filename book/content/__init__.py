"""The content of the book: sections, tabs, executed notebooks, outputs."""
