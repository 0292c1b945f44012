"""Programs as people write them in one framework, that once failed."""

import copy
import pickle
import threading
from functools import partial

import jax
import numpy as np
import optax
import pytest
import tensorflow as tf
import torch
from matplotlib import pyplot as plt
from torch import nn

import d2l.jax
import d2l.tensorflow
import d2l.torch

rng = np.random.default_rng(0)


def data_for(d2l, images, labels, batch_size=8):
    class Data(d2l.DataModule):
        def __init__(self):
            super().__init__()
            self.batch_size = batch_size

        def get_dataloader(self, train):
            return self.get_tensorloader(
                [d2l.tensor(images), d2l.tensor(labels)], False)

    return Data()


IMAGES = rng.normal(size=(16, 1, 12, 12)).astype('float32')
LABELS = np.arange(16) % 4
TORCH = data_for(d2l.torch, IMAGES, LABELS)
CHANNELS_LAST = np.moveaxis(IMAGES, 1, -1)
KERAS = data_for(d2l.tensorflow, CHANNELS_LAST, LABELS.astype('int32'))


class Viewing(d2l.torch.Classifier):
    """A model that looks at images the way most PyTorch programs do."""

    def __init__(self, lr=0.1):
        super().__init__()
        self.save_hyperparameters()
        self.conv = nn.Sequential(nn.Conv2d(1, 6, 3, padding=1),
                                  nn.Conv2d(6, 6, 3, padding=1))
        self.linear = nn.Linear(6 * 12 * 12, 4)

    def forward(self, X):
        return self.linear(self.conv(X).view(len(X), -1))


def test_images_can_be_viewed_in_training_and_after_it():
    model = Viewing()
    expected = model(torch.from_numpy(IMAGES))
    d2l.torch.Trainer(max_epochs=1).fit(model, TORCH)
    assert model.board.data['train_loss']
    found = model(torch.from_numpy(IMAGES))
    assert found.shape == expected.shape
    assert model.conv[1].weight.is_contiguous()


def test_images_can_be_viewed_between_steps_and_in_steps_of_ones_own():
    class Trainer(d2l.torch.Trainer):
        def train_step(self, batch):
            self.optim.zero_grad()
            self.model.training_step(batch).backward()
            self.optim.step()

        def fit_epoch(self):
            super().fit_epoch()
            self.model(torch.from_numpy(IMAGES))
            self.best = copy.deepcopy(self.model)

    trainer = Trainer(max_epochs=1)
    trainer.fit(Viewing(), TORCH)
    assert trainer.best(torch.from_numpy(IMAGES)).shape == (16, 4)


def test_what_cannot_be_viewed_still_says_so():
    class Wrong(Viewing):
        def forward(self, X):
            return self.linear(self.conv(X).view(3, 5))

    with pytest.raises(RuntimeError, match='invalid for input of size'):
        d2l.torch.Trainer(max_epochs=1).fit(Wrong(), TORCH)


def test_three_dimensional_convolutions_train():
    class Video(d2l.torch.Classifier):
        def __init__(self, lr=0.1):
            super().__init__()
            self.save_hyperparameters()
            self.net = nn.Sequential(
                nn.Unflatten(1, (1, 1)), nn.Conv3d(1, 4, (1, 3, 3)),
                nn.Flatten(), nn.LazyLinear(4))

    model = Video()
    d2l.torch.Trainer(max_epochs=1).fit(model, TORCH)
    assert model.board.data['train_loss']


@pytest.mark.parametrize('precision', ['auto', 'bfloat16'])
def test_code_that_needs_float32_gets_it_unless_told(monkeypatch, capsys,
                                                     precision):
    monkeypatch.setattr(d2l.torch.Trainer, 'has_native_bfloat16',
                        lambda self: True)

    class Indexing(Viewing):
        def forward(self, X):
            Y = torch.zeros(len(X), 4)
            Y[torch.arange(len(X))] = super().forward(X)
            return Y

    model = Indexing()
    trainer = d2l.torch.Trainer(max_epochs=1, precision=precision)
    if precision == 'bfloat16':
        with pytest.raises(RuntimeError, match='dtypes match'):
            trainer.fit(model, TORCH)
        return
    trainer.fit(model, TORCH)
    said = capsys.readouterr().out
    assert said.startswith('training_step cannot compute in bfloat16 and '
                           'goes on in float32, which is slower: Index put')
    assert said.count('bfloat16') == 1      # not at every step
    assert len(model.board.data['train_loss']) == 2


def test_errors_of_ones_own_are_raised(monkeypatch, capsys):
    monkeypatch.setattr(d2l.torch.Trainer, 'has_native_bfloat16',
                        lambda self: True)

    class Model(Viewing):
        errors = [RuntimeError('disk full')]    # once

        def training_step(self, batch):
            if self.errors:
                raise self.errors.pop()
            return super().training_step(batch)

    with pytest.raises(RuntimeError, match='disk full'):
        d2l.torch.Trainer(max_epochs=1).fit(Model(), TORCH)
    assert 'bfloat16' not in capsys.readouterr().out


def test_sgd_takes_a_generator_and_unused_parameters():
    class Model(Viewing):
        def __init__(self):
            super().__init__()
            self.unused = nn.Linear(1, 1)

        def configure_optimizers(self):
            return d2l.torch.SGD(self.parameters(), lr=0.1)

    model = Model()
    before = model.linear.weight.detach().clone()
    d2l.torch.Trainer(max_epochs=1).fit(model, TORCH)
    assert (model.linear.weight != before).any()


def test_a_trained_model_is_saved_without_the_data_set():
    model = Viewing()
    data = data_for(d2l.torch, np.tile(IMAGES, (50, 1, 1, 1)),
                    np.tile(LABELS, 50), batch_size=400)
    d2l.torch.Trainer(max_epochs=1).fit(model, data)
    saved = pickle.dumps(model)
    assert len(saved) < 100_000     # the images take 460 KB
    assert pickle.loads(saved)(torch.from_numpy(IMAGES)).shape == (16, 4)


def test_images_with_a_gradient_are_shown():
    axes = d2l.torch.show_images(torch.rand(2, 4, 4, requires_grad=True), 1,
                                 2, titles=[])
    assert len(axes) == 2
    plt.close(axes[0].figure)


def test_batches_may_be_dicts():
    class Data(d2l.torch.DataModule):
        def get_dataloader(self, train):
            return [{'X': torch.randn(8, 3), 'y': torch.randn(8, 1)}] * 2

    class Model(d2l.torch.Module):
        def __init__(self, lr=0.1):
            super().__init__()
            self.save_hyperparameters()
            self.net = nn.Linear(3, 1)

        def training_step(self, batch):
            l = ((self(batch['X']) - batch['y'])**2).mean()
            self.plot('loss', l, train=True)
            return l

        def validation_step(self, batch):
            self.plot('lr', self.lr, train=False)   # a number

    model = Model()
    d2l.torch.Trainer(max_epochs=1).fit(model, Data())
    assert model.board.data['val_lr'][0].y == pytest.approx(0.1)


def test_a_head_that_only_the_step_knows_is_trained():
    class TorchHead(d2l.torch.Classifier):
        def __init__(self, lr=0.1):
            super().__init__()
            self.save_hyperparameters()
            self.net = nn.Sequential(nn.Flatten(), nn.LazyLinear(8))
            self.head = nn.LazyLinear(4)

        def training_step(self, batch):
            return self.loss(self.head(self(batch[0])), batch[1])

        def validation_step(self, batch):
            pass

    class KerasHead(d2l.tensorflow.Classifier):
        def __init__(self, lr=0.1):
            super().__init__()
            self.save_hyperparameters()
            self.encoder = tf.keras.layers.Dense(8)
            self.head = tf.keras.layers.Dense(4)

        training_step = TorchHead.training_step
        validation_step = TorchHead.validation_step

        def forward(self, X):
            return self.encoder(tf.reshape(X, (len(X), -1)))

    first = TorchHead()
    d2l.torch.Trainer(max_epochs=1).fit(first, TORCH)
    assert first.head.weight.grad.abs().sum() > 0
    second = KerasHead()
    d2l.tensorflow.Trainer(max_epochs=1).fit(second, KERAS)
    assert len(second.trainable_variables) == 4
    assert np.abs(second.head.bias.numpy()).sum() > 0   # it was 0


def test_variables_in_dicts_and_lists_are_trained():
    class Scratch(d2l.tensorflow.Classifier):
        def __init__(self, lr=0.1):
            super().__init__()
            self.save_hyperparameters()
            self.params = {'W': [[tf.Variable(tf.zeros((144, 4)))]]}

        def forward(self, X):
            return tf.reshape(X, (-1, 144)) @ self.params['W'][0][0]

    model = Scratch()
    d2l.tensorflow.Trainer(max_epochs=1).fit(model, KERAS)
    assert np.abs(model.params['W'][0][0].numpy()).sum() > 0


def test_a_checkpoint_keeps_the_momentum():
    class Model(d2l.tensorflow.SoftmaxRegression):
        def configure_optimizers(self):
            return tf.keras.optimizers.SGD(self.lr, momentum=0.9)

    def fit(max_epochs):
        trainer = d2l.tensorflow.Trainer(max_epochs)
        trainer.fit(Model(4, lr=0.1), KERAS)
        return trainer

    first, second = fit(1), fit(0)
    expected = first.arrays()
    second.build()
    second.set_arrays(expected)
    found = second.arrays()
    assert len(expected) == 6       # 2 slots, step and rate
    assert found.keys() == expected.keys()
    for name, array in found.items():
        np.testing.assert_array_equal(array, expected[name])


def test_a_model_summarized_at_one_size_trains_at_another():
    model = d2l.tensorflow.ResNet(arch=((1, 64),), num_classes=4)
    model.layer_summary((1, 20, 20, 1))
    d2l.tensorflow.Trainer(max_epochs=1).fit(model, KERAS)
    assert model.board.data['train_loss']


def test_trainings_in_threads_leave_keras_as_it_is():
    def fit():
        d2l.tensorflow.Trainer(max_epochs=3).fit(
            d2l.tensorflow.ResNet(arch=((1, 64),), num_classes=4), KERAS)

    threads = [threading.Thread(target=fit) for _ in range(2)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        d2l.tensorflow.Residual(1)(tf.zeros((1, 4, 4, 1)))
    for thread in threads:
        thread.join()
    block = d2l.tensorflow.Residual(1)
    assert block(tf.zeros((1, 4, 4, 1))).shape == (1, 4, 4, 1)


def test_a_state_may_be_kept():
    class Best(d2l.jax.Trainer):
        kept = None

        def fit_epoch(self):
            super().fit_epoch()
            self.kept = self.kept or self.state.params

    trainer = Best(max_epochs=2)
    trainer.fit(d2l.jax.SoftmaxRegression(4, lr=0.1),
                data_for(d2l.jax, CHANNELS_LAST, LABELS))
    [(_, layer)] = trainer.kept['net'].items()
    assert np.isfinite(np.asarray(layer['kernel'])).all()


def test_a_loss_that_the_chapter_compiles_knows_the_mode():
    """As D2L's chapters do, with batch normalization."""
    class Compiled(d2l.jax.ResNet):
        @partial(jax.jit, static_argnums=(0, 5))
        def loss(self, params, X, Y, state, averaged=True):
            Y_hat, updates = state.apply_fn(
                {'params': params, 'batch_stats': state.batch_stats}, *X,
                mutable=['batch_stats'], rngs={'dropout': state.dropout_rng})
            losses = optax.softmax_cross_entropy_with_integer_labels(Y_hat, Y)
            return (losses.mean() if averaged else losses), updates

    def val_losses(cls):
        model = cls(arch=((1, 64),), num_classes=4)
        d2l.jax.Trainer(max_epochs=2).fit(
            model, data_for(d2l.jax, CHANNELS_LAST, LABELS),
            key=jax.random.PRNGKey(0))
        return [point.y for point in model.board.data['val_loss']]

    assert val_losses(Compiled) == pytest.approx(val_losses(d2l.jax.ResNet),
                                                 rel=1e-3)
