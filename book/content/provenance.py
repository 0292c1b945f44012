"""Put outputs into a notebook, and say where those of a training come from.

A cell that trained carries a record of it in its metadata. It stays data until
a format shows it.
"""

import dataclasses
import re

from nbformat import NotebookNode

from book.content.safe import safe
from book.content.sections import code_cells, number_cells, text_of
from book.frameworks import FRAMEWORKS
from book.words import say

EPOCH = re.compile(r'^epoch \d+/\d+: .*, ([\d.]+) s$', re.MULTILINE)
BATCHES = re.compile(r'^D2L_FAST_DEV_RUN=(\d+): ', re.MULTILINE)
EPOCHS = re.compile(r'^D2L_MAX_EPOCHS=(\d+): \d+ of (\d+) ', re.MULTILINE)


@dataclasses.dataclass
class Provenance:
    """What ran a training, and what shortened it.

    `seconds`: of all epochs; `date`: YYYY-MM-DD; `precision`: what the layers
    computed in; `seed`: of the notebook's random numbers; `data`: the
    beginning of the SHA-256 of its images; `commit`: of the book, with a +
    where files differed from it; `batches`: to which D2L_FAST_DEV_RUN limited
    the only epoch; `epochs`, `planned_epochs`: to how many D2L_MAX_EPOCHS
    limited the training, and of how many.
    """
    framework: str
    version: str
    device: str
    seconds: float
    date: str
    precision: str = ''
    seed: int | None = None
    data: str = ''
    commit: str = ''
    batches: int | None = None
    epochs: int | None = None
    planned_epochs: int | None = None

    @classmethod
    def read(cls, cell: NotebookNode) -> 'Provenance | None':
        """Return the record in a cell's metadata, None if there is none."""
        record = cell.metadata.get('provenance')
        return cls(**record) if record else None

    @property
    def line(self) -> str:
        """One line that says what ran the training."""
        return ' · '.join(filter(None, [
            f'{self.framework} {self.version}', self.device, self.precision,
            say('trained', time=duration(self.seconds)), self.date,
            '' if self.seed is None else say('seed', n=self.seed),
            self.data and say('data', digest=self.data),
            self.commit and say('commit', commit=self.commit)]))

    @property
    def warning(self) -> tuple[str, str] | None:
        """Title and text of what must be said of a shortened training."""
        if self.batches:
            return say('trial'), say('trial_says', n=self.batches)
        if self.epochs:
            return (say('shortened', planned=self.planned_epochs,
                        n=self.epochs), say('shortened_says'))
        return None


def with_outputs(nb: NotebookNode, executed: NotebookNode,
                 tab: str) -> NotebookNode:
    """Return a notebook with the outputs of one with the same code."""
    for cell, source in zip(code_cells(nb), code_cells(executed),
                            strict=True):
        cell.outputs = [safe(output) for output in source.outputs]
        cell.execution_count = source.execution_count
        if record := provenance(cell, source.metadata.get('training', {}),
                                executed.metadata['d2l'], tab):
            cell.metadata['provenance'] = dataclasses.asdict(record)
    number_cells(nb)
    return nb


def provenance(cell: NotebookNode, training: dict, facts: dict,
               tab: str) -> Provenance | None:
    """Return the record of a cell's training.

    Whether it trained is read off what it printed; `training`: what its
    checkpoints told; `facts`: what the execution told of the machine.
    """
    text = text_of(cell)
    seconds = [float(s) for s in EPOCH.findall(text)]
    if not seconds:
        return None
    record = Provenance(FRAMEWORKS[tab].name, facts['version'],
                        facts['device'], sum(seconds), facts['date'],
                        **training, seed=facts.get('seed'),
                        commit=facts.get('commit', ''))
    if batches := BATCHES.search(text):
        record.batches = int(batches[1])
    elif epochs := EPOCHS.search(text):
        record.epochs, record.planned_epochs = map(int, epochs.groups())
    return record


def duration(seconds: float) -> str:
    """Return a duration in words, in its two largest units."""
    minutes, s = divmod(round(seconds), 60)
    h, m = divmod(minutes, 60)
    if h:
        return say('hours', h=h, m=m)
    return say('minutes', m=m, s=s) if m else say('seconds', s=s)
