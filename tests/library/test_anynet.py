"""AnyNet and RegNetX-32: shapes, parameters, costs and training."""

import logging

import numpy as np
import pytest


def noise(*shape):
    return np.random.default_rng(1).normal(size=shape).astype(np.float32)


def conv(c_in, c_out, k, groups=1):
    """Count the parameters of a convolution, bias included."""
    return k * k * c_in * c_out // groups + c_out


def stage(c_in, depth, c, width, bot_mul):
    """Count the parameters of a stage, the first block's shortcut too."""
    b, total = round(c * bot_mul), 0
    for i in range(depth):
        total += (conv(c_in, b, 1) + conv(b, b, 3, groups=b // width)
                  + conv(b, c, 1) + 2 * (b + b + c))
        if i == 0:
            total += conv(c_in, c, 1) + 2 * c
        c_in = c
    return total


def anynet(arch, stem_channels, in_channels=1, num_classes=10):
    total, c = conv(in_channels, stem_channels, 3) + 2 * stem_channels, (
        stem_channels)
    for s in arch:
        total, c = total + stage(c, *s), s[1]
    return total + c * num_classes + num_classes


def count(backend, model):
    return sum(p.size for p in backend.parameters(model))


@pytest.mark.parametrize('arch', [
    ((1, 8, 4, 1),),
    ((2, 16, 4, 1 / 2), (1, 24, 1, 1 / 4), (3, 32, 8, 1), (1, 8, 2, 1))])
def test_anynet_has_the_parameters_of_its_stages(backend, arch):
    model = backend.d2l.AnyNet(arch, 12, num_classes=5)
    X = noise(2, 3, 20, 28)
    backend.build(model, X)
    assert count(backend, model) == anynet(arch, 12, 3, 5)
    assert backend.logits(model, X).shape == (2, 5)
    assert (model.lr, model.stem_channels) == (0.1, 12)


def test_every_stage_halves_height_and_width(backend):
    arch = ((2, 8, 4, 1), (1, 16, 4, 1), (1, 24, 8, 1))
    X = noise(1, 1, 28, 28)
    shapes, _, _ = zip(*backend.d2l.layer_costs(
        backend.d2l.AnyNet(arch, 4), tuple(backend.images(X).shape)),
        strict=True)
    sizes = [(4, 14), (8, 7), (16, 4), (24, 2)]
    expected = [(1, n, n, c) if backend.channels_last else (1, c, n, n)
                for c, n in sizes]
    assert list(shapes) == [*expected, (1, 10)]


def test_regnetx32_has_180_thousand_parameters(backend, capsys):
    model = backend.d2l.RegNetX32(0.05)
    assert (model.lr, model.num_classes) == (0.05, 10)
    backend.build(model, noise(1, 1, 32, 32))
    assert count(backend, model) == 179290 == anynet(
        ((4, 32, 16, 1), (6, 80, 16, 1)), 32)
    backend.d2l.RegNetX32().layer_summary(
        (1, 96, 96, 1) if backend.channels_last else (1, 1, 96, 96))
    shapes = [(32, 48, 48), (32, 24, 24), (80, 12, 12), (10,)]
    if backend.channels_last:
        shapes = [(*shape[1:], shape[0]) for shape in shapes]
    lines = capsys.readouterr().out.splitlines()
    for line, shape in zip(lines, shapes, strict=True):
        assert str((1, *shape))[1:-1] in line


def test_methods_may_be_replaced(backend):
    """A chapter's own stem or stage takes the place of the class's."""
    class Wide(backend.d2l.AnyNet):
        def stage(self, depth, num_channels, groups, bot_mul):
            return super().stage(depth, 2 * num_channels, groups, bot_mul)

    model = Wide(((1, 8, 4, 1),), 4)
    backend.build(model, noise(1, 1, 16, 16))
    assert count(backend, model) == anynet(((1, 16, 4, 1),), 4)


def test_anynet_learns(backend):
    X = noise(32, 1, 16, 16)
    y = (X.mean(axis=(1, 2, 3)) > 0).astype(np.int64)
    X += 2 * y[:, None, None, None]
    model = backend.d2l.AnyNet(((1, 8, 4, 1), (1, 16, 4, 1)), 8, lr=0.1,
                               num_classes=2)
    trainer = backend.d2l.Trainer(max_epochs=8)
    trainer.fit(model, backend.loader(X, y, 16))
    losses = [epoch['train_loss'] for epoch in trainer.history]
    assert losses[-1] < losses[0] / 2


def test_many_grouped_convolutions_warn_of_nothing(backend, caplog, capfd,
                                                   monkeypatch):
    monkeypatch.setattr(logging.getLogger('tensorflow'), 'propagate', True)
    model = backend.d2l.AnyNet(((3, 24, 8, 1), (3, 32, 4, 1)), 8)
    model.layer_summary(tuple(backend.images(noise(1, 1, 28, 28)).shape))
    printed = capfd.readouterr()
    assert not [record for record in caplog.records
                if record.levelno >= logging.WARNING]
    assert 'WARNING' not in printed.out + printed.err
