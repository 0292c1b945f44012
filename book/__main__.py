"""The book's command line, which the Makefile calls.

Each command is the function of that name, in the module of that name.
"""

import argparse
import importlib
import locale
import os
import subprocess
import sys
from typing import Any

from book import Wrong
from book.config import Config
from book.frameworks import TABS

KEPT = 'What was built or recorded before stays as it is.'
TAB = {'choices': TABS}
COMMANDS: dict[str, tuple[str, str, dict[str, dict[str, Any]]]] = {
    # name: module, help, options
    'html': ('formats', 'build the pages; try what is not recorded with a few '
             'batches', {}),
    'pdf': ('formats', 'build the PDF of one framework, or of each',
            {'--tab': TAB}),
    'epub': ('formats', 'build the EPUB of one framework, or of each',
             {'--tab': TAB}),
    'notebooks': ('formats', 'write the notebooks: a zip, Colab, SageMaker',
                  {'--no-outputs': {'action': 'store_true',
                                  'help': 'leave the outputs out'}}),
    'serve': ('formats', 'serve the pages to this machine',
              {'--port': {'type': int, 'default': 8000,
                        'help': '0 for any that is free'}}),
    'slides': ('formats', 'write the slides', {'--tab': TAB}),
    'site': ('formats', 'build every format, for a static host', {}),
    'lab': ('formats', 'open the sources in JupyterLab',
            {'--tab': TAB}),
    'lib': ('content', "write the library's modules from the sections", {}),
    'record': ('content', 'execute in full and keep the outputs',
               {'--tab': TAB | {'required': True},
                '--section': {'help': 'record this one in any case, such as '
                                      'resnet'}}),
    'check': ('content', 'say what is wrong in the sections, and build '
              'nothing', {}),
    'verify': ('content', 'compare the recordings with what the code prints '
               'now', {}),
    'new': ('content', 'make a book of its own in a folder', {
        'folder': {'help': 'is not there yet, or is empty'},
        '--title': {}, '--author': {},
        '--language': {'choices': ['ko', 'en'], 'default': 'en',
                       'help': 'of the interface and the first chapter'},
        '--tabs': {'default': 'pytorch,jax',
                   'help': f'some of {",".join(TABS)}'}})}


def main():
    parser = argparse.ArgumentParser(prog='python -m book')
    commands = parser.add_subparsers(dest='command', required=True)
    for name, (_, about, options) in COMMANDS.items():
        command = commands.add_parser(name, help=about)
        for option, settings in options.items():
            command.add_argument(option, **settings)
    arguments = vars(parser.parse_args())
    name = arguments.pop('command')
    call(name, **arguments)


def call(name, **arguments):
    """Call the command of a name."""
    if name != 'new':       # all others need a book
        need_tab(arguments.get('tab'))

    def command():
        module = importlib.import_module(f'book.{COMMANDS[name][0]}.{name}')
        getattr(module, name)(**arguments)

    reporting(command)


def need_tab(tab):
    """End if this folder is no book, or its book has no such tab."""
    tabs = Config.read().tabs
    if tab not in (None, *tabs):
        sys.exit(f'This book has no tab {tab}. config.ini names '
                 f'{", ".join(tabs)}.')


def reporting(function, **arguments):
    """Call a function; if a cell or a section is wrong, end with that."""
    try:
        function(**arguments)
    except Wrong as error:
        sys.exit(f'{error}\n\n{KEPT}')
    except KeyboardInterrupt:
        print(f'\nStopped. {KEPT}', file=sys.stderr)
        sys.exit(130)


def in_utf8() -> int:
    """Call the command line in UTF-8, for the programs that it calls, too."""
    return subprocess.run(
        [sys.executable, '-m', 'book', *sys.argv[1:]],
        env=os.environ | {'PYTHONUTF8': '1'}).returncode


if __name__ == '__main__':
    if sys.flags.utf8_mode or locale.getencoding().lower() == 'utf-8':
        main()
    else:       # as on a Windows in Korean
        sys.exit(in_utf8())
