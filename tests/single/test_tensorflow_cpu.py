"""Layers in another form are the same, and the rest is untouched."""

import gc
import subprocess
import sys
import threading
import weakref

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from d2l import tensorflow as d2l
from d2l.core.cpu import tensorflow as tensorflow_cpu
from d2l.core.cpu.tensorflow import fast_layers

NAME = 'FusedBatchNormV3'
rng = np.random.default_rng(0)
sizes = st.integers(1, 4)


def layer_of(num_channels, **options):
    """Return a layer whose weights and statistics are not its first ones."""
    layer = tf.keras.layers.BatchNormalization(**options)
    layer.build((None, 4, 4, num_channels))
    layer.set_weights([rng.uniform(0.5, 2, w.shape)
                       for w in layer.get_weights()])
    return layer


def results(layer, X, **options):
    """Return the outputs, the gradients, and the statistics that follow."""
    before = layer.get_weights()
    with tf.GradientTape() as tape:
        tape.watch(X)
        Y = layer(X, **options)
        loss = tf.reduce_sum(tf.cos(Y))
    grads = tape.gradient(loss, [X, *layer.trainable_variables])
    after = layer.get_weights()
    layer.set_weights(before)
    return [Y, *grads, *after]


def operations(function):
    """Name the operations of the graph of a function."""
    graph = tf.function(function).get_concrete_function().graph
    return {op.type for op in graph.get_operations()}


@settings(max_examples=25, deadline=None)
@given(num=sizes, height=sizes, width=sizes, num_channels=sizes,
       momentum=st.sampled_from([0.9, 0.99]), training=st.booleans(),
       epsilon=st.sampled_from([1e-5, 1e-3]), trainable=st.booleans())
def test_any_normalization(num, height, width, num_channels, momentum,
                           training, epsilon, trainable):
    X = tf.constant(rng.normal(1, 2, (num, height, width, num_channels)),
                    tf.float32)
    layer = layer_of(num_channels, momentum=momentum, epsilon=epsilon,
                     trainable=trainable)
    expected = results(layer, X, training=training)
    with fast_layers():
        found = results(layer, X, training=training)
        assert NAME in operations(lambda: layer(X, training=training))
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize('options, call', [
    (dict(scale=False), {}), (dict(center=False), {}), (dict(axis=1), {}),
    (dict(dtype='mixed_bfloat16'), {}), (dict(dtype='float64'), {}),
    (dict(), dict(mask=tf.ones((2, 4, 4), tf.bool)))])
def test_unusual_normalizations_are_left_to_keras(options, call):
    X = tf.constant(rng.normal(size=(2, 4, 4, 4)), tf.float32)
    layer = layer_of(4, **options)
    expected = results(layer, X, training=True, **call)
    with fast_layers():
        found = results(layer, X, training=True, **call)
        assert NAME not in operations(lambda: layer(X, training=True, **call))
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, b)


@settings(max_examples=25, deadline=None)
@given(kernel=st.tuples(sizes, sizes), more=st.tuples(sizes, sizes),
       strides=st.tuples(sizes, sizes), dilation=st.integers(1, 2),
       groups=st.integers(1, 2), padding=st.sampled_from(['valid', 'same']),
       has_bias=st.booleans())
def test_any_convolution(every_size, kernel, more, strides, dilation, groups,
                         padding, has_bias):
    if dilation > 1:
        strides = 1     # Keras has no layer with both
    layer = tf.keras.layers.Conv2D(
        6, kernel, strides=strides, dilation_rate=dilation, groups=groups,
        padding=padding, use_bias=has_bias)
    size = ((k - 1) * dilation + m for k, m in zip(kernel, more, strict=True))
    X = tf.constant(rng.normal(size=(2, *size, 4)), tf.float32)
    layer.build(X.shape)
    expected = results(layer, X)
    with fast_layers():
        found = results(layer, X)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-3)


@pytest.fixture(scope='module')
def every_size():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tensorflow_cpu, 'MIN_WEIGHTS', 1)
        yield


@pytest.mark.parametrize('size, is_product', [(6, True), (7, False)])
def test_only_small_images_are_multiplied(every_size, size, is_product):
    layer = tf.keras.layers.Conv2D(8, 3)
    with fast_layers():
        names = operations(lambda: layer(tf.ones((2, size, size, 3))))
    assert ('MatMul' in names, 'Conv2D' in names) == (is_product,
                                                      not is_product)


def test_groups_are_convolved_one_by_one():
    """No part of it is left to XLA, whose gradient takes seconds."""
    layer = tf.keras.layers.Conv2D(8, 3, groups=4, padding='same')
    with fast_layers():
        graph = tf.function(lambda: layer(tf.ones((2, 6, 6, 8)))
                            ).get_concrete_function().graph
    names = [op.type for op in graph.get_operations()]
    assert names.count('Conv2D') == 4
    assert 'PartitionedCall' not in ' '.join(names)


def test_training_uses_it():
    seen = []

    class Model(d2l.Classifier):
        def __init__(self):
            super().__init__()
            self.lr = 0.1
            self.net = tf.keras.Sequential([
                tf.keras.layers.BatchNormalization(),
                tf.keras.layers.Flatten(), tf.keras.layers.Dense(10)])

        def training_step(self, batch):
            loss = super().training_step(batch)
            seen.extend(op.type for op in
                        tf.compat.v1.get_default_graph().get_operations())
            return loss

    class Data(d2l.DataModule):
        def get_dataloader(self, train):
            return self.get_tensorloader(
                (tf.ones((8, 4, 4, 1)), tf.zeros(8, tf.int32)), train)

    Data.batch_size = 4
    d2l.Trainer(max_epochs=1).fit(Model(), Data())
    assert NAME in seen


KERAS_AS_IT_IS = '''
import tensorflow as tf
layers = tf.keras.layers
changed = layers.BatchNormalization, layers.Conv2D
before = [dict(vars(layer)) for layer in changed]
if {delete}:
    for layer in layers.Conv2D.__mro__:
        if 'convolution_op' in vars(layer):
            del layer.convolution_op
    before = [dict(vars(layer)) for layer in changed]

from d2l import tensorflow as d2l
from d2l.core.cpu.tensorflow import fast_layers

def is_as_it_was():
    return before == [dict(vars(layer)) for layer in changed]

print(is_as_it_was())
with fast_layers():
    print(is_as_it_was())
    with fast_layers():
        pass
    print(is_as_it_was())
print(is_as_it_was())
if not {delete}:
    class Model(d2l.SoftmaxRegression):
        def training_step(self, batch):
            seen.append(is_as_it_was())
            raise KeyError('a mistake')

    class Data(d2l.DataModule):
        batch_size = 4

        def get_dataloader(self, train):
            return self.get_tensorloader(
                (tf.ones((8, 4)), tf.zeros(8, tf.int32)), train)

    seen = []
    try:
        d2l.Trainer(1).fit(Model(10, lr=0.1), Data())
    except KeyError:
        print(*seen, is_as_it_was())
'''


@pytest.mark.parametrize('delete, expected', [
    (False, 'True False False True False True'),
    (True, 'True False False True')])
def test_keras_is_as_it_was_before_and_after(delete, expected):
    """Seen by a process that looks before d2l is imported.

    Also after an error in a step, and where a release of Keras has one of
    the methods no more.
    """
    run = subprocess.run(
        [sys.executable, '-c', KERAS_AS_IT_IS.format(delete=delete)],
        capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == expected.split()


def test_threads_do_not_undo_each_other():
    """The first to begin ends first; Keras is left as it was by the last."""
    before = dict(vars(tf.keras.layers.Conv2D))
    begun, ended = threading.Event(), threading.Event()

    def first():
        with fast_layers():
            begun.set()
            assert second.wait(60)
        ended.set()

    second = threading.Event()
    thread = threading.Thread(target=first)
    thread.start()
    assert begun.wait(60)
    with fast_layers():
        second.set()
        assert ended.wait(60)
        layer = layer_of(4)
        assert NAME in operations(
            lambda: layer(tf.ones((2, 4, 4, 4)), training=True))
    thread.join()
    assert dict(vars(tf.keras.layers.Conv2D)) == before


def test_the_graph_of_a_step_is_freed():
    """Keras's optimizer would have TensorFlow keep it for good."""
    graphs = []

    class Model(d2l.SoftmaxRegression):
        def training_step(self, batch):
            graphs.append(weakref.ref(tf.compat.v1.get_default_graph()))
            return super().training_step(batch)

    class Data(d2l.DataModule):
        def get_dataloader(self, train):
            return self.get_tensorloader((np.ones((8, 4, 4, 1), 'float32'),
                                          np.arange(8)), train)

    data = Data()
    data.batch_size = 4
    d2l.Trainer(max_epochs=1).fit(Model(10, 0.1), data)
    gc.collect()
    assert len(graphs) == 1 and graphs[0]() is None
