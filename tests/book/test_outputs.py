"""The recordings of this book."""

import re
from pathlib import Path

import nbformat

from conftest import book


def test_the_recordings_hold():
    """Every recording of the book, against its code executed now."""
    result = book('.', 'verify')
    assert result.returncode == 0, result.stdout


def test_the_recordings_are_small_and_of_no_machine():
    files = list(Path('outputs').rglob('*.ipynb'))
    assert sum(file.stat().st_size for file in files) < 10e6
    private = re.compile(rf'{re.escape(str(Path.cwd()))}|/home/|/root/|/tmp/|'
                         rf'0x[0-9a-f]{{6}}|<dc:date>')
    for file in files:
        assert not private.search(file.read_text()), file


def test_the_text_quotes_the_recorded_training():
    """Ten epochs on the whole data set, and what the text says of them."""
    cells = nbformat.read('outputs/pytorch/resnet.ipynb', 4).cells
    printed = ''.join(out.get('text', '') for cell in cells
                      for out in cell.outputs)
    losses, val_losses, accuracies = zip(*re.findall(
        r'^epoch \d+/10: train_loss (\S+), val_loss (\S+), val_acc (\S+), ',
        printed, re.MULTILINE))
    assert len(accuracies) == 10 and float(accuracies[-1]) >= 0.90
    text = Path('chapter_resnet/resnet.md').read_text()
    text = text[text.index('## [**훈련'):text.index('## ResNeXt')]
    for quoted in (accuracies[-1], losses[0], losses[-1], val_losses[-1],
                   min(val_losses)):
        assert quoted in text
