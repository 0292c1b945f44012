"""What chapters use that write their training loops out."""

import time

import numpy as np
import pytest
from matplotlib import pyplot as plt

from d2l.core.plotting import Animator
from d2l.core.timing import Accumulator, Benchmark, Timer


def test_timer(monkeypatch):
    clock = iter([0, 1, 1, 3, 3, 6])
    monkeypatch.setattr(time, 'perf_counter', lambda: next(clock))
    timer = Timer()         # starts at once
    assert timer.stop() == 1
    timer.start()
    timer.stop()
    timer.start()
    timer.stop()
    assert timer.times == [1, 2, 3]
    assert (timer.sum(), timer.avg()) == (6, 2)
    assert timer.cumsum() == [1, 3, 6]


def test_benchmark(monkeypatch, capsys):
    clock = iter([0, 1.5, 2, 3])
    monkeypatch.setattr(time, 'perf_counter', lambda: next(clock))
    with Benchmark():
        pass
    with Benchmark('matmul'):
        pass
    assert capsys.readouterr().out == ('Done: 1.5000 sec\n'
                                       'matmul: 1.0000 sec\n')


def test_accumulator():
    metric = Accumulator(2)
    metric.add(1, np.float32(2))
    metric.add(3, 4)
    assert (metric[0], metric[1]) == (4, 6)
    metric.reset()
    assert metric.data == [0, 0]


def test_animator():
    shown = plt.get_fignums()
    animator = Animator(xlabel='epoch', xlim=[1, 3], legend=['train', 'test'])
    animator.add(1, (0.5, None))
    animator.add(2, (0.25, 0.75))
    assert animator.X == [[1, 2], [2]]
    assert animator.Y == [[0.5, 0.25], [0.75]]
    axes = animator.axes[0]
    assert [line.get_ydata().tolist() for line in axes.get_lines()] == [
        [0.5, 0.25], [0.75]]
    assert (axes.get_xlabel(), axes.get_xlim()) == ('epoch', (1, 3))
    assert plt.get_fignums() == shown   # else a notebook shows it once more


def test_animator_of_one_line_in_a_grid():
    animator = Animator(nrows=2, ncols=2)
    animator.add(1, 0.5)
    assert (animator.X, animator.Y, len(animator.axes)) == ([[1]], [[0.5]], 4)


@pytest.mark.parametrize('y_hat', [
    [[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]], [0, 1, 0]])
def test_accuracy_counts(backend, y_hat):
    y = backend.labels(np.array([0, 1, 1]))
    found = backend.d2l.accuracy(
        backend.tensor(np.array(y_hat, 'float32')), y)
    assert found == 2 and isinstance(found, float)


def test_evaluate_accuracy_gpu(backend):
    """Batches of different sizes; a function is a net as well."""
    y = np.array([0, 1, 1, 0, 1])
    logits = np.array([[1, 0], [0, 1], [1, 0], [1, 0], [0, 1]], 'float32')
    batches = [(backend.tensor(logits[:3]), backend.labels(y[:3])),
               (backend.tensor(logits[3:]), backend.labels(y[3:]))]
    found = backend.d2l.evaluate_accuracy_gpu(
        lambda X: X, batches, backend.d2l.cpu())
    assert found == 0.8


@pytest.mark.parametrize('resize, size', [(None, 28), (14, 14)])
def test_load_data_fashion_mnist(backend, real, monkeypatch, resize, size):
    monkeypatch.setenv('D2L_DATA', str(real))
    train, val = backend.d2l.load_data_fashion_mnist(256, resize)
    assert (len(train), len(val)) == (4, 2)
    X, y = next(iter(train))
    assert backend.numpy_images(X).shape == (256, 1, size, size)
    assert backend.numpy(y).shape == (256,)


def test_split_batch(backend):
    X, y = np.arange(10, dtype='float32').reshape(5, 2), np.arange(5)
    Xs, ys = backend.d2l.split_batch(
        backend.tensor(X), backend.labels(y), [backend.d2l.cpu()] * 2)
    assert len(Xs) == len(ys) == 2
    assert [len(part) for part in Xs] == [len(part) for part in ys]
    np.testing.assert_array_equal(
        np.concatenate([backend.numpy(part) for part in Xs]), X)
    np.testing.assert_array_equal(
        np.concatenate([backend.numpy(part) for part in ys]), y)


def test_sgd_divides_the_summed_gradient(backend):
    """One step from w = 1 on the sum of (w x)^2 / 2 over x = 1, 2."""
    assert backend.sgd_step(lambda w: ((w * 1)**2 + (w * 2)**2) / 2,
                            lr=0.1, batch_size=2) == pytest.approx(0.75)


def test_resnet18_keeps_small_images(backend):
    """In the frameworks that D2L gave it: shapes, and every layer is built."""
    if not hasattr(backend.d2l, 'resnet18'):
        assert backend.name in ('jax', 'tensorflow')
        return
    net = backend.d2l.resnet18(10, in_channels=3)
    X = np.zeros((2, 3, 28, 28), 'float32')
    if backend.name == 'mxnet':
        net.initialize()
    assert backend.numpy(net(backend.images(X))).shape == (2, 10)
    assert backend.numpy_images(net[0](backend.images(X))).shape == (
        2, 64, 28, 28)
