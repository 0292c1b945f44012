"""D2L_WITHOUT leaves operations as the framework has them."""

import jax
import numpy as np
import pytest
import tensorflow as tf
import torch
from jax import lax
from jax import numpy as jnp
from torch.nn import functional as F

from d2l.core.cpu import REWRITES, uses
from d2l.core.cpu.jax import rewrite
from d2l.core.cpu.tensorflow import fast_layers
from d2l.core.cpu.torch import conv2d


def convolve(X, K, stride=1, groups=1):
    return lax.conv_general_dilated(
        X, K, (stride, stride), [(1, 1), (1, 1)], feature_group_count=groups,
        dimension_numbers=('NHWC', 'HWIO', 'NHWC'))


def pool(X):
    return lax.reduce_window(X, -jnp.inf, lax.max, (1, 3, 3, 1), (1, 2, 2, 1),
                             'SAME')


# Of each name: a function whose gradient has the operation, and X's shape.
EXAMPLES = {
    'tiles': (convolve, (2, 6, 6, 64), (3, 3, 64, 64)),
    'patches': (convolve, (2, 6, 6, 3), (5, 5, 3, 4)),
    'phases': (lambda X, K: convolve(X, K, 2), (2, 6, 6, 3), (3, 3, 3, 4)),
    'small': (convolve, (2, 2, 2, 3), (3, 3, 3, 4)),
    'groups': (lambda X, K: convolve(X, K, groups=2), (2, 6, 6, 4),
               (3, 3, 2, 6)),
    'pooling': (lambda X, K: pool(X), (2, 6, 6, 3), (1,)),
}


def operations(function, *args):
    return sorted(str(eqn.primitive) + str(eqn.params.get('lhs_dilation', ''))
                  for eqn in jax.make_jaxpr(function)(*args).eqns)


@pytest.mark.parametrize('name', REWRITES['jax'].keys() - {'memory'})
def test_jax(name, monkeypatch):
    function, *shapes = EXAMPLES[name]
    args = [jnp.ones(shape) for shape in shapes]

    def gradient(*args):
        return jax.vjp(function, *args)[1](function(*args))

    monkeypatch.setenv('D2L_WITHOUT', ' '.join(
        REWRITES['jax'].keys() - {name}))
    alone = operations(rewrite(gradient), *args)
    monkeypatch.setenv('D2L_WITHOUT', ','.join(REWRITES['jax']))
    none = operations(rewrite(gradient), *args)
    assert none == operations(gradient, *args) != alone


@pytest.mark.parametrize('left_out, is_torchs', [
    ('', False), ('points', False), ('patches,points', True)])
def test_torch(left_out, is_torchs, monkeypatch):
    monkeypatch.setenv('D2L_WITHOUT', left_out)
    rng = torch.Generator().manual_seed(0)
    X = torch.randn(4, 512, 3, 3, generator=rng)
    K = torch.randn(512, 512, 3, 3, generator=rng)
    found, expected = (convolution(X, K, padding=1)
                       for convolution in (conv2d, F.conv2d))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-2)
    assert torch.equal(found, expected) == is_torchs


@pytest.mark.parametrize('name, layer, shape', [
    ('batch_norm', tf.keras.layers.BatchNormalization, (4, 6, 6, 3)),
    ('patches', lambda: tf.keras.layers.Conv2D(512, 3), (2, 3, 3, 512)),
    ('groups', lambda: tf.keras.layers.Conv2D(6, 3, groups=3), (2, 6, 6, 6))])
def test_tensorflow(name, layer, shape, monkeypatch):
    layer = layer()
    X = tf.constant(np.random.default_rng(0).normal(size=shape), 'float32')
    layer(X)

    def names():
        with fast_layers():
            graph = tf.function(lambda X: layer(X, training=True) if name ==
                                'batch_norm' else layer(X)
                                ).get_concrete_function(X).graph
        return sorted(operation.type for operation in graph.get_operations())

    ours = names()
    monkeypatch.setenv('D2L_WITHOUT', name)
    assert names() != ours


def test_a_name_that_there_is_not(monkeypatch):
    monkeypatch.setenv('D2L_WITHOUT', 'tiles,pionts')
    with pytest.raises(ValueError, match="'pionts', which is none of .*tiles"):
        uses('tiles')
