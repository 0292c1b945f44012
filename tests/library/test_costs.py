"""The ResNets of the papers, by what torchvision publishes of its own."""

import numpy as np
import pytest

# torchvision's parameters, and its multiply-adds at 224×224 in 10^9.
PUBLISHED = {18: (11689512, 1.81), 34: (21797672, 3.66), 50: (25557032, 4.09),
             101: (44549160, 7.80), 152: (60192808, 11.51),
             'resnext50': (25028904, 4.23)}
BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3),
          101: (3, 4, 23, 3), 152: (3, 8, 36, 3), 'resnext50': (3, 4, 6, 3)}


def beyond_torchvision(name):
    """Return how many parameters the book's model has and torchvision's not.

    A bias per channel of every convolution, less the normalization of the
    shortcuts that `Residual` leaves out.
    """
    more = 64       # the stem
    for i, num_blocks in enumerate(BLOCKS[name]):
        if name in (18, 34):
            c = 64 * 2**i
            more += num_blocks * 2 * c + (c - 2 * c if i else 0)
        else:
            c = 256 * 2**i
            middle = c // 2 if name == 'resnext50' else c // 4
            more += num_blocks * (2 * middle + c) + c
    return more


@pytest.mark.parametrize('name', PUBLISHED)
def test_costs_are_those_published(backend, name):
    d2l = backend.d2l
    model = (d2l.resnext50(num_classes=1000) if name == 'resnext50'
             else d2l.resnet(name, num_classes=1000))
    X = np.zeros((1, 3, 224, 224), np.float32)
    shapes, params, macs = zip(*d2l.layer_costs(
        model, tuple(backend.images(X).shape)), strict=True)
    published, billions = PUBLISHED[name]
    assert sum(params) == published + beyond_torchvision(name)
    assert sum(macs) / 1e9 == pytest.approx(billions, abs=0.005)
    channels = [max(shape[1], shape[-1]) for shape in shapes]
    width = 1 if name in (18, 34) else 4
    assert channels == [64, *(width * c for c in (64, 128, 256, 512)), 1000]
    assert [shape[2] for shape in shapes[:-1]] == [56, 56, 28, 14, 7]


def test_costs_leave_the_model_as_it_is(backend):
    """A model whose costs were counted still gives logits, in its mode."""
    model = backend.d2l.resnet(18)
    mode = getattr(model, 'training', None)
    X = np.ones((2, 1, 32, 32), np.float32)
    backend.d2l.layer_costs(model, tuple(backend.images(X).shape))
    assert getattr(model, 'training', None) == mode
    if backend.d2l.__name__ == 'd2l.torch':     # a mode a layer
        assert {layer.training for layer in model.modules()} == {mode}
    backend.build(model, X)
    assert np.isfinite(backend.logits(model, X)).all()


def test_an_unknown_depth_is_named(backend):
    with pytest.raises(ValueError, match='depth=20 must be one of .18, 34'):
        backend.d2l.resnet(20)
