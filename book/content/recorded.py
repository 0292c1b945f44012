"""Figures of a training in the text: `:recorded:`last val_acc``.

They are those of the reader's own tab: of the last training above the text, as
its cell printed them. `first`, `last`, `min` and `max` are over its epochs;
`argmin` and `argmax` are the epochs of these; `last epoch` is their number.
"""

import re
from collections.abc import Iterator

from nbformat import NotebookNode

from book import Wrong
from book.content import document
from book.content.sections import code_cells, text_of

ROLE = 'recorded'
EPOCH = re.compile(r'^epoch (?P<epoch>\d+)/\d+: (?P<means>.*)$', re.MULTILINE)
MEAN = re.compile(r'(?P<name>[a-z]\w*) (?P<value>[-\w.]+)')
EPOCHS = {
    'first': lambda values: 0, 'last': lambda values: len(values) - 1,
    'min': lambda values: values.index(min(values)),
    'max': lambda values: values.index(max(values))}
CHOICES = [*EPOCHS, 'argmin', 'argmax']


def history(cell: NotebookNode) -> list[dict[str, str]]:
    """Return the epochs that a cell printed: the name of a mean -> figure."""
    return [{'epoch': epoch['epoch'],
             **{mean['name']: mean['value']
                for part in epoch['means'].split(', ')
                if (mean := MEAN.fullmatch(part))}}
            for epoch in EPOCH.finditer(text_of(cell))]


def figure(target: str, epochs: list[dict[str, str]]) -> str:
    """Return the figure that a target names, such as 'last val_acc'.

    Raises ValueError, which says what there is, where there is none.
    """
    choice, name = target.split()
    names = [name for name in epochs[0] if all(name in e for e in epochs)]
    if name not in names:
        raise ValueError(f'the training printed {", ".join(names)}')
    i = EPOCHS[choice.removeprefix('arg')](
        [float(epoch[name]) for epoch in epochs])
    return epochs[i]['epoch' if choice.startswith('arg') else name]


def fill(nb: NotebookNode, section: object, tab: str) -> None:
    """Put the figures into the text of a notebook, whose outputs are there.

    Raises Wrong where no cell above trained, or none printed the name.
    """
    epochs: list[dict[str, str]] = []
    is_executed = any(cell.outputs for cell in code_cells(nb))
    for cell in nb.cells:
        if cell.cell_type == 'code':
            epochs = history(cell) or epochs
            continue
        lines = cell.source.split('\n')
        for span in (span for block in document.parse(cell.source).blocks
                     for span in roles(block)):
            try:
                if not epochs and is_executed:
                    raise ValueError('no cell above it trained')
                shown = figure(span.target, epochs) if epochs else '…'
            except ValueError as error:
                raise Wrong(f'{section}, tab {tab}: {span.source} has no '
                            f'figure: {error}.') from None
            i = span.line - 1
            lines[i] = lines[i].replace(span.source, shown, 1)
            cell.metadata['tab'] = [tab]    # another tab shows another
        cell.source = '\n'.join(lines)


def roles(block: document.Block) -> Iterator[document.Role]:
    """Yield the figures that a block asks for."""
    for span in block.walk():
        if isinstance(span, document.Role) and span.name == ROLE:
            yield span
