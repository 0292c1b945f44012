"""Weights travel between the frameworks; what does not fit is refused."""

import json
import math
import subprocess
import tracemalloc

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

import equality
import oracle
from conftest import full_disk
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


def count(tensors):
    tensors['fc.bias'] = tensors['fc.bias'].astype('int64')


def outgrow(tensors):
    tensors['fc.bias'] = np.full(10, -1e300)


@pytest.mark.parametrize('harm, said', [
    (lose, ['bn1.bias (64,) is missing', 'fc.weight (10, 8) is missing']),
    (gain, ['layer3.0.conv1.weight (2, 2, 3, 3) is surplus']),
    (reshape, ['fc.bias is (7,), not (10,)',
               'conv1.weight is (64, 3, 7, 7), not (64, 1, 7, 7)']),
    (count, ['fc.bias is int64, not float32']),
    (outgrow, ['fc.bias has numbers too large for float32'])])
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


@pytest.mark.parametrize('shape', [(), (64,), (0, 5, 7, 7)])
def test_a_file_that_cannot_shape_a_new_model(backend, tmp_path, shape):
    file = tmp_path / 'weights.safetensors'
    save_file({'conv1.weight': np.zeros(shape, 'float32')}, file)
    with pytest.raises(ValueError, match='does not tell the shape of its in'):
        backend.d2l.load_weights(backend.d2l.ResNet(arch=ARCH), file)


def test_a_flipped_bit_is_refused(backend, model, tmp_path):
    file = tmp_path / 'weights.safetensors'
    backend.d2l.save_weights(model, file)
    before, whole = equality.weights_of(backend, model), file.read_bytes()
    for byte in -1, -1000, -len(whole) // 2:
        content = bytearray(whole)
        content[byte] ^= 1
        file.write_bytes(content)
        with pytest.raises(ValueError, match=f'{file} is not as it was saved'):
            backend.d2l.load_weights(model, file)
    for name, tensor in equality.weights_of(backend, model).items():
        np.testing.assert_array_equal(tensor, before[name])


def test_a_folder_is_no_file(backend, model, tmp_path):
    with pytest.raises(ValueError, match=f'{tmp_path} is a folder'):
        backend.d2l.load_weights(model, tmp_path)
    with pytest.raises(OSError, match=f'{tmp_path} was not written'):
        backend.d2l.save_weights(model, tmp_path)
    assert not list(tmp_path.iterdir())
    assert not list(tmp_path.parent.glob('*.partial'))


def write_tensors(file, header, content):
    head = json.dumps(header).encode()
    file.write_bytes(len(head).to_bytes(8, 'little') + head + content)


@pytest.mark.parametrize('dtype', ['F8_E4M3', 'F8_E5M2', 'C64'])
def test_numbers_that_are_not_read(tmp_path, dtype):
    file = tmp_path / 'weights.safetensors'
    size = 64 if dtype == 'C64' else 8
    write_tensors(file, {'a': {'dtype': dtype, 'shape': [8],
                               'data_offsets': [0, size]}}, bytes(size))
    with pytest.raises(ValueError, match=f'{file} holds numbers of type '
                                         f'{dtype}: save it anew in float32'):
        weights.read(file)


def read_or_refused(file):
    """Return the arrays of a file, or None where it is refused by name."""
    tracemalloc.start()
    try:
        arrays, _ = weights.read(file)
    except ValueError as error:
        assert str(file) in str(error)
        arrays = None
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()
    return arrays


@settings(deadline=None)
@given(at=st.integers(0, 400), cut=st.integers(0, 9),
       more=st.binary(max_size=9))
def test_a_harmed_file_is_what_was_saved_or_refused(tmp_path_factory, at, cut,
                                                    more):
    file = tmp_path_factory.getbasetemp() / 'harmed.safetensors'
    saved = {'a': np.arange(6, dtype='f4').reshape(2, 3),
             'b': np.ones(4, 'i1')}
    save_file(saved, file, {'sha256': weights.digest(saved)})
    whole = file.read_bytes()
    file.write_bytes(whole[:at] + more + whole[at + cut:])
    arrays = read_or_refused(file)
    if arrays is None:
        assert file.read_bytes() != whole
    else:
        assert arrays.keys() == saved.keys()
        for name, array in arrays.items():
            assert array.dtype == saved[name].dtype
            assert array.tolist() == saved[name].tolist()


@settings(deadline=None)
@given(dtype=st.sampled_from([*weights.DTYPES, 'BF16', 'F8_E4M3', 'none']),
       shape=st.lists(st.integers(0, 4)) | st.lists(st.integers(0, 2**65)),
       offsets=st.lists(st.integers(0, 2**65), min_size=2, max_size=2),
       fitting=st.booleans())
@example('F32', [0, 2**63], [0, 0], True)
def test_any_header_is_read_or_refused(tmp_path_factory, dtype, shape, offsets,
                                       fitting):
    file = tmp_path_factory.getbasetemp() / 'any.safetensors'
    size = min(999, math.prod(shape) * np.dtype(
        weights.DTYPES.get(dtype, 'u2')).itemsize)
    write_tensors(file, {'a': {
        'dtype': dtype, 'shape': shape,
        'data_offsets': [0, size] if fitting else offsets}}, bytes(size))
    arrays = read_or_refused(file)
    assert arrays is None or list(arrays['a'].shape) == shape


@given(st.binary())
def test_any_bytes_are_weights_or_refused(tmp_path_factory, content):
    file = tmp_path_factory.getbasetemp() / 'bytes.safetensors'
    file.write_bytes(content)
    assert not read_or_refused(file)


def test_a_failed_save_keeps_the_last_file(backend, model, tmp_path):
    """The disk is full after 1000 bytes."""
    file = tmp_path / 'weights.safetensors'
    backend.d2l.save_weights(model, file)
    good = file.read_bytes()
    with full_disk(1000), pytest.raises(OSError, match=(
            f'{file} was not written .*, and nothing was changed. Name a '
            f'file in a folder that is there')):
        backend.d2l.save_weights(model, file)
    assert file.read_bytes() == good
    assert [f.name for f in tmp_path.iterdir()] == [file.name]


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
