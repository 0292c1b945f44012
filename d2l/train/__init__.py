"""The chapter's training for large data: `python -m d2l.train --help`.

What is common stands in `recipe.py`, what the frameworks do differently in a
file each.
"""
