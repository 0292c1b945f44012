"""d2l-train in every framework, from the command line to a file."""

import functools
import importlib
import itertools
import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file

import equality
from d2l.core import images
from d2l.train import recipe
from d2l.train.__main__ import main, parsed, parser
from train_pictures import (
    AGAIN,
    SMALL,
    do_alike,
    small_resnet,
    write_pictures,
)
from train_pictures import images as some_images


@pytest.fixture(scope='session')
def trained(tmp_path_factory):
    """What PyTorch trained, in the environment that has it."""
    folder = tmp_path_factory.mktemp('train')
    subprocess.run(['.venv/bin/python', 'tests/library/train_pictures.py',
                    folder], check=True)
    return folder


@pytest.fixture
def framework(backend, monkeypatch):
    """The framework's file of `d2l.train`, with a model of one block."""
    found = importlib.import_module(f'd2l.train.{backend.name}')
    monkeypatch.setattr(found.d2l, 'resnet',
                        lambda depth: found.d2l.ResNet(((1, 64),)))
    return found


@pytest.fixture
def run(backend, framework, trained, tmp_path):
    """Call d2l-train on the pictures; return the folder that it wrote."""
    def run(*arguments, out='run'):
        main([backend.name, '--data', str(trained / 'pictures'), '--out',
              str(tmp_path / out), *map(str, arguments)])
        return tmp_path / out

    return run


def test_a_checkpoint_means_the_same_in_every_framework(
        backend, framework, trained, run, monkeypatch, capsys):
    """Logits, and the accuracy that the command tells."""
    do_alike(monkeypatch.setattr, framework)
    weights = trained / 'first' / 'weights.safetensors'
    model = framework.d2l.BottleneckResNet(
        small_resnet(framework.d2l)(0).arch, num_classes=3)
    framework.d2l.load_weights(model, weights)
    found = backend.logits(model, some_images())
    assert equality.relative(found, np.load(trained / 'logits.npy')) < 1e-4
    run('--evaluate', '--weights', weights, *SMALL)
    loss, acc = re.search(r'^val_loss (\S+), val_acc (\S+)$',
                          capsys.readouterr().out, re.MULTILINE).groups()
    *_, last = progress_of(trained / 'first')['history']
    assert float(loss) == pytest.approx(last['val_loss'], rel=1e-4)
    assert float(acc) == pytest.approx(last['val_acc'], abs=1e-4)
    assert float(acc) > 0.6     # it was trained


def progress_of(folder):
    """Return what the last checkpoint in a folder tells of the training."""
    last = max((folder / 'fit-1').glob('epoch-*'))
    with safe_open(last / 'state.safetensors', 'np') as file:
        return json.loads(file.metadata()['progress'])


def test_the_recipe_is_the_same_in_every_framework(
        backend, framework, trained, run, monkeypatch):
    """From the same weights, pictures and rate to the same weights."""
    do_alike(monkeypatch.setattr, framework)
    first = trained / 'first' / 'weights.safetensors'
    out = run('--weights', first, *AGAIN)
    before = load_file(first)
    expected = load_file(trained / 'second' / 'weights.safetensors')
    for name, found in load_file(out / 'weights.safetensors').items():
        if 'running_var' in name:   # PyTorch's is unbiased
            continue
        moved = np.abs(expected[name] - before[name]).max()
        assert np.abs(found - expected[name]).max() <= 0.01 * moved + 1e-5, (
            name)


def test_goes_on_to_the_same_weights(run, monkeypatch, capsys):
    arguments = [*SMALL, '--epochs', '3', '--schedule', 'step', '--resume']
    whole = run(*arguments, out='whole')
    with monkeypatch.context() as cut_off:
        cut_off.setenv('D2L_MAX_EPOCHS', '1')
        run(*arguments, out='parts')
    parts = run(*arguments, out='parts')
    assert 'The training goes on after epoch 1.' in capsys.readouterr().out
    expected = load_file(whole / 'weights.safetensors')
    for name, found in load_file(parts / 'weights.safetensors').items():
        np.testing.assert_array_equal(found, expected[name], name)
    with pytest.raises(ValueError, match='trainer.schedule is .step. there'):
        run(*SMALL, '--epochs', '3', '--resume', out='parts')


def test_every_option_is_kept(backend, run, capsys):
    pytest.importorskip('tensorboardX')
    arguments = [*SMALL, '--epochs', '2', '--no-flip', '--lr', '0.02']
    out = run(*arguments, '--tensorboard')
    options = json.loads((out / 'options.json').read_text())
    named = {action.dest for action in parser()._actions} - {'help'}
    assert options.keys() == named
    assert (options['lr'], options['flip']) == (0.02, False)
    assert progress_of(out)['options'] == options
    printed = capsys.readouterr().out
    for name, value in options.items():
        assert f'{name} = {value}\n' in printed
    assert '24 pictures to train on, 12 to validate on, 3 classes' in printed
    assert {file.name for file in out.iterdir()} == {
        'fit-1', 'options.json', 'tensorboard', 'weights.safetensors'}
    assert (out / 'fit-1' / 'best.safetensors').exists()


def batches_of(loader):
    rows, seed = loader.rows()
    return [(images.copy(), labels.tolist(), unread) for images, labels, unread
            in loader.read([(batch, seed) for batch in rows])]


def test_the_frameworks_loader_reads_what_threads_read(
        backend, framework, tmp_path, capsys):
    root = write_pictures(tmp_path / 'pictures')
    broken = root / 'train' / 'green' / '5.jpg'
    broken.write_bytes(broken.read_bytes()[:700])
    data = framework.Data(parsed([backend.name, '--data', str(root), *SMALL]))
    for pictures, get_seed in (data.train, lambda: 3), (data.val, None):
        loader, peer = (
            kind(pictures, 10, lambda *batch: batch, get_seed, 2)
            for kind in (framework.Loader, images.PictureLoader))
        expected = batches_of(peer)
        for _ in range(2):
            found = batches_of(loader)
            assert [batch[1:] for batch in found] == [
                batch[1:] for batch in expected]
            for (a, *_), (b, *_) in zip(found, expected, strict=True):
                np.testing.assert_array_equal(a, b)
        list(loader)
        told = capsys.readouterr().out
        assert told.count(f'{broken} is left out: OSError') == bool(get_seed)
    X, _ = next(iter(data.val_dataloader()))
    found = backend.numpy_images(X)
    pixels, _, _ = data.val.read(np.arange(12))
    np.testing.assert_allclose(
        found, ((pixels / 255 - recipe.MEAN) / recipe.STD
                ).transpose(0, 3, 1, 2), atol=1e-5)


def options(**changed):
    return parsed(['torch', '--data', '.', *itertools.chain(*(
        (f'--{name.replace("_", "-")}', str(value))
        for name, value in changed.items()))])


def test_the_learning_rate_is_the_papers():
    """Goyal et al.: 0.1 per 256, five epochs up, then a tenth at 30, 60, 80.

    He et al.: half of 1 + cos after the warm-up.
    """
    step = functools.partial(recipe.rate, options(batch_size=8192,
                                                  schedule='step'))
    for epoch, expected in [(0, 0), (2.5, 1.6), (5, 3.2), (29.9, 3.2),
                            (30, 0.32), (60, 0.032), (80, 0.0032),
                            (90, 0.0032)]:
        assert step(epoch) == pytest.approx(expected), epoch
    cosine = functools.partial(recipe.rate, options())
    for epoch, expected in [(0, 0), (5, 0.1), (47.5, 0.05), (90, 0)]:
        assert cosine(epoch) == pytest.approx(expected), epoch


def test_random_boxes_lie_in_the_picture_and_are_of_all_sizes(rng):
    boxes = np.array([recipe.random_box(500, 375, (224, 224), rng, 0.08)
                      for _ in range(2000)])
    left, top, right, bottom = boxes.T
    assert left.min() >= 0 and top.min() >= 0
    assert right.max() <= 500 and bottom.max() <= 375
    w, h = right - left, bottom - top
    area, ratio = w * h / (500 * 375), w / h
    assert 0.08 <= area.min() < 0.1 and 0.9 < area.max() <= 1
    assert 3/4 <= ratio.min() < 0.76 and 1.31 < ratio.max() <= 4/3 + 1e-9
    whole = recipe.random_box(1000, 10, (4, 4), rng, 1)    # none fits
    assert whole == pytest.approx((495, 0, 505, 10))


@pytest.mark.parametrize('arguments, told', [
    (['torch'], 'the following arguments are required: --data'),
    (['theano', '--data', '.'], "invalid choice: 'theano'"),
    (['torch', '--data', '.', '--epochs', '3'],
     '--warmup-epochs 5 must be less than --epochs 3'),
    (['torch', '--data', '.', '--evaluate'], '--evaluate needs --weights'),
    (['torch', '--data', '.', '--lr', '-1'], '-1 must be a number above 0'),
    (['torch', '--data', '.', '--batch-size', '1.5'],
     '1.5 must be a whole number from 1'),
    (['torch', '--data', '.', '--label-smoothing', '1'],
     '--label-smoothing must be less than 1')])
def test_mistakes_are_told_before_anything_is_loaded(arguments, told, capsys):
    with pytest.raises(SystemExit):
        main(arguments)
    assert told in capsys.readouterr().err


def test_files_that_are_not_there(backend, framework, trained, tmp_path):
    with pytest.raises(SystemExit, match='d2l-train: .*nowhere is no folder'):
        main([backend.name, '--data', str(tmp_path / 'nowhere')])
    with pytest.raises(SystemExit, match='d2l-train: .*none.safetensors'):
        main([backend.name, '--data', str(trained / 'pictures'), '--evaluate',
              '--weights', str(tmp_path / 'none.safetensors')])


def test_help_names_every_option_and_needs_no_framework():
    code = ('import sys; sys.modules.update(dict.fromkeys(["torch", "jax", '
            '"tensorflow", "mxnet", "PIL"])); '
            'from d2l.train.__main__ import main; main(["--help"])')
    printed = subprocess.run(
        [sys.executable, '-c', code], check=True, capture_output=True,
        text=True, env=os.environ | {'COLUMNS': '80'}).stdout
    for action in parser()._actions:
        assert all(name in printed for name in action.option_strings)
        assert action.help
    assert max(map(len, printed.splitlines())) <= 80
