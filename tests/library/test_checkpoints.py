"""A training that was cut off goes on to the same weights, bit by bit."""

import numpy as np
import pytest

from backends import INSTALLED
from d2l.core.checkpoints import Checkpoints
from test_training import batch_of

EPOCHS, BATCHES = 3, 2


class CutOff(Exception):
    pass


@pytest.fixture
def train(backend, rng, tmp_path, monkeypatch, capsys):
    """Train as a program does that is cut off after so many batches.

    Returns the weights and the points of the board, and the lines printed.
    """
    X, y = batch_of(rng, 16)

    def train(run, cut_off=None):
        monkeypatch.setenv('D2L_CHECKPOINT_DIR', str(tmp_path / run))
        monkeypatch.setattr(Checkpoints, 'number', iter([1]))
        backend.d2l.Trainer.seed(3)
        data = backend.loader(X, y, batch_size=8)
        data.train_dataloader = lambda: data.get_tensorloader(
            (backend.images(X), backend.labels(y)), True)
        model = backend.d2l.ResNet(arch=((1, 64),), lr=0.05, num_classes=4)
        # Half a point is pending when an epoch ends.
        model.plot_train_per_epoch = 4 / 3

        class Trainer(backend.d2l.Trainer):
            def prepare_batch(self, batch):
                nonlocal cut_off
                if cut_off is not None:
                    cut_off -= 1
                    if cut_off < 0:
                        raise CutOff
                return super().prepare_batch(batch)

        capsys.readouterr()
        Trainer(max_epochs=EPOCHS).fit(model, data)
        lines = [line.partition(' images/sec')[0].rpartition(', ')[0]
                 for line in capsys.readouterr().out.splitlines()]
        random_number = np.asarray(backend.d2l.get_seed())
        return ([*backend.parameters(model), random_number],
                dict(model.board.data), lines)

    return train


@pytest.mark.parametrize('cut_off', [1, 5, 7])
def test_goes_on_where_it_was_cut_off(backend, train, cut_off):
    """In the first epoch's training, in the second's, in its validation."""
    parameters, board, lines = train('whole')
    assert len(lines) == EPOCHS
    with pytest.raises(CutOff):
        train('cut', cut_off)
    found_parameters, found_board, found_lines = train('cut')
    for found, expected in zip(found_parameters, parameters, strict=True):
        np.testing.assert_array_equal(found, expected)
    assert found_board == board
    assert found_lines == lines


@pytest.mark.parametrize(
    'backend', [name for name in INSTALLED if name in ('torch', 'mxnet')],
    indirect=True)
def test_scratch_models_are_kept(backend, tmp_path):
    """Arrays that are attributes alone, with an optimizer from scratch."""
    d2l = backend.d2l
    w = np.array([[2], [-3.4]], 'float32')

    class Line(d2l.LinearRegression):
        def __init__(self):
            d2l.Module.__init__(self)
            self.w = backend.tensor(np.zeros_like(w))
            getattr(self.w, {'torch': 'requires_grad_',
                             'mxnet': 'attach_grad'}[backend.name])()

        def parameters(self):
            return [self.w]

        def forward(self, X):
            return X @ self.w

        def configure_optimizers(self):
            return d2l.SGD([self.w], lr=0.1)

    def trained():
        trainer = d2l.Trainer(max_epochs=1)
        trainer.fit(Line(), d2l.SyntheticRegressionData(backend.tensor(w), 0))
        return trainer, backend.numpy(trainer.model.w).copy()

    state = str(tmp_path / 'state')
    first, expected = trained()
    first.save_state(state)
    second, other = trained()
    assert (other != expected).any()
    second.load_state(state)
    np.testing.assert_array_equal(backend.numpy(second.model.w), expected)


def test_a_finished_training_is_not_repeated(backend, train, tmp_path):
    parameters, board, lines = train('whole')
    found_parameters, found_board, found_lines = train('whole', cut_off=3)
    for found, expected in zip(found_parameters, parameters, strict=True):
        np.testing.assert_array_equal(found, expected)
    assert (found_board, found_lines) == (board, lines)
    assert [f.name for f in (tmp_path / 'whole/fit-1').iterdir()] == [
        f'epoch-{EPOCHS}']
