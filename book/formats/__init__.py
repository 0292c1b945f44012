"""The forms in which a reader takes the book: pages, PDF, EPUB, notebooks, slides."""
