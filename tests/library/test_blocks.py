"""The blocks and the network: shapes, parameters, modes and bad arguments."""

import logging

import numpy as np
import pytest


def noise(*shape):
    return np.random.default_rng(1).normal(size=shape).astype(np.float32)


def conv(c_in, c_out, k, groups=1):
    """Count the parameters of a convolution, bias included."""
    return k * k * c_in * c_out // groups + c_out


def norm(c):
    return 2 * c


def residual(c_in, c, projection):
    return (conv(c_in, c, 3) + conv(c, c, 3) + 2 * norm(c)
            + (conv(c_in, c, 1) if projection else 0))


def count(backend, model):
    return sum(p.size for p in backend.parameters(model))


def test_residual_keeps_the_shape(backend):
    block = backend.d2l.Residual(3)
    assert backend.run(block, noise(4, 3, 6, 6)).shape == (4, 3, 6, 6)
    assert count(backend, block) == residual(3, 3, projection=False)


def test_residual_halves_height_and_width(backend):
    block = backend.d2l.Residual(6, use_1x1conv=True,
                                 strides=backend.strides(2))
    assert backend.run(block, noise(4, 3, 6, 6)).shape == (4, 6, 3, 3)
    assert count(backend, block) == residual(3, 6, projection=True)


@pytest.mark.parametrize('size, half', [(5, 3), (7, 4), (8, 4)])
def test_odd_sizes_round_up(backend, size, half):
    block = backend.d2l.Residual(2, use_1x1conv=True,
                                 strides=backend.strides(2))
    assert backend.run(block, noise(1, 2, size, size)).shape == (1, 2, half,
                                                                 half)


def test_resnext_block_keeps_the_shape(backend):
    block = backend.d2l.ResNeXtBlock(32, 16, 1)
    assert backend.run(block, noise(4, 32, 96, 96)).shape == (4, 32, 96, 96)
    # 16 channels in each group: two groups.
    assert count(backend, block) == (
        conv(32, 32, 1) + conv(32, 32, 3, groups=2) + conv(32, 32, 1)
        + 3 * norm(32))


def test_resnext_block_halves_height_and_width(backend):
    block = backend.d2l.ResNeXtBlock(24, 4, 0.5, use_1x1conv=True,
                                     strides=backend.strides(2))
    assert backend.run(block, noise(2, 16, 8, 8)).shape == (2, 24, 4, 4)
    assert count(backend, block) == (
        conv(16, 12, 1) + conv(12, 12, 3, groups=3) + conv(12, 24, 1)
        + conv(16, 24, 1) + 2 * norm(12) + 2 * norm(24))


def test_group_width_must_divide_the_channels(backend):
    with pytest.raises(ValueError, match='bot_channels=10 .* groups=4'):
        backend.run(backend.d2l.ResNeXtBlock(10, 4, 1), noise(1, 10, 4, 4))


def test_many_grouped_convolutions_warn_of_nothing(backend, caplog, capfd,
                                                   monkeypatch):
    monkeypatch.setattr(logging.getLogger('tensorflow'), 'propagate', True)
    for channels in range(8, 64, 8):
        backend.run(backend.d2l.ResNeXtBlock(channels, 4, 1),
                    noise(1, channels, 4, 4))
    printed = capfd.readouterr()
    assert not [record for record in caplog.records
                if record.levelno >= logging.WARNING]
    assert 'WARNING' not in printed.out + printed.err


def test_a_block_is_its_input_when_its_branch_is_zero(backend):
    """With γ = 0 in the last normalization, ReLU(X) is all that is left."""
    X = noise(2, 3, 5, 5)
    block = backend.d2l.Residual(3)
    backend.run(block, X)
    if backend.name == 'torch':
        block.bn2.weight.data.zero_()
    elif backend.name == 'tensorflow':
        block.bn2.gamma.assign(np.zeros(3))
    elif backend.name == 'mxnet':
        block.bn2.gamma.set_data(backend.tensor(np.zeros(3, 'float32')))
    if backend.name == 'jax':
        variables = block.weights
        variables['params']['bn2']['scale'] = np.zeros(3)
        Y = block.apply(variables, backend.images(X),
                        mutable=['batch_stats'])[0]
    else:
        Y = block(backend.images(X))
    np.testing.assert_allclose(backend.numpy_images(Y), np.maximum(X, 0),
                               atol=1e-6)


def test_resnet18_has_eleven_million_parameters(backend):
    stages = [(64, 64), (64, 128), (128, 256), (256, 512)]
    expected = conv(1, 64, 7) + norm(64) + 512 * 10 + 10 + sum(
        residual(c_in, c, projection=c_in != c) + residual(c, c, False)
        for c_in, c in stages)
    model = backend.d2l.ResNet18()
    backend.build(model, noise(1, 1, 32, 32))
    assert count(backend, model) == expected
    assert round(expected, -5) == 11_200_000


def test_layer_summary_lists_stem_stages_and_head(backend, capsys):
    shapes = [(64, 24, 24), (64, 24, 24), (128, 12, 12), (256, 6, 6),
              (512, 3, 3), (10,)]
    if backend.channels_last:
        shapes = [(*shape[1:], shape[0]) for shape in shapes]
    X_shape = (1, 96, 96, 1) if backend.channels_last else (1, 1, 96, 96)
    backend.d2l.ResNet18().layer_summary(X_shape)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(shapes)
    for line, shape in zip(lines, shapes, strict=True):
        assert line.startswith('Sequential output shape:\t ')
        assert str((1, *shape))[1:-1] in line


def test_layer_summary_changes_nothing(backend, capsys):
    """Nor does it need images that leave more than one pixel."""
    X = noise(2, 1, 28, 28)
    model = backend.d2l.ResNet18()
    backend.build(model, X)
    before = backend.logits(model, X)
    model.layer_summary((1, 28, 28, 1) if backend.channels_last
                        else (1, 1, 28, 28))
    assert len(capsys.readouterr().out.splitlines()) == 6
    np.testing.assert_array_equal(backend.logits(model, X), before)


@pytest.mark.parametrize('name', ['ResNet18', 'LeNet'])
def test_the_first_argument_is_the_learning_rate(backend, name):
    model = getattr(backend.d2l, name)(0.05)
    assert (model.lr, model.num_classes) == (0.05, 10)


def test_arch_and_classes_are_free(backend):
    model = backend.d2l.ResNet(arch=((1, 64), (3, 12)), num_classes=5)
    backend.build(model, noise(1, 3, 20, 20))
    # A stage that is not the first projects in its first block.
    assert count(backend, model) == (
        conv(3, 64, 7) + norm(64) + residual(64, 64, False)
        + residual(64, 12, True) + 2 * residual(12, 12, False) + 12 * 5 + 5)


def test_plain_is_residual_without_the_addition(backend):
    """Normalization hides how large the input is; an addition does not."""
    plain, X = backend.d2l.Plain(3), 1000 * noise(4, 3, 6, 6)
    Y = backend.run(plain, X)
    assert Y.shape == X.shape
    assert 0 <= Y.min() and Y.max() < 20
    assert backend.run(backend.d2l.Residual(3), X).max() > 100
    assert count(backend, plain) == residual(3, 3, projection=False)
