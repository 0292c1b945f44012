"""Run the tests in every environment and count them: `make test`.

The book's and the library's run side by side: the book's show their progress
and come first, since a browser does not wait; the others print at the end.
"""

import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from xml.etree import ElementTree

sys.path.append(str(Path(__file__).resolve().parents[1]))   # where book/ is

from book.frameworks import FRAMEWORKS

# Two runs share the cores: threads that wait for one another would spin.
THREADS = {'OMP_NUM_THREADS': str(max(1, (os.cpu_count() or 1) // 2))}
# The Python of the book, and those of the frameworks that it cannot hold.
PYTHON, *OTHERS = dict.fromkeys(
    framework.python for framework in FRAMEWORKS.values())
BOOK = PYTHON, {}, ['tests/book']       # Python, variables, arguments
LIBRARY = [
    (PYTHON, {}, ['tests', '--ignore=tests/book']),
    *((python, {}, ['tests/library']) for python in OTHERS),
    (FRAMEWORKS['tensorflow'].python, {'TF_USE_LEGACY_KERAS': '1'},  # Keras 2
     ['-k', 'tensorflow', 'tests/library/test_blocks.py',
      'tests/library/test_equality.py', 'tests/library/test_training.py',
      'tests/library/test_weights.py'])]


def main():
    with ThreadPoolExecutor(1) as pool:
        rest = pool.submit(lambda: [
            run(*arguments, prefix=['nice'], stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT) for arguments in LIBRARY])
        runs = [run(*BOOK), *rest.result()]
    for printed, _, _ in runs:
        print(printed or '', end='')
    passed, failed, skipped = map(
        sum, zip(*(counts for _, counts, _ in runs), strict=True))
    print(f'{passed} passed, {failed} failed'
          + (f', {skipped} skipped' if skipped else ''))
    sys.exit(any(status for _, _, status in runs))


def run(python, variables, arguments, prefix=(), **streams):
    """Run pytest; return what it printed, if caught, its counts and status."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, 'report.xml')
        # Many tests train the same networks: JAX compiles each once.
        cache = {'JAX_COMPILATION_CACHE_DIR': str(Path(folder, 'jax')),
                 'JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS': '0',
                 'JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES': '-1'}
        process = subprocess.run(
            [*prefix, python, '-m', 'pytest', *arguments, *sys.argv[1:],
             '--junitxml', report],
            env=os.environ | THREADS | cache | variables, text=True, **streams)
        suite = ElementTree.parse(report).getroot().find('testsuite')
    tests, failures, errors, skipped = (
        int(suite.get(key))
        for key in ('tests', 'failures', 'errors', 'skipped'))
    bad = failures + errors
    return (process.stdout, (tests - bad - skipped, bad, skipped),
            process.returncode)


if __name__ == '__main__':
    main()
