"""The trainer: it learns, it reports what it did, and its hooks hold."""

import copy
import itertools
import re
import threading

import numpy as np
import pytest

from d2l.core import progress


def batch_of(rng, n, size=12):
    """Return images of which a label can be told, and the labels."""
    y = np.arange(n) % 4
    X = rng.normal(size=(n, 1, size, size)).astype(np.float32)
    for image, label in zip(X, y, strict=True):
        image[0, :, label * 3:label * 3 + 3] += 2
    return X, y


def small_model(backend, base=None, **kwargs):
    d2l = backend.d2l
    return (base or d2l.ResNet)(arch=((1, 64), (1, 16)), num_classes=4,
                                **kwargs)


def points(model, label):
    return [point.y for point in model.board.data[label]]


def test_loss_falls(backend, rng):
    model = small_model(backend, lr=0.1)
    data = backend.loader(*batch_of(rng, 32), batch_size=32)
    backend.d2l.Trainer(max_epochs=4).fit(model, data)
    losses = points(model, 'train_loss')
    assert len(losses) == 4
    assert losses[-1] < losses[0]


def test_trains_on_real_images(backend, real):
    """800 images teach to tell the ten classes apart far above chance."""
    model = backend.d2l.ResNet(arch=((1, 64),), lr=0.02)
    data = backend.d2l.FashionMNIST(batch_size=80, root=real)
    backend.d2l.Trainer(max_epochs=8).fit(model, data)
    assert points(model, 'val_acc')[-1] > 0.5


def test_batch_normalization_trains_with_batch_statistics(backend, rng):
    """Running means start at 0 and end near the mean of the data."""
    X, y = batch_of(rng, 32)
    backend.d2l.Trainer.seed(0)     # Keras has random numbers of its own
    model = small_model(backend, lr=0.0)
    backend.d2l.Trainer(max_epochs=60).fit(
        model, backend.loader(X + 5, y, batch_size=32))
    before = points(model, 'val_loss')[0]
    after = points(model, 'val_loss')[-1]
    # With lr = 0 only the statistics move: validation comes to agree with
    # training, which always normalizes by the batch.
    training = points(model, 'train_loss')[-1]
    assert abs(after - training) < 0.3 * abs(before - training)


def test_validation_is_the_mean_over_examples(backend, rng):
    """10 examples in batches of 4, 4 and 2 count alike."""
    X, y = batch_of(rng, 10)
    model = small_model(backend, lr=0.1)
    backend.d2l.Trainer(max_epochs=1, precision='float32').fit(
        model, backend.loader(X, y, batch_size=4))
    logits = backend.logits(model, X).astype(np.float64)
    log_probs = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    assert points(model, 'val_acc') == pytest.approx(
        [(logits.argmax(1) == y).mean()])
    assert points(model, 'val_loss') == pytest.approx(
        [-log_probs[np.arange(10), y].mean()], rel=1e-4)


def test_says_what_an_epoch_brought(backend, rng, capsys):
    model = small_model(backend, lr=0.1)
    backend.d2l.Trainer(max_epochs=2).fit(
        model, backend.loader(*batch_of(rng, 8), batch_size=8))
    first, last = capsys.readouterr().out.splitlines()
    assert first.startswith('epoch 1/2: train_loss ')
    assert last.startswith('epoch 2/2: train_loss ')
    assert f'val_acc {points(model, "val_acc")[-1]:.3f}' in last
    assert re.search(r', [\d.]+ images/sec, \d+\.\d s$', last)


def test_hooks_are_called(backend, rng):
    called = []

    class Model(backend.d2l.ResNet):
        def configure_optimizers(self):
            called.append('configure_optimizers')
            return super().configure_optimizers()

        def forward(self, X, *args, **kwargs):
            called.append('forward')
            return super().forward(X, *args, **kwargs)

        def loss(self, *args, **kwargs):
            called.append('loss')
            return super().loss(*args, **kwargs)

        def training_step(self, *args):
            called.append('training_step')
            return super().training_step(*args)

        def validation_step(self, *args):
            called.append('validation_step')
            return super().validation_step(*args)

    class Trainer(backend.d2l.Trainer):
        def prepare_batch(self, batch):
            called.append('prepare_batch')
            return super().prepare_batch(batch)

    model = small_model(backend, Model, lr=0.1)
    trainer = Trainer(max_epochs=1)
    trainer.fit(model, backend.loader(*batch_of(rng, 8), batch_size=4))
    assert set(called) == {'configure_optimizers', 'forward', 'loss',
                           'training_step', 'validation_step',
                           'prepare_batch'}
    assert called.count('prepare_batch') >= 4
    assert (trainer.train_batch_idx, trainer.val_batch_idx) == (2, 2)


def test_a_loss_of_ones_own_is_minimized(backend, rng):
    """The trainer's gradient is that of the overridden loss."""
    class Model(backend.d2l.ResNet):
        def loss(self, *args, **kwargs):
            result = super().loss(*args, **kwargs)
            return ((-result[0], *result[1:]) if isinstance(result, tuple)
                    else -result)

    model = small_model(backend, Model, lr=0.1)
    backend.d2l.Trainer(max_epochs=4).fit(
        model, backend.loader(*batch_of(rng, 16), batch_size=16))
    negated = points(model, 'train_loss')
    assert negated[-1] < negated[0] < 0     # cross-entropy rises


def test_a_step_that_needs_numbers_runs_eagerly(backend, rng, capsys):
    """A compiled step has no numbers while it is traced; it runs anyway."""
    seen = []

    class Model(backend.d2l.LeNet):
        def training_step(self, *args):
            result = super().training_step(*args)
            loss = result
            while isinstance(loss, tuple):
                loss = loss[0]
            seen.append(backend.numpy(loss))
            return result

    X, y = batch_of(rng, 8, size=28)
    backend.d2l.Trainer(max_epochs=2).fit(
        Model(lr=0.1), backend.loader(X, y, batch_size=4))
    assert len(seen) == 4
    said = 'train_step cannot be compiled' in capsys.readouterr().out
    assert said == (backend.name in ('jax', 'tensorflow'))


def test_a_step_may_read_the_epoch(backend, rng):
    """Compiled, it would see the first one for good."""
    class Model(backend.d2l.SoftmaxRegression):
        def training_step(self, *args):
            self.plot('epoch', float(self.trainer.epoch), train=True)
            return super().training_step(*args)

    X, y = batch_of(rng, 8)
    model = Model(num_outputs=4, lr=0.1)
    backend.d2l.Trainer(max_epochs=3).fit(model, backend.loader(X, y, 8))
    assert points(model, 'train_epoch') == [0, 1, 2]


def test_a_batch_may_be_prepared_by_its_number(backend, rng):
    class Trainer(backend.d2l.Trainer):
        def prepare_batch(self, batch):
            numbers.append((self.epoch, self.train_batch_idx))
            return super().prepare_batch(batch)

    numbers = []
    X, y = batch_of(rng, 8)
    Trainer(max_epochs=2).fit(backend.d2l.SoftmaxRegression(4, lr=0.1),
                              backend.loader(X, y, batch_size=4))
    assert {(0, 0), (0, 1), (1, 2), (1, 3)} <= set(numbers)


def test_a_mistake_in_a_step_is_reported_once(backend, rng, capsys):
    class Model(backend.d2l.SoftmaxRegression):
        def training_step(self, *args):
            return self.no_such_method(*args)

    X, y = batch_of(rng, 8)
    with pytest.raises(AttributeError, match='no_such_method'):
        backend.d2l.Trainer(max_epochs=1).fit(
            Model(4, lr=0.1), backend.loader(X, y, batch_size=4))
    assert 'cannot' not in capsys.readouterr().out


def test_what_a_trained_model_shows_can_be_copied(backend, rng, monkeypatch):
    """Though a terminal or a notebook shows a bar, which cannot."""
    monkeypatch.setattr(progress, 'in_notebook', lambda: True)
    X, y = batch_of(rng, 8)
    model = backend.d2l.SoftmaxRegression(4, lr=0.1)
    backend.d2l.Trainer(max_epochs=1).fit(model, backend.loader(X, y, 8))
    copied = copy.deepcopy(model.trainer.progress)
    assert copied.line == model.trainer.progress.line
    if backend.name != 'tensorflow':    # Keras copies no model of one's own
        assert points(copy.deepcopy(model), 'val_acc')


def test_a_stopped_training_leaves_no_points_behind(backend, rng):
    X, y = batch_of(rng, 12)
    model = backend.d2l.SoftmaxRegression(4, lr=0.1)
    data = backend.loader(X, y, batch_size=2)       # a point every 3 batches

    class Stopped(backend.d2l.Trainer):
        def prepare_batch(self, batch):
            if self.train_batch_idx == 2:
                raise KeyboardInterrupt
            return super().prepare_batch(batch)

    with pytest.raises(KeyboardInterrupt):
        Stopped(max_epochs=1).fit(model, data)
    backend.d2l.Trainer(max_epochs=1).fit(model, data)
    assert [point.x for point in model.board.data['train_loss']] == [
        pytest.approx(1 / 6), pytest.approx(4 / 6)]


def test_trains_in_a_thread_on_numpy_arrays(backend, rng):
    X, y = batch_of(rng, 8)
    X = np.moveaxis(X, 1, -1) if backend.channels_last else X
    data = backend.loader(X, y, batch_size=4)
    data.get_dataloader = lambda train: data.get_tensorloader((X, y), train)
    model = backend.d2l.SoftmaxRegression(4, lr=0.1)
    thread = threading.Thread(
        target=backend.d2l.Trainer(max_epochs=1).fit, args=(model, data))
    thread.start()
    thread.join()
    assert points(model, 'val_loss')


def test_a_trainer_may_replace_init_and_fit_epoch(backend, rng):
    """As D2L's chapters do; plotting goes on working."""
    class Trainer(backend.d2l.Trainer):
        def __init__(self, max_epochs):
            self.save_hyperparameters()
            self.gpus, self.gradient_clip_val = [], 0

        def fit_epoch(self):
            self.set_training(False)
            for batch in self.val_dataloader:
                arguments = ((self.state.params, batch, self.state)
                             if backend.name == 'jax' else (batch,))
                self.model.validation_step(*arguments)
                self.val_batch_idx += 1

    model = small_model(backend, lr=0.1)
    trainer = Trainer(max_epochs=2)
    trainer.fit(model, backend.loader(*batch_of(rng, 8), batch_size=4))
    assert trainer.val_batch_idx == 4
    assert len(points(model, 'val_acc')) == 2


def test_gradient_is_clipped(backend, rng):
    """With lr = 1 the step's length is the norm of the clipped gradient."""
    X, y = batch_of(rng, 8, size=28)
    before = []

    class Trainer(backend.d2l.Trainer):
        def prepare_steps(self):
            super().prepare_steps()
            before[:] = backend.parameters(self.model)

    steps = []
    for gradient_clip_val in (0, 0.01):
        model = backend.d2l.LeNet(lr=1.0)
        backend.build(model, X)
        Trainer(max_epochs=1, gradient_clip_val=gradient_clip_val).fit(
            model, backend.loader(X, y, batch_size=8))
        after = backend.parameters(model)
        steps.append(np.sqrt(sum(((a - b)**2).sum()
                                 for a, b in zip(after, before, strict=True))))
    assert steps[0] > 0.02
    assert steps[1] == pytest.approx(0.01, rel=1e-2)


def test_linear_regression_finds_the_line(backend):
    w, b = np.array([2, -3.4], 'float32'), 4.2
    data = backend.d2l.SyntheticRegressionData(backend.tensor(w), b)
    model = backend.d2l.LinearRegression(lr=0.1)
    trainer = backend.d2l.Trainer(max_epochs=3)
    trainer.fit(model, data)
    found = (model.get_w_b(trainer.state) if backend.name == 'jax'
             else model.get_w_b())
    found = [np.asarray(a.asnumpy() if backend.name == 'mxnet' else a)
             for a in found]
    np.testing.assert_allclose(found[0].ravel(), w, atol=0.05)
    np.testing.assert_allclose(found[1].ravel(), [b], atol=0.05)


def test_softmax_regression_and_lenet_train(backend, rng):
    data = backend.loader(*batch_of(rng, 32, size=28), batch_size=32)
    for model in (backend.d2l.SoftmaxRegression(num_outputs=4, lr=0.01),
                  backend.d2l.LeNet(lr=0.1)):
        backend.d2l.Trainer(max_epochs=4).fit(model, data)
        losses = points(model, 'train_loss')
        assert len(losses) == 4
        assert all(after < before for before, after
                   in itertools.pairwise(losses)), losses


def test_fast_dev_run(backend, rng, capsys, monkeypatch):
    monkeypatch.setenv('D2L_FAST_DEV_RUN', '2')
    trainer = backend.d2l.Trainer(max_epochs=10)
    trainer.fit(small_model(backend, lr=0.1),
                backend.loader(*batch_of(rng, 12), batch_size=4))
    assert (trainer.epoch, trainer.train_batch_idx,
            trainer.val_batch_idx) == (0, 2, 2)
    said = capsys.readouterr().out.splitlines()
    assert said[0] == ('D2L_FAST_DEV_RUN=2: a trial run of one epoch with 2 '
                       'training and 2 validation batches.')


def test_bfloat16_rounds_the_layers_alone(backend, rng):
    """Weights stay in float32, and the loss is near that of float32."""
    if 'bfloat16' not in backend.d2l.Trainer.precisions:
        with pytest.raises(ValueError, match="one of 'auto', 'float32'"):
            backend.d2l.Trainer(max_epochs=1, precision='bfloat16')
        return
    data = backend.loader(*batch_of(rng, 32), batch_size=32)
    losses = {}
    for precision in 'float32', 'bfloat16':
        backend.d2l.Trainer.seed(0)
        model = small_model(backend, lr=0.1)
        trainer = backend.d2l.Trainer(max_epochs=8, precision=precision)
        trainer.fit(model, data)
        losses[precision] = points(model, 'train_loss')
        assert {p.dtype for p in backend.parameters(model)} == {
            np.dtype('float32')}
        assert trainer.uses_bfloat16 == (precision == 'bfloat16')
    assert losses['bfloat16'] != losses['float32']
    np.testing.assert_allclose(losses['bfloat16'], losses['float32'],
                               rtol=0.05)


def test_what_is_no_classifier_computes_in_float32(backend, monkeypatch):
    monkeypatch.setattr(backend.d2l.Trainer, 'has_native_bfloat16',
                        lambda self: True)
    trainer = backend.d2l.Trainer(max_epochs=1)
    for model, is_rounded in [(backend.d2l.LeNet(), True),
                              (backend.d2l.LinearRegression(lr=0.1), False)]:
        trainer.model = model
        assert trainer.uses_bfloat16 == is_rounded


@pytest.mark.parametrize('value', ['many', '0', '-3', '1.5'])
def test_fast_dev_run_wants_a_number(backend, rng, monkeypatch, value):
    monkeypatch.setenv('D2L_FAST_DEV_RUN', value)
    with pytest.raises(ValueError, match=f'D2L_FAST_DEV_RUN={value} must be'):
        backend.d2l.Trainer(max_epochs=1).fit(
            small_model(backend), backend.loader(*batch_of(rng, 4), 4))


def test_fast_dev_run_of_no_epoch(backend, rng, monkeypatch):
    monkeypatch.setenv('D2L_FAST_DEV_RUN', '2')
    model = small_model(backend)
    backend.d2l.Trainer(max_epochs=0).fit(
        model, backend.loader(*batch_of(rng, 4), 4))
    assert not model.board.data


@pytest.mark.parametrize('max_epochs', [-1, 1.5, None])
def test_epochs_are_counted(backend, max_epochs):
    with pytest.raises(ValueError, match=f'max_epochs={max_epochs} must be'):
        backend.d2l.Trainer(max_epochs)


@pytest.mark.parametrize('batch_size', [0, -1, 2.0, None])
def test_examples_are_counted(backend, rng, batch_size):
    data = backend.loader(*batch_of(rng, 8), batch_size)
    with pytest.raises(ValueError, match=f'batch_size={batch_size} must be'):
        data.train_dataloader()


def test_missing_gpus_fall_back_and_say_so(backend, capsys):
    available = backend.d2l.num_gpus()
    trainer = backend.d2l.Trainer(max_epochs=1, num_gpus=available + 1)
    assert len(trainer.gpus) == available
    assert capsys.readouterr().out.startswith(f'num_gpus={available + 1}, but')


def test_data_without_validation(backend, rng):
    data = backend.loader(*batch_of(rng, 8), batch_size=8)
    data.val_dataloader = lambda: None
    model = small_model(backend, lr=0.1)
    backend.d2l.Trainer(max_epochs=1).fit(model, data)
    assert list(model.board.data) == ['train_loss']


def test_a_model_says_what_it_lacks(backend, rng):
    class Model(backend.d2l.Classifier):
        pass

    with pytest.raises(AttributeError, match='Model must set self.net'):
        Model().forward(backend.images(batch_of(rng, 2)[0]))


def test_corr2d(backend):
    X = np.arange(9, dtype=np.float32).reshape(3, 3)
    K = np.arange(4, dtype=np.float32).reshape(2, 2)
    Y = backend.numpy(backend.d2l.corr2d(backend.tensor(X), backend.tensor(K)))
    np.testing.assert_allclose(Y, [[19, 25], [37, 43]])
