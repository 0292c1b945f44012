"""Kill trainings at random moments, and look at what they come to.

`python bench/kills.py jax 10`: ten times, a training with checkpoints is
killed (SIGKILL) after a random time and started again, until it ends; its
weights must be those of a training that nobody stopped, bit by bit.
"""

import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tqdm import tqdm

sys.path.append(str(Path(__file__).resolve().parents[1]))   # where book/ is

from book.frameworks import FRAMEWORKS

EPOCHS = 40
PROGRAM = Path(__file__).with_name('program.py')


def train(tab, folder, until=lambda: None):
    """Return what a training prints last, None if it was killed before.

    `until()`: in how many seconds to kill it, from its first line on.
    """
    framework = FRAMEWORKS[tab]
    process = subprocess.Popen(
        [framework.python, PROGRAM, framework.module, folder, str(EPOCHS)],
        text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env=os.environ | {'PYTHONUNBUFFERED': '1'})
    begun = process.stdout.readline()
    try:
        printed, _ = process.communicate(timeout=until())
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return None
    if process.returncode:
        sys.exit(f'A training failed: {begun}{printed}')
    return printed.split()[-1]


def main(tab, trainings='10'):
    start = []
    kills = others = 0
    with tempfile.TemporaryDirectory() as folder:
        expected = train(tab, f'{folder}/whole',
                         lambda: start.append(time.time()))
        longest = time.time() - start[0]
        for i in tqdm(range(int(trainings))):
            while not (found := train(tab, f'{folder}/{i}',
                                      lambda: random.uniform(0, longest))):
                kills += 1
            others += found != expected
    print(f'{tab}: {trainings} trainings of {EPOCHS} epochs, {kills} kills, '
          f'{others} with other weights.')
    sys.exit(others > 0)


if __name__ == '__main__':
    main(*sys.argv[1:])
