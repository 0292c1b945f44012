"""Serve the pages to this machine, and to no other."""

import functools
import http.server
import sys

from book.paths import HTML

HOST = '127.0.0.1'


class Handler(http.server.SimpleHTTPRequestHandler):
    """Files, as they are now; no lists of folders, no lines on requests."""

    def end_headers(self):
        self.send_header('Cache-Control', 'no-cache')
        super().end_headers()

    def list_directory(self, path):
        self.send_error(404)

    def log_message(self, *args):
        pass


def serve(port: int = 8000) -> None:
    """Serve the pages until Ctrl-C."""
    if not (HTML / 'index.html').exists():
        sys.exit(f'There are no pages in {HTML}. Build them: make book')
    try:
        server = http.server.ThreadingHTTPServer(
            (HOST, port), functools.partial(Handler, directory=HTML))
    except (OSError, OverflowError) as error:
        sys.exit(f'Port {port} cannot be used: {error}. Name another: '
                 'make serve PORT=8001')
    with server:
        print(f'The book is at http://{HOST}:{server.server_port}/ until '
              'Ctrl-C.', flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()
