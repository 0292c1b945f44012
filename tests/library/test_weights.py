"""Weights travel between the frameworks; what does not fit is refused."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import equality
import oracle
from d2l.core import fashion_mnist, weights

ARCH = ((1, 64), (1, 8))


@pytest.fixture(scope='session')
def trained(tmp_path_factory):
    """A ResNet-18 that PyTorch trained, and its logits."""
    folder = tmp_path_factory.mktemp('trained')
    subprocess.run(['.venv/bin/python', 'tests/library/train_reference.py',
                    folder], check=True)
    return folder


@pytest.fixture
def model(backend, rng):
    """A model with weights, and an image."""
    X = rng.normal(size=(2, 1, 20, 20)).astype('float32')
    model = backend.d2l.ResNet(arch=ARCH)
    backend.build(model, X)
    return model


def test_predicts_what_pytorch_predicted(backend, trained):
    """On all 10,000 images."""
    model = backend.d2l.ResNet18()
    backend.d2l.load_weights(model, trained / 'resnet18.safetensors')
    expected = np.load(trained / 'logits.npy')
    images, labels = fashion_mnist.load('data')[1]
    X = fashion_mnist.resize(images, 28)[:, None]
    found = np.concatenate([backend.logits(model, X[i:i + 500])
                            for i in range(0, len(X), 500)])
    differ = (found.argmax(1) != expected.argmax(1)).sum()
    assert differ <= 1
    assert equality.relative(found, expected) < 1e-4
    assert (found.argmax(1) == labels).mean() > 0.6     # it was trained


def test_names_and_layouts_are_those_of_torchvision(backend, model, tmp_path):
    file = tmp_path / 'weights.safetensors'
    backend.d2l.save_weights(model, file)
    expected = {name: tensor.shape for name, tensor in
                oracle.resnet(np.random.default_rng(), ARCH).tensors().items()}
    assert {name: tensor.shape for name, tensor
            in load_file(file).items()} == expected
    metadata = weights.read(file)[1]
    assert metadata['architecture'] == (
        f'ResNet(arch={ARCH}, num_classes=10)')
    assert metadata['d2l'] and backend.name in metadata['framework'].lower()
    assert [f.name for f in tmp_path.iterdir()] == [file.name]


def test_what_was_saved_is_loaded(backend, model, tmp_path, rng):
    file = tmp_path / 'weights.safetensors'
    backend.d2l.save_weights(model, file)
    other = backend.d2l.ResNet(arch=ARCH)       # has no weights yet
    backend.d2l.load_weights(other, file)
    X = rng.normal(size=(3, 1, 20, 20)).astype('float32')
    np.testing.assert_allclose(backend.logits(other, X),
                               backend.logits(model, X), atol=1e-6)


def test_training_goes_on_from_loaded_weights(backend, model, tmp_path, rng):
    file = tmp_path / 'weights.safetensors'
    backend.d2l.save_weights(model, file)
    backend.d2l.load_weights(model, file)
    model.lr = 0.0
    data = backend.loader(rng.normal(size=(4, 1, 20, 20)).astype('float32'),
                          np.arange(4), batch_size=4)
    backend.d2l.Trainer(max_epochs=1).fit(model, data)
    before, after = load_file(file), equality.weights_of(backend, model)
    for name, tensor in before.items():
        moved = not np.array_equal(tensor, after[name])
        assert moved == ('running' in name), name


def test_a_refused_file_leaves_a_new_model_new(backend, model, tmp_path):
    """JAX keeps weights beside the model: none may stay behind."""
    file = tmp_path / 'weights.safetensors'
    backend.d2l.save_weights(model, file)
    other = backend.d2l.ResNet(arch=ARCH, num_classes=7)
    with pytest.raises(ValueError, match='fc.bias is .10,., not .7,.'):
        backend.d2l.load_weights(other, file)
    if backend.name == 'jax':
        assert not hasattr(other, 'weights')


def lose(tensors):
    del tensors['bn1.bias'], tensors['fc.weight']


def gain(tensors):
    tensors['layer3.0.conv1.weight'] = np.zeros((2, 2, 3, 3), 'float32')


def reshape(tensors):
    tensors['fc.bias'] = np.zeros(7, 'float32')
    tensors['conv1.weight'] = np.zeros((64, 3, 7, 7), 'float32')


@pytest.mark.parametrize('harm, said', [
    (lose, ['bn1.bias (64,) is missing', 'fc.weight (10, 8) is missing']),
    (gain, ['layer3.0.conv1.weight (2, 2, 3, 3) is surplus']),
    (reshape, ['fc.bias is (7,), not (10,)',
               'conv1.weight is (64, 3, 7, 7), not (64, 1, 7, 7)'])])
def test_every_mismatch_is_listed(backend, model, tmp_path, harm, said):
    file = tmp_path / 'weights.safetensors'
    before = equality.weights_of(backend, model)
    tensors = {name: tensor + 1 for name, tensor in before.items()}
    harm(tensors)
    save_file(tensors, file)
    with pytest.raises(ValueError) as error:
        backend.d2l.load_weights(model, file)
    for part in [str(file), f'ResNet(arch={ARCH}', *said]:
        assert part in str(error.value)
    for name, tensor in equality.weights_of(backend, model).items():
        np.testing.assert_array_equal(tensor, before[name])


@pytest.mark.parametrize('content', [
    b'', b'not a safetensors file at all', None])
def test_a_file_that_is_not_whole_is_refused(backend, model, tmp_path,
                                             content):
    file = tmp_path / 'weights.safetensors'
    backend.d2l.save_weights(model, file)
    file.write_bytes(file.read_bytes()[:-100] if content is None else content)
    with pytest.raises(ValueError, match='not a whole safetensors file'):
        backend.d2l.load_weights(model, file)


def test_a_failed_save_keeps_the_last_file(backend, model, tmp_path,
                                           monkeypatch):
    file = tmp_path / 'weights.safetensors'
    backend.d2l.save_weights(model, file)
    good = file.read_bytes()

    def full(*args):
        raise OSError('No space left on device')

    monkeypatch.setattr(Path, 'write_bytes', full)
    with pytest.raises(OSError):
        backend.d2l.save_weights(model, file)
    assert file.read_bytes() == good


def test_a_model_that_flattens_images_does_not_change_order(backend, tmp_path):
    """LeNet's first matrix expects pixels in its own framework's order."""
    file = tmp_path / 'weights.safetensors'
    model = backend.d2l.LeNet()
    backend.build(model, np.zeros((1, 1, 28, 28), 'float32'))
    backend.d2l.save_weights(model, file)
    backend.d2l.load_weights(model, file)
    tensors, metadata = weights.read(file)
    metadata['layout'] = ('channels first' if backend.channels_last
                          else 'channels last')
    save_file(tensors, file, metadata)
    with pytest.raises(ValueError, match='it flattens images'):
        backend.d2l.load_weights(model, file)
