"""The book's command line, which the Makefile calls."""

import argparse
import sys

from book import build, epub, execute, lab, pdf, site


def main():
    parser = argparse.ArgumentParser(prog='python -m book')
    commands = parser.add_subparsers(dest='command', required=True)
    commands.add_parser('html', help='build the pages; try what is not '
                                     'recorded with a few batches')
    for name in 'pdf', 'epub':
        command = commands.add_parser(name, help=f'build the {name.upper()} of '
                                                 'one framework, or of each')
        command.add_argument('--tab', choices=execute.KERNELS)
    record = commands.add_parser('record', help='execute in full and keep '
                                                'the outputs')
    record.add_argument('--tab', choices=execute.KERNELS, required=True)
    record.add_argument('--section', help='record this one in any case, such '
                                          'as resnet')
    commands.add_parser('verify', help='compare the recordings with what the '
                                       'code prints now')
    command = commands.add_parser('notebooks', help='write the notebooks: a '
                                                    'zip, Colab, SageMaker')
    command.add_argument('--no-outputs', action='store_true',
                         help='leave the outputs out')
    command = commands.add_parser('slides', help='write the slides')
    command.add_argument('--tab', choices=execute.KERNELS)
    commands.add_parser('site', help='build every format, for a static host')
    command = commands.add_parser('lab', help='open the sources in '
                                              'JupyterLab')
    command.add_argument('--tab', choices=execute.KERNELS, default='pytorch')
    arguments = parser.parse_args()
    try:
        if arguments.command == 'html':
            build.build_html()
        elif arguments.command in ('pdf', 'epub'):
            {'pdf': pdf, 'epub': epub}[arguments.command].build(
                [arguments.tab] if arguments.tab else list(execute.KERNELS))
        elif arguments.command == 'record':
            build.record(arguments.tab, arguments.section)
        elif arguments.command == 'verify':
            build.verify()
        elif arguments.command == 'notebooks':
            build.build_notebooks(outputs=not arguments.no_outputs)
        elif arguments.command == 'slides':
            build.build_slides(arguments.tab)
        elif arguments.command == 'site':
            site.make()
        else:
            lab.lab(arguments.tab)
    except execute.CellFailed as error:
        sys.exit(f'{error}\nWhat was built or recorded before stays as it is.')


if __name__ == '__main__':
    main()
