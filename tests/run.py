"""Run the tests in both environments and count them: `make test`."""

import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

RUNS = [('.venv', ['tests']), ('.venv-mxnet', ['tests/library'])]


def main():
    passed = failed = skipped = status = 0
    for environment, paths in RUNS:
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder, 'report.xml')
            status |= subprocess.run(
                [f'{environment}/bin/python', '-m', 'pytest', *paths,
                 *sys.argv[1:], '--junitxml', report]).returncode
            suite = ElementTree.parse(report).getroot().find('testsuite')
            count = {key: int(suite.get(key)) for key in
                     ('tests', 'failures', 'errors', 'skipped')}
        bad = count['failures'] + count['errors']
        failed += bad
        skipped += count['skipped']
        passed += count['tests'] - bad - count['skipped']
    print(f'{passed} passed, {failed} failed'
          + (f', {skipped} skipped' if skipped else ''))
    sys.exit(status)


if __name__ == '__main__':
    main()
