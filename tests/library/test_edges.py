"""What a model, a file or a batch need not be: the same in every framework."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from d2l.core import weights
from d2l.core.checkpoints import Checkpoints
from d2l.core.data import mapped
from d2l.core.trainer import inputs_of, num_examples

ARCH = ((1, 64), (1, 8))
DTYPES = 'f2', 'f4', 'f8'


def model_of(backend, rng, num_classes=10, channels=1):
    model = backend.d2l.ResNet(ARCH, num_classes=num_classes)
    backend.build(model, rng.normal(size=(2, channels, 32, 32)).astype('f4'))
    return model


def as_bfloat16(arrays, file):
    """Write float32 arrays as bfloat16, byte by byte."""
    header, data = {}, b''
    for name, array in arrays.items():
        high = (np.ascontiguousarray(array).view('<u4') >> 16).astype('<u2')
        header[name] = {'dtype': 'BF16', 'shape': list(array.shape),
                        'data_offsets': [len(data),
                                         len(data) + 2 * high.size]}
        data += high.tobytes()
    head = json.dumps(header).encode()
    file.write_bytes(len(head).to_bytes(8, 'little') + head + data)


def test_a_model_without_weights_is_not_saved(backend, tmp_path):
    with pytest.raises(ValueError, match='has no weights to save yet'):
        backend.d2l.save_weights(backend.d2l.ResNet(ARCH), tmp_path / 'w')
    assert not list(tmp_path.iterdir())


def test_a_failed_load_leaves_a_lazy_model_lazy(backend, rng, tmp_path):
    """It trains on other channels than the file's afterwards."""
    other, fit = tmp_path / 'other', tmp_path / 'fit'
    backend.d2l.save_weights(model_of(backend, rng, 7, channels=3), other)
    model = backend.d2l.ResNet(ARCH)
    with pytest.raises(ValueError, match='left as it was'):
        backend.d2l.load_weights(model, other)
    with pytest.raises(ValueError, match='no weights to save'):
        backend.d2l.save_weights(model, tmp_path / 'none')
    data = backend.loader(rng.normal(size=(6, 1, 32, 32)).astype('f4'),
                          np.arange(6) % 10, 3)
    backend.d2l.Trainer(max_epochs=1).fit(model, data)
    backend.d2l.save_weights(model, fit)
    assert load_file(fit)['conv1.weight'].shape[1] == 1


@pytest.mark.parametrize('dtype', ['float16', 'float64', 'bfloat16'])
def test_a_file_of_any_precision_fills_float32(backend, rng, tmp_path, dtype):
    whole, rough, back = (tmp_path / name for name in ('a', 'b', 'c'))
    model = model_of(backend, rng)
    backend.d2l.save_weights(model, whole)
    arrays = load_file(whole)
    if dtype == 'bfloat16':
        as_bfloat16(arrays, rough)
    else:
        save_file({name: array.astype(dtype) for name, array in
                   arrays.items()}, rough)
    backend.d2l.load_weights(model, rough)
    backend.d2l.save_weights(model, back)
    for name, array in load_file(back).items():
        assert array.dtype == 'float32'
        np.testing.assert_allclose(array, arrays[name], rtol=1e-2, atol=1e-3)


@settings(deadline=None)
@given(st.lists(st.floats(-2**15, 2**15, width=16), min_size=1, max_size=9),
       st.sampled_from(DTYPES), st.sampled_from(DTYPES))
def test_a_weight_keeps_its_dtype(numbers, of_file, of_model):
    """Numbers that both can hold come out as they went in."""
    tensor = {'value': np.zeros(len(numbers), of_model)}
    weight = weights.Weight(('net', 0, 'bias'), lambda: tensor['value'],
                            lambda array: tensor.update(value=array))
    weight.set(weight.fitted(np.array(numbers, of_file)))
    assert tensor['value'].dtype == of_model
    np.testing.assert_array_equal(tensor['value'], np.array(numbers, 'f8'))


def only_array(batch):
    return batch['x'] if isinstance(batch, dict) else batch[0]


def autoencoder(backend):
    """Return a model whose steps take their batch as it is."""
    class Autoencoder(backend.d2l.Module):
        def __init__(self):
            super().__init__()
            self.lr, self.net = 0.1, backend.dense(4)
            if backend.name == 'mxnet':
                self.initialize()

        def error(self, batch, train):
            X = only_array(batch)
            l = backend.d2l.reduce_mean((self(X) - X)**2)
            self.plot('loss', l, train=train)
            return l

        def training_step(self, batch):
            return self.error(batch, True)

        def validation_step(self, batch):
            self.error(batch, False)

    return Autoencoder()


def flax_autoencoder(backend):
    """Return the same as JAX has it: its parameters are arguments."""
    import jax
    from flax import linen as nn

    class Autoencoder(backend.d2l.Module):
        lr: float = 0.1

        def setup(self):
            self.net = nn.Dense(4)

        def error(self, params, batch, state):
            X = only_array(batch)
            return ((state.apply_fn({'params': params}, X) - X)**2).mean()

        def training_step(self, params, batch, state):
            l, grads = jax.value_and_grad(self.error)(params, batch, state)
            self.plot('loss', l, train=True)
            return l, grads

        def validation_step(self, params, batch, state):
            self.plot('loss', self.error(params, batch, state), train=False)

    return Autoencoder()


@pytest.mark.parametrize('kind', ['tuple', 'dict'])
def test_a_batch_may_be_of_any_kind(backend, rng, kind):
    X = backend.tensor(rng.normal(size=(8, 4)).astype('f4'))
    batch = (X,) if kind == 'tuple' else {'x': X}

    class Data(backend.d2l.DataModule):
        def get_dataloader(self, train):
            return [batch] * 3

    trainer = backend.d2l.Trainer(max_epochs=2)
    make = flax_autoencoder if backend.name == 'jax' else autoencoder
    trainer.fit(make(backend), Data())
    assert trainer.epoch == 1
    assert trainer.progress.num_images == 24    # examples, of an epoch
    assert trainer.progress.sums['train_loss'] > 0


def test_inputs_are_found_in_any_batch():
    class Model:
        def forward(self, image, mask):
            pass

    assert inputs_of(Model, (1, 2)) == [1]
    assert inputs_of(Model, (1,)) == [1] and inputs_of(Model, 1) == [1]
    assert inputs_of(Model(), {'mask': 1, 'y': 2, 'image': 3}) == [3, 1]
    assert inputs_of(Model(), {'x': 1, 'y': 2}) == [1]
    assert mapped(lambda n: -n, {'a': [1, (2,)]}) == {'a': [-1, [-2]]}
    assert num_examples({'x': [1, 2], 'y': [3, 4]}) == 2
    assert num_examples(()) == num_examples(3) == 1


def test_a_last_batch_of_one_example_trains(backend, rng):
    """Batch normalization has one value a channel there."""
    data = backend.loader(rng.normal(size=(5, 1, 8, 8)).astype('f4'),
                          np.arange(5), 2)
    model = backend.d2l.ResNet(ARCH, lr=0.01)
    trainer = backend.d2l.Trainer(max_epochs=2, precision='float32')
    trainer.fit(model, data)
    assert trainer.epoch == 1
    for array in backend.parameters(model):
        assert np.isfinite(array).all()
    logits = backend.logits(model, rng.normal(size=(2, 1, 8, 8)
                                              ).astype('f4'))
    assert np.isfinite(logits).all()


def test_a_second_fit_goes_on(backend, rng):
    X = rng.normal(size=(8, 1, 6, 6)).astype('f4')
    data = backend.loader(X, np.arange(8) % 10, 8)
    model = backend.d2l.SoftmaxRegression(10, 1e-9)
    backend.d2l.Trainer(max_epochs=1, precision='float32').fit(model, data)
    before = backend.parameters(model)
    backend.d2l.Trainer(max_epochs=1, precision='float32').fit(model, data)
    for was, now in zip(before, backend.parameters(model), strict=True):
        np.testing.assert_allclose(now, was, atol=1e-6)


def test_a_changed_learning_rate_is_used_and_said(backend, rng, tmp_path,
                                                  monkeypatch, capsys):
    monkeypatch.setenv('D2L_CHECKPOINT_DIR', str(tmp_path))
    data = backend.loader(rng.normal(size=(8, 1, 6, 6)).astype('f4'),
                          np.arange(8) % 10, 4)
    for lr, epochs in (0.1, 1), (0.1, 2), (1e-9, 3):
        monkeypatch.setattr(Checkpoints, 'number', iter([1]))
        model = backend.d2l.SoftmaxRegression(10, lr)
        capsys.readouterr()
        backend.d2l.Trainer(max_epochs=epochs, precision='float32').fit(
            model, data)
        said = capsys.readouterr().out
        assert ('=1e-09 instead of 0.1.' in said) == (lr < 0.1)
        if epochs == 2:
            trained = backend.parameters(model)
    for was, now in zip(trained, backend.parameters(model), strict=True):
        np.testing.assert_allclose(now, was, atol=1e-6)


def test_any_tensor_has_a_loader(backend, rng):
    """NumPy, the framework's own; its examples are in `dataset`."""
    class Data(backend.d2l.DataModule):
        batch_size = 4

    X = rng.normal(size=(8, 2)).astype('f4')
    for tensors in (X, X[:, 0]), (backend.tensor(X), X):
        loader = Data().get_tensorloader(tensors, train=True)
        rows = np.concatenate([backend.numpy(batch[0]) for batch in loader])
        assert sorted(map(tuple, rows)) == sorted(map(tuple, X))
        assert len(loader.dataset) == 8
        np.testing.assert_array_equal(backend.numpy(loader.dataset[3][0]),
                                      X[3])


def test_tensors_keep_gradients_and_bfloat16(backend):
    class Data(backend.d2l.DataModule):
        batch_size = 4

    for tensor in backend.rare():
        [part], _ = Data().get_tensorloader((tensor,), train=True)
        assert part.dtype == tensor.dtype and len(part) == 4
