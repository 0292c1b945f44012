"""A training that was cut off goes on to the same weights, bit by bit."""

import numpy as np
import pytest

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
    for found, expected in zip(found_parameters, parameters):
        np.testing.assert_array_equal(found, expected)
    assert found_board == board
    assert found_lines == lines


def test_a_finished_training_is_not_repeated(backend, train, tmp_path):
    parameters, board, lines = train('whole')
    found_parameters, found_board, found_lines = train('whole', cut_off=3)
    for found, expected in zip(found_parameters, parameters):
        np.testing.assert_array_equal(found, expected)
    assert (found_board, found_lines) == (board, lines)
    assert [f.name for f in (tmp_path / 'whole/fit-1').iterdir()] == [
        f'epoch-{EPOCHS}']
