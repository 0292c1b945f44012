"""Checkpoints: a training that was cut off goes on after its last epoch.

With D2L_CHECKPOINT_DIR=folder in the environment, every `fit` of a program
writes what it needs to go on after each epoch, and the same program started
again goes on from there, to the same weights, bit by bit.
"""

import itertools
import json
import shutil
from pathlib import Path


class Checkpoints:
    """The checkpoints of one `fit`, the n-th of the program.

    There is one at a time, `folder/fit-n/epoch-k`: what the framework's
    trainer writes with `save_state`, and `progress.json`.
    """
    number = itertools.count(1)

    def __init__(self, folder):
        self.folder = Path(folder, f'fit-{next(self.number)}')

    def save(self, trainer, progress):
        """Write a checkpoint whole, then remove the one before."""
        partial = self.folder / 'partial'
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        trainer.save_state(str(partial / 'state'))
        (partial / 'progress.json').write_text(json.dumps(progress))
        before = self.last()
        partial.rename(self.folder / f'epoch-{trainer.epoch + 1}')
        if before:
            shutil.rmtree(before)

    def load(self, trainer):
        """Set the trainer's state to the last checkpoint; return its progress.

        Returns None where there is no checkpoint.
        """
        last = self.last()
        if not last:
            return None
        trainer.load_state(str(last / 'state'))
        return json.loads((last / 'progress.json').read_text())

    def last(self):
        """Return the folder of the last checkpoint, or None."""
        return max(self.folder.glob('epoch-*'), default=None,
                   key=lambda folder: int(folder.name[len('epoch-'):]))
