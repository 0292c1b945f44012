"""The recordings of this book."""

import json
import re
import subprocess
from pathlib import Path

import nbformat
import pytest
from tqdm import tqdm

from book.content import recorded, recordings
from book.content.builder import open_book
from book.content.execution import execute
from book.content.sections import code_cells
from book.content.verify import differences
from book.frameworks import FRAMEWORKS, TABS

# A kernel for which only the wheel, of all in this repository, is installed.
KERNEL = '''
import os
import sys
sys.meta_path = [finder for finder in sys.meta_path
                 if '__editable__' not in getattr(finder, '__module__', '')]
import d2l
assert d2l.__file__.startswith(os.environ['PYTHONPATH']), d2l.__file__
from ipykernel.kernelapp import launch_new_instance
launch_new_instance()
'''


@pytest.fixture(scope='session')
def kernels(wheel, tmp_path_factory):
    """Where Jupyter finds such kernels, instead of those of `make`."""
    folder = tmp_path_factory.mktemp('kernels')
    site = folder / 'site'
    subprocess.run(['.tools/bin/uv', 'pip', 'install', '--quiet', '--offline',
                    '--no-deps', '--target', site, wheel], check=True)
    for framework in FRAMEWORKS.values():
        spec = folder / 'kernels' / framework.kernel / 'kernel.json'
        spec.parent.mkdir(parents=True, exist_ok=True)
        spec.write_text(json.dumps({
            'argv': [str(Path(framework.python).absolute()), '-c', KERNEL,
                     '-f', '{connection_file}'],
            'env': {'PYTHONPATH': str(site)},
            'display_name': framework.name, 'language': 'python'}))
    return folder


# Sections that train so many networks that compiling them takes minutes.
MANY_NETWORKS = {'why-residual', 'variants', 'cnn-design'}


@pytest.mark.parametrize('tab', TABS)
def test_the_notebooks_print_what_is_recorded(unpacked, kernels, tab,
                                              monkeypatch):
    """A reader's notebooks run, and the recordings hold.

    In PyTorch all do, in the other tabs those of few networks: the rest takes
    half an hour, which `make verify` has.
    """
    for name, value in [('JUPYTER_PATH', str(kernels)),
                        ('D2L_FAST_DEV_RUN', '1'), ('PYTHONWARNINGS', ''),
                        ('TF_CPP_MIN_LOG_LEVEL', '')]:
        monkeypatch.setenv(name, value)
    for path in sorted((unpacked / tab).rglob('*.ipynb')):
        nb = nbformat.read(path, 4)
        if not code_cells(nb) or (
                tab != 'pytorch' and path.stem in MANY_NETWORKS):
            continue
        nb.metadata.kernelspec.name = FRAMEWORKS[tab].kernel
        execute(nb, path, tab, tqdm(disable=True))
        recording = recordings.find(nb, path, tab)
        assert recording, path
        assert list(differences(recording, nb)) == [], path


def test_the_recordings_are_small_and_of_no_machine():
    files = list(Path('outputs').rglob('*.ipynb'))
    assert sum(file.stat().st_size for file in files) < 10e6
    private = re.compile(rf'{re.escape(str(Path.cwd()))}|/home/|/root/|/tmp/|'
                         rf'0x[0-9a-f]{{6}}|<dc:date>')
    for file in files:
        assert not private.search(file.read_text()), file


@pytest.mark.parametrize('tab', TABS)
def test_the_text_holds_of_the_recorded_training(tab):
    """Ten epochs on the whole data set that overfit, or the text says less."""
    [section] = [nb for nb, path, _ in open_book().notebooks([tab])
                 if path.stem == 'resnet']
    recording = nbformat.read(
        f'outputs/{tab}/chapter_resnet/resnet.ipynb', 4)
    [epochs] = filter(None, map(recorded.history, recording.cells))
    for cell, source in zip(code_cells(section), recording.cells, strict=True):
        cell.outputs = source.outputs
    recorded.fill(section, 'resnet', tab)
    text = '\n'.join(cell.source for cell in section.cells
                     if cell.cell_type == 'markdown')
    losses, val_losses, accuracies = (
        [epoch[name] for epoch in epochs]
        for name in ('train_loss', 'val_loss', 'val_acc'))
    says_less = '열 에포크 가운데' in text
    assert says_less == (len(epochs) < 10)
    assert accuracies[-1] in text
    assert float(accuracies[-1]) >= (0.8 if says_less else 0.90)
    if not says_less:
        assert losses == sorted(losses, key=float, reverse=True)
        assert float(val_losses[-1]) > min(map(float, val_losses))
        for quoted in (losses[0], losses[-1], val_losses[-1],
                       min(val_losses, key=float)):
            assert quoted in text


@pytest.mark.parametrize('tab', TABS)
def test_inception_beside_resnet_34(tab):
    """By what the papers tell of it, and torchvision of ResNet-34."""
    cells = nbformat.read(
        f'outputs/{tab}/chapter_resnet/variants.ipynb', 4).cells
    printed = ''.join(out.get('text', '') for cell in cells
                      for out in cell.outputs)
    assert (f'파라미터는 {13.6e6 / 21797672:.0%}, '
            f'곱셈-덧셈은 {2.0 / 3.66:.0%}\n') in printed
