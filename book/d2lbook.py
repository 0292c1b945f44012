"""The commands of d2lbook, for people who know them, on this book's layer.

`make env` puts this in the place of the program `d2lbook`: the original runs
with themes and settings that this book does not have. Whatever is no `build`
is the original's.
"""

import argparse
import sys

from d2lbook import main as original

from book.__main__ import TAB, call, need_tab, reporting
from book.content.builder import open_book

COMMANDS = {    # d2lbook's: ours
    'html': 'html', 'pdf': 'pdf', 'slides': 'slides', 'lib': 'lib',
    'ipynb': 'notebooks', 'colab': 'notebooks', 'sagemaker': 'notebooks',
    'pkg': 'notebooks', 'all': 'site'}
STEPS = 'eval', 'merge', 'rst', 'tabcheck', 'outputcheck'   # of the builder
TABBED = 'pdf', 'slides'


def main() -> None:
    if sys.argv[1:2] != ['build']:
        return original.main()
    parser = argparse.ArgumentParser(prog='d2lbook build')
    parser.add_argument('commands', nargs='+', choices=[
        *STEPS, *COMMANDS, 'linkcheck'])
    parser.add_argument('--tab', choices=[*TAB['choices'], 'all'],
                        default='all')
    arguments = parser.parse_args(sys.argv[2:])
    need_tab(None if arguments.tab == 'all' else arguments.tab)
    for command in arguments.commands:
        if command in STEPS:
            reporting(step, command=command, tab=arguments.tab)
        elif command == 'linkcheck':
            sys.exit('d2lbook build linkcheck: make test does it here.')
        elif command in TABBED and arguments.tab != 'all':
            call(COMMANDS[command], tab=arguments.tab)
        else:
            call(COMMANDS[command])
    return None


def step(command: str, tab: str) -> None:
    """Call a step of the builder."""
    getattr(open_book(tab), command)()


if __name__ == '__main__':
    main()
