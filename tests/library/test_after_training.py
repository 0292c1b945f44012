"""What one does once a model is trained: predict, look at its curve."""

import copy
import functools
import gc
import json
import subprocess
import sys
import weakref
from xml.etree import ElementTree

import numpy as np
import pytest

from conftest import full_disk
from test_training import batch_of, points


def softmax(logits):
    exp = np.exp(logits.astype(np.float64))
    return exp / exp.sum(1, keepdims=True)


@functools.cache
def train(backend):
    X, y = batch_of(np.random.default_rng(0), 10)
    model = backend.d2l.ResNet(arch=((1, 64),), num_classes=4)
    data = backend.loader(X, y, batch_size=4)
    backend.d2l.Trainer(max_epochs=2).fit(model, data)
    return model, X, y, data


@pytest.fixture
def trained(backend):
    """A model that was trained once, its images and labels, its data."""
    return train(backend)


def test_predicts_labels_and_probabilities(backend, trained):
    """Of NumPy's images, of tensors, of batches, of loaders, all the same."""
    model, X, y, data = trained
    logits = backend.logits(model, X)
    before = backend.parameters(model)
    images = np.moveaxis(X, 1, -1) if backend.channels_last else X
    batch = backend.images(X), backend.labels(y)
    for given in (images, images.astype(np.float64), backend.images(X), batch,
                  data.val_dataloader(), data, [batch]):
        labels, probabilities = backend.d2l.predict(model, given)
        assert isinstance(labels, np.ndarray)
        assert probabilities.dtype == np.float32
        np.testing.assert_array_equal(labels, logits.argmax(1))
        np.testing.assert_allclose(probabilities, softmax(logits), atol=1e-5)
    labels, probabilities = backend.d2l.predict(model, images, batch_size=3)
    np.testing.assert_allclose(probabilities, softmax(logits), atol=1e-5)
    for a, b in zip(backend.parameters(model), before, strict=True):
        np.testing.assert_array_equal(a, b)


def test_predicts_in_inference_mode(backend, trained):
    """One image alone as among others, though the model was training."""
    model, X, _, _ = trained
    expected = backend.logits(model, X)
    if backend.name == 'torch':
        model.train()
    elif backend.name != 'mxnet':
        model.training = True
    _, alone = backend.d2l.predict(model, backend.images(X[:1]))
    np.testing.assert_allclose(alone, softmax(expected)[:1], atol=1e-5)
    if backend.name != 'mxnet':
        assert model.training is True
        model.training = False


def test_a_loaded_model_predicts(backend, trained, tmp_path):
    model, X, _, _ = trained
    _, expected = backend.d2l.predict(model, backend.images(X))
    backend.d2l.save_weights(model, tmp_path / 'weights.safetensors')
    loaded = backend.d2l.ResNet(arch=((1, 64),), num_classes=4)
    backend.d2l.load_weights(loaded, tmp_path / 'weights.safetensors')
    _, found = backend.d2l.predict(loaded, backend.images(X))
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_regression_predicts_no_labels(backend):
    model = backend.d2l.LinearRegression(lr=0.1)
    with pytest.raises(TypeError, match='LinearRegression is no d2l.Class'):
        backend.d2l.predict(model, np.ones((2, 2), 'float32'))


def test_a_trained_model_is_called(backend, trained):
    """In JAX too, where it infers; without parameters it says what to do."""
    model, X, _, _ = trained
    expected = backend.logits(model, X)
    np.testing.assert_allclose(backend.numpy(model(backend.images(X))),
                               expected, atol=1e-5)
    if backend.name == 'jax':
        model.training = True
        np.testing.assert_allclose(model(backend.images(X)), expected,
                                   atol=1e-5)
        assert model.training is True
        with pytest.raises(ValueError, match=r'no parameters yet.*fit.*load'):
            backend.d2l.LeNet()(backend.images(X))


def test_history_has_a_row_an_epoch(backend, rng):
    X, y = batch_of(rng, 8)
    model = backend.d2l.SoftmaxRegression(4, lr=0.1)
    trainer = backend.d2l.Trainer(max_epochs=3)
    assert list(trainer.history) == []
    trainer.fit(model, backend.loader(X, y, batch_size=4))
    assert [row['epoch'] for row in trainer.history] == [1, 2, 3]
    assert [row['val_acc'] for row in trainer.history] == pytest.approx(
        points(model, 'val_acc'))
    assert [row['val_loss'] for row in trainer.history] == pytest.approx(
        points(model, 'val_loss'))
    drawn = np.reshape(points(model, 'train_loss'), (3, 2)).mean(1)
    assert [row['train_loss'] for row in trainer.history] == pytest.approx(
        drawn)
    assert {*trainer.history[0]} == {
        'epoch', 'train_loss', 'val_loss', 'val_acc', 'seconds',
        'images_per_second'}
    assert all(row['seconds'] > 0 for row in trainer.history)
    assert json.loads(json.dumps(trainer.history)) == trainer.history
    if backend.name != 'tensorflow':    # Keras copies no model of one's own
        assert copy.deepcopy(model).trainer.history == trainer.history


def test_a_second_fit_goes_on(backend, rng):
    """Curve and history count the epochs on; a new model begins anew."""
    data = backend.loader(*batch_of(rng, 8), batch_size=2)
    model = backend.d2l.SoftmaxRegression(4, lr=0.1)
    trainer = backend.d2l.Trainer(max_epochs=2)
    trainer.fit(model, data)
    rows = trainer.history
    backend.d2l.Trainer(max_epochs=1).fit(model, data)
    rows = rows + model.trainer.history
    assert [row['epoch'] for row in rows] == [1, 2, 3]
    for label in ('train_loss', 'val_loss'):
        xs = [point.x for point in model.board.data[label]]
        assert xs == sorted(xs) and len(set(xs)) == len(xs)
    assert [point.x for point in model.board.data['val_acc']] == [1, 2, 3]
    assert list(model.board.xlim) == [0, 3]
    other = backend.d2l.SoftmaxRegression(4, lr=0.1)
    trainer.fit(other, data)
    assert [row['epoch'] for row in trainer.history] == [1, 2]
    assert [point.x for point in other.board.data['val_acc']] == [1, 2]


def words_of(svg):
    """Return the comments of a drawing: Matplotlib writes its words there."""
    parser = ElementTree.XMLParser(
        target=ElementTree.TreeBuilder(insert_comments=True))
    return {node.text.strip() for node in
            ElementTree.parse(svg, parser).getroot().iter(ElementTree.Comment)}


def test_the_curve_is_kept_from_a_script(backend, rng, tmp_path):
    """Whatever a `display` names is drawn while it trains."""
    model = backend.d2l.SoftmaxRegression(4, lr=0.1)
    assert model.board.fig is None
    with pytest.raises(ValueError, match='call fit first'):
        model.board.save(tmp_path / 'curve.svg')
    model.board.display = tmp_path / 'shown.svg'
    backend.d2l.Trainer(max_epochs=2).fit(
        model, backend.loader(*batch_of(rng, 8), batch_size=4))
    model.board.save(tmp_path / 'curve.svg')
    model.board.save(str(tmp_path / 'curve.png'))
    [axes] = model.board.fig.axes
    assert [line.get_label() for line in axes.lines] == [*model.board.data]
    assert {'epoch', 'train_loss', 'val_loss', 'val_acc'} <= words_of(
        tmp_path / 'curve.svg')
    shown = tmp_path / 'shown.svg'
    assert shown.read_bytes() == (tmp_path / 'curve.svg').read_bytes()
    with full_disk(1000), pytest.raises(OSError, match=(
            'curve.svg was not written .*, and nothing was changed')):
        model.board.save(tmp_path / 'curve.svg')
    assert shown.read_bytes() == (tmp_path / 'curve.svg').read_bytes()
    assert {file.name for file in tmp_path.iterdir()} == {
        'curve.svg', 'curve.png', 'shown.svg'}
    assert (tmp_path / 'curve.png').read_bytes().startswith(b'\x89PNG')
    assert len(list(tmp_path.iterdir())) == 3      # nothing half written


def test_a_curve_needs_no_screen(tmp_path):
    """Nor pyplot, which takes longer to import than all the rest."""
    script = '''
import sys
from d2l.core.plotting import ProgressBoard
board = ProgressBoard(xlabel='x')
board.draw(1, 2.0, 'line')
board.draw(2, 3.0, 'line')
board.save('curve.svg')
assert 'matplotlib.pyplot' not in sys.modules
'''
    subprocess.run([sys.executable, '-c', script], cwd=tmp_path, check=True,
                   env={'PYTHONPATH': ':'.join(filter(None, sys.path)),
                        'MPLBACKEND': 'TkAgg', 'PATH': ''})
    assert {'x', 'line'} <= words_of(tmp_path / 'curve.svg')


def test_a_model_outlives_a_fit_that_is_interrupted(backend, rng, tmp_path):
    """Before its first step, as Ctrl-C does."""
    class Interrupted(backend.d2l.Trainer):
        def prepare_steps(self):
            raise KeyboardInterrupt

    X, y = batch_of(rng, 8)
    data = backend.loader(X, y, batch_size=4)
    model = backend.d2l.SoftmaxRegression(4, lr=0.1)
    backend.d2l.Trainer(max_epochs=1).fit(model, data)
    _, before = backend.d2l.predict(model, data)
    with pytest.raises(KeyboardInterrupt):
        Interrupted(max_epochs=1).fit(model, data)
    np.testing.assert_array_equal(backend.d2l.predict(model, data)[1], before)
    backend.d2l.save_weights(model, tmp_path / 'w')
    backend.d2l.load_weights(model, tmp_path / 'w')
    np.testing.assert_array_equal(backend.d2l.predict(model, data)[1], before)


def test_a_trainer_may_train_two_models(backend, rng):
    X, y = batch_of(rng, 8)
    data = backend.loader(X, y, batch_size=4)
    first, second = (backend.d2l.SoftmaxRegression(4, lr) for lr in (0.1, 1.0))
    trainer = backend.d2l.Trainer(max_epochs=1)
    trainer.fit(first, data)
    _, before = backend.d2l.predict(first, data)
    trainer.fit(second, data)
    np.testing.assert_array_equal(backend.d2l.predict(first, data)[1], before)
    assert (backend.d2l.predict(second, data)[1] != before).any()


def test_what_is_not_used_any_more_is_freed(backend, rng):
    """A compiler keeps what it traced, but not the weights with it."""
    def train():
        X, y = batch_of(rng, 8)
        data = backend.loader(X, y, batch_size=4)
        model = backend.d2l.SoftmaxRegression(4, lr=0.1)
        trainer = backend.d2l.Trainer(max_epochs=1)
        trainer.fit(model, data)
        backend.d2l.predict(model, data)
        return weakref.ref(model), weakref.ref(trainer)

    model, trainer = train()
    gc.collect()
    assert (model(), trainer()) == (None, None)
