"""A training that was cut off goes on to the same weights, bit by bit."""

import os
import pickle
import resource

import numpy as np
import pytest
from safetensors.numpy import load_file

from backends import INSTALLED
from d2l.core import checkpoints
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
def test_scratch_models_are_kept(backend):
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

    first, expected = trained()
    arrays = {name: array.copy() for name, array in first.arrays().items()}
    second, other = trained()
    assert (other != expected).any()
    second.set_arrays(arrays)
    np.testing.assert_array_equal(backend.numpy(second.model.w), expected)


def test_a_finished_training_is_not_repeated(backend, train, tmp_path):
    parameters, board, lines = train('whole')
    found_parameters, found_board, found_lines = train('whole', cut_off=3)
    for found, expected in zip(found_parameters, parameters, strict=True):
        np.testing.assert_array_equal(found, expected)
    assert (found_board, found_lines) == (board, lines)
    assert {f.name for f in (tmp_path / 'whole/fit-1').iterdir()} == {
        f'epoch-{EPOCHS - 1}', f'epoch-{EPOCHS}'}


@pytest.fixture
def program(backend, rng, tmp_path, monkeypatch, capsys):
    """Start a program that trains a linear classifier of 12×12 images.

    Returns the trained model and what was printed.
    """
    X, y = batch_of(rng, 8)
    monkeypatch.setenv('D2L_CHECKPOINT_DIR', str(tmp_path))

    def program(epochs, num_outputs=4, lr=0.1, optimizer='sgd', images=X,
                batch_size=4, trainer=backend.d2l.Trainer, **kwargs):
        class Model(backend.d2l.SoftmaxRegression):
            def configure_optimizers(self):
                return (backend.adam(self) if optimizer == 'adam' else
                        super().configure_optimizers())

        monkeypatch.setattr(Checkpoints, 'number', iter([1]))
        backend.d2l.Trainer.seed(5)
        model = Model(num_outputs, lr)
        capsys.readouterr()
        trainer(epochs, **kwargs).fit(
            model, backend.loader(images, y[:len(images)], batch_size))
        return model, capsys.readouterr().out

    return program


def assert_equal(backend, model, other):
    for a, b in zip(backend.parameters(model), backend.parameters(other),
                    strict=True):
        np.testing.assert_array_equal(a, b)


def whole(program, monkeypatch, tmp_path, **kwargs):
    """Train three epochs at once, with checkpoints of their own."""
    with monkeypatch.context() as context:
        context.setenv('D2L_CHECKPOINT_DIR', str(tmp_path / 'whole'))
        return program(3, **kwargs)[0]


def test_what_the_optimizer_keeps_goes_on(backend, program, monkeypatch,
                                          tmp_path):
    """And nothing that is read could run code: no pickle is."""
    model = whole(program, monkeypatch, tmp_path, optimizer='adam')
    program(2, optimizer='adam')

    def refuse(*args, **kwargs):
        raise AssertionError('A checkpoint is unpickled.')

    for name in 'load', 'loads', 'Unpickler':
        monkeypatch.setattr(pickle, name, refuse)
    assert_equal(backend, program(3, optimizer='adam')[0], model)
    folder = tmp_path / 'fit-1/epoch-3'
    assert {file.name for file in folder.iterdir()} == {
        'state.safetensors', 'SHA256SUMS'}
    assert len(load_file(folder / 'state.safetensors')) > 4


@pytest.mark.parametrize('changed, said', [
    ({'num_outputs': 10}, r'num_outputs is 4 there and 10 here.*'
                          r'\((4, 144|144, 4)\)'),
    ({'optimizer': 'adam'}, r'optimizer is .* there and .*Adam'),
    ({'batch_size': 2}, 'training batches is 2 there and 4 here'),
    ({'gradient_clip_val': 1}, 'gradient_clip_val is 0 there and 1 here'),
    ({'images': np.ones((8, 1, 12, 12), 'f4')}, 'training set is .*float32'),
    ({'images': np.ones((7, 1, 12, 12), 'f4')}, r'\(8, .*\(7, ')])
def test_another_program_is_refused(backend, program, tmp_path, changed, said):
    """What differs is named, and the checkpoint stays."""
    model, _ = program(1)
    with pytest.raises(ValueError, match=r'fit-1.epoch-1 is of another '
                       r'training: .*' + said + '.*another folder'):
        program(2, **changed)
    assert_equal(backend, program(1)[0], model)


def test_a_layer_of_another_width_is_refused(backend, program, monkeypatch):
    """Though no argument tells, and the arrays could be broadcast."""
    program(1, num_outputs=4)
    monkeypatch.setattr(checkpoints, 'NO_MATTER',
                        {*checkpoints.NO_MATTER, 'num_outputs'})
    with pytest.raises(ValueError, match=r'float32 \(4,\).* there and '
                       r".*float32 \(10,\)' here"):
        program(2, num_outputs=10)


def test_fewer_epochs_than_the_checkpoint_has_are_told(backend, program):
    model, said = program(2)
    assert 'max_epochs' not in said
    again, said = program(1)
    assert 'holds 2 epochs, more than max_epochs=1: nothing is trained' in said
    assert_equal(backend, again, model)


def flip(file):
    content = bytearray(file.read_bytes())
    content[-3] ^= 1
    file.write_bytes(content)


def cut(file):
    file.write_bytes(file.read_bytes()[:-100])


def forge(file):
    """Put a pickle there, with a checksum that is right."""
    file.write_bytes(pickle.dumps([1]))
    (file.parent / 'SHA256SUMS').write_bytes(
        checkpoints.checksum(file.read_bytes()))


@pytest.mark.parametrize('break_file', [
    flip, cut, forge, lambda file: file.unlink(),
    lambda file: file.write_bytes(b''),
    lambda file: (file.parent / 'SHA256SUMS').unlink()])
def test_the_last_whole_checkpoint_is_used(backend, program, tmp_path,
                                           monkeypatch, break_file):
    model = whole(program, monkeypatch, tmp_path)
    program(2)
    break_file(tmp_path / 'fit-1/epoch-2/state.safetensors')
    again, said = program(3)
    assert f'{tmp_path / "fit-1/epoch-2"} is skipped: ' in said
    assert 'goes on after epoch 1.' in said and 'epoch 2/3' in said
    assert_equal(backend, again, model)
    assert 'skipped' not in program(3)[1]


def test_without_a_whole_checkpoint_training_starts_anew(
        backend, program, tmp_path, monkeypatch):
    model = whole(program, monkeypatch, tmp_path)
    program(2)
    for file in tmp_path.glob('fit-1/*/state.safetensors'):
        flip(file)
    again, said = program(3)
    assert 'No checkpoint is whole: the training starts anew' in said
    assert_equal(backend, again, model)


def test_a_full_disk_is_told_and_training_goes_on(backend, program, tmp_path,
                                                  monkeypatch):
    """Here a file may have 1 KB from the second epoch to the third."""
    model = whole(program, monkeypatch, tmp_path)
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    class Trainer(backend.d2l.Trainer):
        def fit_epoch(self):
            super().fit_epoch()
            resource.setrlimit(resource.RLIMIT_FSIZE, (
                1024 if self.epoch == 1 else hard, hard))

    again, said = program(3, trainer=Trainer)
    assert (f'{tmp_path / "fit-1/epoch-2"} could not be written: File too '
            f'large. The training goes on') in said
    assert_equal(backend, again, model)
    assert {file.name for file in (tmp_path / 'fit-1').iterdir()} == {
        'epoch-1', 'epoch-3'}


def test_two_programs_do_not_share_a_folder(backend, program, tmp_path,
                                            monkeypatch):
    monkeypatch.setattr(Checkpoints, 'number', iter([1]))
    with Checkpoints(tmp_path).reserved():
        with pytest.raises(RuntimeError, match='Another process trains with '
                           'its checkpoints in .*fit-1: wait'):
            program(1)
    program(1)


def test_a_folder_that_cannot_be_made(program, monkeypatch, tmp_path):
    (tmp_path / 'file').touch()
    monkeypatch.setenv('D2L_CHECKPOINT_DIR', str(tmp_path / 'file'))
    with pytest.raises(OSError, match='No checkpoint can be kept in '
                       '.*fit-1: Not a directory. Choose another folder'):
        program(1)


@pytest.fixture
def trained(backend, rng, tmp_path):
    """Train four classes in a folder; return the trainer."""
    X, y = batch_of(rng, 16)

    def trained(max_epochs, folder='run', trainer=backend.d2l.Trainer,
                **kwargs):
        backend.d2l.Trainer.seed(5)
        trainer = trainer(max_epochs, checkpoint_dir=tmp_path / folder,
                          **kwargs)
        trainer.fit(backend.d2l.SoftmaxRegression(4, 0.1), trained.data)
        return trainer

    trained.data = backend.loader(X, y, batch_size=8)
    return trained


def means(trainer):
    """Return what the epochs brought, without the times."""
    return [{name: value for name, value in epoch.items()
             if name not in ('seconds', 'images_per_second')}
            for epoch in trainer.history]


def test_a_trainer_goes_on_from_its_folder(backend, trained):
    """As where a notebook's cell runs again, with more epochs."""
    assert len(means(trained(2, resume=True))) == 2
    found, whole = trained(4, resume=True), trained(4, 'whole')
    assert means(found) == means(whole)
    for a, b in zip(backend.parameters(found.model),
                    backend.parameters(whole.model), strict=True):
        np.testing.assert_array_equal(a, b)


def test_another_training_is_not_written_over(trained, tmp_path):
    trained(1)
    files = sorted((tmp_path / 'run').rglob('*'))
    with pytest.raises(FileExistsError, match='resume=True'):
        trained(1)
    assert sorted((tmp_path / 'run').rglob('*')) == files


@pytest.mark.parametrize('monitor, values', [
    ('val_accuracy', [0.5, 0.7, 0.6, 0.7]), ('val_loss', [3, 1, np.nan, 2])])
def test_the_best_weights_are_kept(backend, trained, tmp_path, monitor,
                                   values):
    """Of the second epoch, also where the training was cut off after it."""
    weights = {}

    class Trainer(backend.d2l.Trainer):
        def end_epoch(self):
            super().end_epoch()
            self.history[-1][monitor] = np.float32(values[self.epoch])
            self.save_weights(tmp_path / f'{self.epoch}')
            weights[self.epoch] = load_file(tmp_path / f'{self.epoch}')

    def best():
        return load_file(tmp_path / 'run/fit-1/best.safetensors')

    for epochs in 2, 4:
        trained(epochs, trainer=Trainer, monitor=monitor, resume=True)
        for name, array in best().items():
            np.testing.assert_array_equal(array, weights[1][name])
    assert any((array != weights[0][name]).any()
               for name, array in best().items())
    model = backend.d2l.SoftmaxRegression(4, 0.1)
    backend.build(model, np.zeros((1, 1, 12, 12), 'float32'))
    backend.d2l.load_weights(model, tmp_path / 'run/fit-1/best.safetensors')


def test_a_name_that_history_has_not_is_told(trained, capsys, tmp_path):
    trainer = trained(2, monitor='val_f1')
    assert len(trainer.history) == 2
    assert capsys.readouterr().out.count("monitor='val_f1'") == 1
    assert not (tmp_path / 'run/fit-1/best.safetensors').exists()


def test_best_weights_that_nobody_asked_for_before(trained, capsys, tmp_path):
    trained(2)
    trained(3, monitor='val_acc', resume=True)
    assert 'best.safetensors begins with epoch 3' in capsys.readouterr().out
    assert (tmp_path / 'run/fit-1/best.safetensors').exists()


def test_a_folder_stays_where_it_was(backend, trained, tmp_path, monkeypatch):
    """Where the program changes its own, and where others lie beside."""
    class Trainer(backend.d2l.Trainer):
        def end_epoch(self):
            super().end_epoch()
            monkeypatch.chdir('/')

    monkeypatch.chdir(tmp_path)
    trained(1, tmp_path / 'run', Trainer)
    (tmp_path / 'run/fit-1/epoch-1-copy').mkdir()
    monkeypatch.chdir(tmp_path)
    assert len(trained(2, 'run', resume=True).history) == 2


@pytest.mark.parametrize('argument', [{'resume': True},
                                      {'monitor': 'val_acc'}])
def test_what_needs_a_folder_says_so(backend, argument):
    with pytest.raises(ValueError, match=f'{[*argument][0]} .*folder'):
        backend.d2l.Trainer(1, **argument)


def test_ctrl_c_says_where_it_stopped(backend, trained, capsys):
    """And the same program goes on after the last whole epoch."""
    class Trainer(backend.d2l.Trainer):
        def prepare_batch(self, batch):
            if self.stops and self.epoch == 1 and self.train_batch_idx == 3:
                raise KeyboardInterrupt
            return super().prepare_batch(batch)

    Trainer.stops = True
    with pytest.raises(KeyboardInterrupt):
        trained(3, trainer=Trainer)
    printed = capsys.readouterr().out
    assert ('Stopped in epoch 2 of 3, after 1 of 2 training batches' in
            printed and printed.endswith('fit-1/epoch-1.\n'))
    Trainer.stops = False
    found, whole = (trained(3, trainer=Trainer, resume=True),
                    trained(3, 'whole'))
    assert means(found) == means(whole)


def test_an_interrupted_fit_is_called_again(backend, trained, tmp_path):
    """In a notebook the model, the trainer and the curve are still there."""
    class Trainer(backend.d2l.Trainer):
        stops = True

        def end_epoch(self):
            super().end_epoch()
            trainers.append(self)
            if self.stops and self.epoch == 1:
                raise KeyboardInterrupt

    trainers = []
    with pytest.raises(KeyboardInterrupt):
        trained(3, trainer=Trainer, resume=True)
    trainer, Trainer.stops = trainers[0], False
    model, data = trainer.model, trained.data
    trainer.fit(model, data)
    whole = trained(3, 'whole')
    assert means(trainer) == means(whole)
    assert dict(model.board.data) == dict(whole.model.board.data)
    assert [path.name for path in (tmp_path / 'run').iterdir()] == ['fit-1']


@pytest.mark.parametrize(
    'backend', [name for name in INSTALLED if name in ('torch', 'mxnet')],
    indirect=True)
def test_a_model_of_arrays_alone_goes_on(backend, tmp_path):
    """As D2L's linear regression from scratch, which lists no parameters."""
    d2l = backend.d2l

    class Line(d2l.LinearRegression):
        def __init__(self):
            d2l.Module.__init__(self)
            self.w = backend.tensor(np.zeros((2, 1), 'float32'))
            getattr(self.w, {'torch': 'requires_grad_',
                             'mxnet': 'attach_grad'}[backend.name])()

        def forward(self, X):
            return X @ self.w

        def configure_optimizers(self):
            return d2l.SGD([self.w], lr=0.1)

    data = d2l.SyntheticRegressionData(
        backend.tensor(np.array([[2], [-3.4]], 'float32')), 0)
    weights = []
    for _ in range(2):
        model = Line()
        d2l.Trainer(1, checkpoint_dir=tmp_path, resume=True,
                    monitor='val_loss').fit(model, data)
        weights.append(backend.numpy(model.w).copy())
    assert (weights[0] != 0).all()
    np.testing.assert_array_equal(*weights)


def test_a_process_that_lives_on_does_not_keep_the_folder(tmp_path):
    """A loader's worker that was forked while the folder was locked."""
    folder = Checkpoints(tmp_path, 1)
    (begun, begin), (ended, end) = os.pipe(), os.pipe()
    with folder.reserved():
        worker = os.fork()
        if not worker:
            os.close(end)
            os.write(begin, b'.')
            os.read(ended, 1)       # until the parent closes its end
            os._exit(0)
        os.read(begun, 1)
    with folder.reserved():
        pass
    os.close(end)
    os.waitpid(worker, 0)
    for handle in begun, begin, ended:
        os.close(handle)
