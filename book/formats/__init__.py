"""What a reader takes: pages, PDF, EPUB, notebooks, slides, the site."""
