"""Run the tests in both environments and count them: `make test`."""

import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

RUNS = [    # environment, variables, what pytest runs
    ('.venv', {}, ['tests']),
    ('.venv-mxnet', {}, ['tests/library']),
    ('.venv', {'TF_USE_LEGACY_KERAS': '1'},     # Keras 2
     ['-k', 'tensorflow', 'tests/library/test_blocks.py',
      'tests/library/test_equality.py', 'tests/library/test_training.py',
      'tests/library/test_weights.py'])]


def main():
    passed = failed = skipped = status = 0
    for environment, variables, arguments in RUNS:
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder, 'report.xml')
            status |= subprocess.run(
                [f'{environment}/bin/python', '-m', 'pytest', *arguments,
                 *sys.argv[1:], '--junitxml', report],
                env=os.environ | variables).returncode
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
