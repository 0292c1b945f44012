"""The type hints, as a type checker sees them in an author's program."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from book.frameworks import BY_MODULE

ROOT = Path(__file__).parents[2]
PROGRAM = '''
from d2l import {framework} as d2l

reveal_type(d2l.num_gpus())
reveal_type(d2l.get_seed())
data = d2l.FashionMNIST(batch_size=128, resize=(96, 96))
trainer = d2l.Trainer(max_epochs=1, num_gpus=1, gradient_clip_val=0.5)
trainer.fit(d2l.LeNet(lr=0.01), data)
reveal_type(data.batch_size)
reveal_type(data.text_labels([0]))
reveal_type(d2l.Timer().stop())
d2l.plot([0, 1], [1, 2], xlabel='x')

d2l.FashionMNIST(batch_size='large')    # line 13
d2l.Timer().stop(3)                     # line 14
trainer.fit(d2l.LeNet(), data=3)        # line 15
'''
REVEALED = ['int', 'int', 'int', 'list[str]', 'float']
WRONG = {13: 'arg-type', 14: 'call-arg', 15: 'arg-type'}


@pytest.fixture(scope='module')
def report(tmp_path_factory):
    """Return what mypy says of a program in each framework."""
    folder = tmp_path_factory.mktemp('programs')
    for framework in BY_MODULE:
        (folder / f'{framework}_user.py').write_text(
            PROGRAM.format(framework=framework).lstrip())
    return subprocess.run(
        [sys.executable, '-m', 'mypy', '--follow-imports=silent',
         '--ignore-missing-imports', '--cache-dir', str(folder / 'cache'),
         *(f'{framework}_user.py' for framework in BY_MODULE)],
        cwd=folder, env=os.environ | {'MYPYPATH': str(ROOT)},
        capture_output=True, text=True).stdout


@pytest.mark.parametrize('framework', BY_MODULE)
def test_hints_describe_the_api(report, framework):
    said = re.findall(rf'^{framework}_user\.py:(\d+): (\w+): (.*)$', report,
                      re.MULTILINE)
    revealed = [what.split('"')[1] for _, _, what in said
                if what.startswith('Revealed')]
    assert revealed == REVEALED, report
    wrong = {int(line): re.search(r'\[([a-z-]+)\]$', what)[1]
             for line, kind, what in said if kind == 'error'}
    assert wrong == WRONG, report
