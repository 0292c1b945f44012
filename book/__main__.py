"""The book's command line, which the Makefile calls."""

import argparse
import sys

from book.build import build_html
from book.execute import CellFailed


def main():
    parser = argparse.ArgumentParser(prog='python -m book')
    parser.add_argument('command', choices=['html'],
                        help='html: execute what changed and build the pages')
    parser.parse_args()
    try:
        build_html()
    except CellFailed as error:
        sys.exit(f'{error}\nThe last good pages stay as they are.')


if __name__ == '__main__':
    main()
