"""Operations in another form are the same, and the rest is untouched."""

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax import lax
from jax import numpy as jnp

from d2l import jax as d2l
from d2l.core.cpu import jax as jax_cpu

LAYOUT = ('NHWC', 'HWIO', 'NHWC')


@pytest.fixture(autouse=True)
def whatever_the_size(monkeypatch):
    monkeypatch.setattr(jax_cpu, 'PATCHES_BYTES', 4000)
    monkeypatch.setattr(jax_cpu, 'MIN_TILE_CHANNELS',
                        jax_cpu.MIN_TILE_CHANNELS)
    monkeypatch.setattr(jax_cpu, 'MIN_CHANNELS', jax_cpu.MIN_CHANNELS)


def primitives(function, *args):
    """Name the operations that a function consists of, at the top level."""
    return {eqn.primitive.name for eqn in jax.make_jaxpr(function)(*args).eqns}


def convolutions(function, *args):
    """Return the parameters of each convolution of which one consists."""
    return [eqn.params for eqn in jax.make_jaxpr(function)(*args).eqns
            if eqn.primitive.name == 'conv_general_dilated']


def assert_same(function, *args, atol=1e-4):
    expected = jax.tree_util.tree_leaves(function(*args))
    rewritten = jax.jit(jax_cpu.rewrite(function))
    found = jax.tree_util.tree_leaves(rewritten(*args))
    for a, b in zip(found, expected, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=atol)


sizes = st.integers(1, 4)


@settings(max_examples=15, deadline=None)
@given(num=st.integers(1, 7), kernel=st.tuples(sizes, sizes),
       strides=st.tuples(sizes, sizes), dilation=st.tuples(sizes, sizes),
       more=st.tuples(sizes, sizes), padding=st.tuples(sizes, sizes),
       channels=st.tuples(sizes, sizes))
def test_weight_gradient_of_any_convolution(num, kernel, strides, dilation,
                                            more, padding, channels):
    rng = np.random.default_rng(0)
    height, width = ((k - 1) * d + m for k, d, m
                     in zip(kernel, dilation, more, strict=True))
    X = jnp.array(rng.normal(size=(num, height, width, channels[0])),
                  'float32')
    K = jnp.array(rng.normal(size=(*kernel, *channels)), 'float32')

    def loss(K, X):
        Y = lax.conv_general_dilated(
            X, K, strides, [padding, padding[::-1]], rhs_dilation=dilation,
            dimension_numbers=LAYOUT)
        return (Y * jnp.sin(jnp.arange(Y.size)).reshape(Y.shape)).sum()

    gradient = jax.grad(loss, argnums=(0, 1))
    assert_same(gradient, K, X)
    left = convolutions(jax_cpu.rewrite(gradient), K, X)
    of_weights = [params for params in left if
                  params['dimension_numbers'].out_spec == (2, 3, 0, 1)]
    assert (not of_weights) == (dilation == (1, 1))
    if dilation == (1, 1):
        assert not [params for params in left
                    if set(params['lhs_dilation']) != {1}]


@settings(max_examples=10, deadline=None)
@given(size=st.tuples(st.integers(3, 8), st.integers(3, 8)),
       padding=st.tuples(st.integers(0, 2), st.integers(0, 2)),
       channels=st.tuples(sizes, sizes))
def test_3x3_convolution_by_tiles(size, padding, channels):
    """It and its gradients, of which nothing is left to XLA's way."""
    jax_cpu.MIN_TILE_CHANNELS = 1
    rng = np.random.default_rng(0)
    X = jnp.array(rng.normal(size=(2, *size, channels[0])), 'float32')
    K = jnp.array(rng.normal(size=(3, 3, *channels)), 'float32')

    def convolve(X, K):
        return lax.conv_general_dilated(X, K, (1, 1), [padding, padding],
                                        dimension_numbers=LAYOUT)

    def gradient(X, K):
        Y, backward = jax.vjp(convolve, X, K)
        return backward(jnp.sin(Y))

    for function in convolve, gradient:     # to 1e-5 of the largest
        largest = max(float(abs(a).max()) for a in
                      jax.tree_util.tree_leaves(function(X, K)))
        assert_same(function, X, K, atol=1e-4 + 1e-5 * largest)
    rewritten = jax_cpu.rewrite(convolve), X, K
    if min(convolve(X, K).shape[1:3]) >= 3:
        assert not convolutions(*rewritten)
        assert not [params for params in convolutions(
            jax_cpu.rewrite(gradient), X, K) if min(
                params['window_strides']) == 1]


@settings(max_examples=15, deadline=None)
@given(window=st.tuples(sizes, sizes), strides=st.tuples(sizes, sizes),
       more=st.tuples(sizes, sizes), levels=st.integers(1, 50),
       data=st.data())
def test_any_max_pooling_and_its_gradient(window, strides, more, levels, data):
    """Few levels: the maximum is there more than once."""
    padding = [(0, 0), *(data.draw(st.tuples(st.integers(0, w - 1),
                                             st.integers(0, w - 1)))
                         for w in window), (0, 0)]
    size = [w + m for w, m in zip(window, more, strict=True)]
    rng = np.random.default_rng(0)
    X = jnp.array(rng.integers(0, levels, (2, *size, 3)), 'float32')

    def loss(X):
        Y = lax.reduce_window(X, -jnp.inf, lax.max, (1, *window, 1),
                              (1, *strides, 1), padding)
        return (Y * jnp.sin(jnp.arange(Y.size)).reshape(Y.shape)).sum()

    gradient = jax.value_and_grad(loss)
    assert_same(gradient, X)
    assert not {'select_and_scatter_add', 'reduce_window_max'} & primitives(
        jax_cpu.rewrite(gradient), X)


def test_images_smaller_than_the_kernel_are_multiplied():
    """Forward, and backward to images whose stride left few pixels."""
    rng = np.random.default_rng(0)
    for size, strides in ((1, (1, 1)), (2, (1, 1)), (4, (2, 2)), (2, (2, 1))):
        X = jnp.array(rng.normal(size=(2, size, size, 3)), 'float32')
        K = jnp.array(rng.normal(size=(3, 3, 3, 5)), 'float32')

        def loss(X, K, strides=strides):
            Y = lax.conv_general_dilated(X, K, strides, [(1, 1), (1, 1)],
                                         dimension_numbers=LAYOUT)
            return (Y * jnp.sin(jnp.arange(Y.size)).reshape(Y.shape)).sum()

        assert_same(loss, X, K)
        gradient = jax.grad(loss, argnums=(0, 1))
        assert_same(gradient, X, K)
        names = primitives(jax_cpu.rewrite(gradient), X, K)
        assert 'dot_general' in names


@pytest.mark.parametrize('layout', [LAYOUT, ('NCHW', 'OIHW', 'NCHW')])
@settings(max_examples=10, deadline=None)
@given(groups=st.integers(2, 6), together=st.integers(1, 16),
       channels=st.tuples(sizes, sizes), kernel=st.tuples(sizes, sizes),
       strides=st.tuples(sizes, sizes), dilation=st.tuples(sizes, sizes),
       more=st.tuples(sizes, sizes))
def test_any_grouped_convolution(layout, groups, together, channels, kernel,
                                 strides, dilation, more):
    """It, its gradients and theirs are convolutions without groups."""
    jax_cpu.MIN_CHANNELS = together
    rng = np.random.default_rng(0)
    height, width = ((k - 1) * d + m for k, d, m
                     in zip(kernel, dilation, more, strict=True))
    X = rng.normal(size=(2, height, width, groups * channels[0]))
    K = rng.normal(size=(*kernel, channels[0], groups * channels[1]))
    if layout != LAYOUT:
        X, K = X.transpose(0, 3, 1, 2), K.transpose(3, 2, 0, 1)
    X, K = jnp.array(X, 'float32'), jnp.array(K, 'float32')

    def loss(K, X):
        Y = lax.conv_general_dilated(
            X, K, strides, [(1, 1), (1, 1)], rhs_dilation=dilation,
            dimension_numbers=layout, feature_group_count=groups)
        return (Y * jnp.sin(jnp.arange(Y.size)).reshape(Y.shape)).sum()

    gradient = jax.grad(loss, argnums=(0, 1))

    def norm(K):
        return (gradient(K, X)[1] ** 2).sum()

    for function, *args in ((loss, K, X), (gradient, K, X),
                            (jax.grad(norm), K)):
        assert_same(function, *args)
        assert {1} == {
            count for eqn in jax.make_jaxpr(jax_cpu.rewrite(function))(*args)
            .eqns if eqn.primitive.name == 'conv_general_dilated'
            for count in (eqn.params['feature_group_count'],
                          eqn.params['batch_group_count'])} | {1}


@pytest.mark.parametrize('channels, groups, convolutions',
                         [(64, 64, 4), (64, 2, 2), (24, 3, 1), (80, 5, 5)])
def test_groups_of_few_channels_are_taken_together(channels, groups,
                                                   convolutions):
    """There is little to compile, in a depthwise convolution too."""
    X = jnp.ones((2, 5, 5, channels))
    K = jnp.array(np.random.default_rng(0).normal(
        size=(3, 3, channels // groups, channels)), 'float32')

    def convolve(X, K):
        return lax.conv_general_dilated(X, K, (1, 1), 'SAME',
                                        dimension_numbers=LAYOUT,
                                        feature_group_count=groups)

    assert_same(convolve, X, K)
    equations = jax.make_jaxpr(jax_cpu.rewrite(convolve))(X, K).eqns
    assert [eqn.primitive.name for eqn in equations].count(
        'conv_general_dilated') == convolutions


def test_numbers_keep_their_type_where_64_bits_are_the_default():
    X, K = jnp.ones((2, 6, 6, 3)), jnp.ones((3, 3, 3, 4))
    jax.config.update('jax_enable_x64', True)
    try:
        assert_same(jax.grad(lambda K: lax.conv_general_dilated(
            X, K, (1, 1), 'SAME', dimension_numbers=LAYOUT).sum()), K)
    finally:
        jax.config.update('jax_enable_x64', False)


def test_what_is_something_else_stays(monkeypatch):
    """Other layouts, loops, branches, own gradients."""
    rng = np.random.default_rng(0)
    X = jnp.array(rng.normal(size=(2, 8, 8, 8)), 'float32')
    K = jnp.array(rng.normal(size=(3, 3, 4, 6)), 'float32')

    @jax.custom_jvp
    def doubled(a):
        return 2 * a

    doubled.defjvp(lambda a, da: (doubled(a[0]), 3 * da[0]))

    def loss(K, X):
        Y = lax.conv_general_dilated(
            X, K, (1, 1), 'SAME', dimension_numbers=LAYOUT,
            feature_group_count=2)
        Z = lax.conv(X, jnp.ones((2, 8, 2, 2)), (1, 1), 'SAME')
        a = lax.cond(Y.sum() > 0, jnp.sin, jnp.cos, Y.mean())
        b, _ = lax.scan(lambda c, x: (c + x.mean(), None), 0., Z)
        return jax.nn.relu(doubled(a)) + jax.jit(jnp.exp)(b / 9)

    assert_same(loss, K, X)
    assert_same(jax.value_and_grad(loss, argnums=(0, 1)), K, X)
    gradient = jax.grad(loss)
    assert (primitives(jax_cpu.rewrite(gradient), K, X)
            >= {'conv_general_dilated', 'cond'})


@pytest.mark.parametrize('error', [TypeError, KeyError])
def test_where_rewriting_fails_the_step_is_compiled_as_it_is(
        monkeypatch, capsys, error):
    """Not run eagerly, with a message that blames the reader's code."""
    def fail(*args):
        raise error('no such parameter')

    class Data(d2l.DataModule):
        batch_size = 4

        def get_dataloader(self, train):
            return self.get_tensorloader(
                (np.ones((8, 4), 'float32'), np.zeros(8, 'int32')), train)

    monkeypatch.setattr(jax_cpu, '_run', fail)
    model = d2l.SoftmaxRegression(10, lr=0.1)
    trainer = d2l.Trainer(max_epochs=2)
    with pytest.warns(UserWarning, match=(
            f'put faster operations .*{error.__name__}.*no such parameter')):
        trainer.fit(model, Data())
    assert 'eagerly' not in capsys.readouterr().out
    losses = [point.y for point in model.board.data['train_loss']]
    assert losses[-1] < losses[0]
    assert trainer._train_step.compiled._cache_size() == 1
