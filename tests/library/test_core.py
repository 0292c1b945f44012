"""What does not depend on the framework, and what must not be imported."""

import ast
import io
import subprocess
import sys
import textwrap
from pathlib import Path

import IPython
import numpy as np
import pytest
from IPython.core.events import EventManager, available_events
from matplotlib import pyplot as plt

from backends import INSTALLED
from d2l.core import plotting, progress
from d2l.core.hyperparameters import HyperParameters, add_to_class
from d2l.core.plotting import ProgressBoard, plot, show_images


def test_add_to_class():
    class A:
        def __init__(self):
            self.b = 1

    a = A()

    @add_to_class(A)
    def double(self):
        return 2 * self.b

    assert a.double() == 2 and double is None


def test_save_hyperparameters():
    class B(HyperParameters):
        def __init__(self, a, b, c=3, _private=4):
            self.save_hyperparameters(ignore=['b'])

    b = B(1, b=2)
    assert b.hparams == {'a': 1, 'c': 3}
    assert (b.a, b.c) == (1, 3)
    assert not hasattr(b, 'b') and not hasattr(b, '_private')


def test_one_name_to_ignore():
    class B(HyperParameters):
        def __init__(self, l, lr):
            self.save_hyperparameters(ignore='lr')

    assert B(1, 2).hparams == {'l': 1}


def test_board_draws_means():
    board = ProgressBoard()
    for x in range(7):
        board.draw(x, x**2, 'square', every_n=3)
    assert board.data['square'] == [(1, 5 / 3), (4, 50 / 3)]


def test_board_weighs_points():
    board = ProgressBoard()
    board.draw(0, 1.0, 'acc', every_n=2, weight=30)
    board.draw(0, 0.0, 'acc', every_n=2, weight=10)
    assert board.data['acc'] == [(0, 0.75)]


class OnDevice(float):
    """A scalar on a device, which counts how often it is waited for."""
    waits = 0

    def __add__(self, other):
        return OnDevice(float.__add__(self, other))

    def __mul__(self, other):
        return OnDevice(float.__mul__(self, other))

    __radd__, __rmul__ = __add__, __mul__

    def __float__(self):
        OnDevice.waits += 1
        return float.__add__(self, 0)


@pytest.fixture
def kernel(monkeypatch):
    """A notebook's kernel with a clock: what it was given to show."""
    class Kernel:
        execution_count, now = 1, 0.0

        def __init__(self):
            self.shown = []
            self.events = EventManager(self, available_events)

        def display(self, fig, display_id):
            self.shown.append('new')
            return self

        def update(self, fig):
            self.shown.append([len(line.get_xdata())
                               for line in fig.axes[0].lines])

        def end_cell(self):
            self.execution_count += 1
            self.events.trigger('post_run_cell', None)

    kernel = Kernel()
    monkeypatch.setattr(IPython, 'get_ipython', lambda: kernel)
    monkeypatch.setattr(IPython.display, 'display', kernel.display)
    monkeypatch.setattr(plotting, 'in_notebook', lambda: True)
    monkeypatch.setattr(plotting, 'use_svg_display', lambda: None)
    for module in plotting, progress:
        monkeypatch.setattr(module, 'perf_counter', lambda: kernel.now)
    monkeypatch.setattr(OnDevice, 'waits', 0)
    return kernel


def grow(kind):
    """Return a board or an animator, and what adds a point to it."""
    if kind == 'Animator':
        animator = plotting.Animator()
        return animator, lambda x: animator.add(x, x)
    board = ProgressBoard()
    return board, lambda x: board.draw(x, OnDevice(x), 'loss')


@pytest.mark.parametrize('kind', ['ProgressBoard', 'Animator'])
def test_a_picture_is_redrawn_every_half_second_and_at_the_end(kernel, kind):
    _, add = grow(kind)
    for x in range(16):     # a point every eighth of a second
        kernel.now = x / 8
        add(x)
    assert kernel.shown == ['new', [5], [9], [13]]
    kernel.end_cell()
    kernel.end_cell()
    assert kernel.shown == ['new', [5], [9], [13], [16]]
    add(16)     # each cell has its picture
    assert kernel.shown[5:] == ['new']
    kernel.end_cell()
    assert kernel.shown[5:] == ['new']


def test_a_board_reads_the_device_when_it_draws(kernel):
    board, add = grow('ProgressBoard')
    for x in range(100):
        add(x)
    assert OnDevice.waits == 1
    board.show_last()
    assert OnDevice.waits == 100 and kernel.shown == ['new', [100]]
    assert board.data['loss'] == [(x, x) for x in range(100)]


def test_a_script_reads_the_device_when_it_asks(monkeypatch):
    monkeypatch.setattr(OnDevice, 'waits', 0)
    board, add = grow('ProgressBoard')
    for x in range(9):
        add(x)
    assert OnDevice.waits == 0
    assert board.data['loss'][8] == (8, 8) and OnDevice.waits == 9


def test_the_bar_reads_the_device_every_half_second(kernel, capsys):
    with progress.EpochProgress('epoch', 100) as bar:
        for step in range(100):
            kernel.now = step / 64
            bar.add('train_loss', OnDevice(step), 8)
            bar.update(8)
        assert OnDevice.waits == 3
    assert bar.means()['train_loss'] == 49.5


@pytest.mark.parametrize('args, lines', [
    (([1, 2, 3],), [([0, 1, 2], [1, 2, 3])]),
    (([1, 2], [3, 4]), [([1, 2], [3, 4])]),
    (([1, 2], [[3, 4], [5, 6]]), [([1, 2], [3, 4]), ([1, 2], [5, 6])]),
    ((np.arange(2), np.arange(2)), [([0, 1], [0, 1])])])
def test_plot(args, lines):
    axes = plt.figure().gca()
    plot(*args, xlabel='x', legend=['a', 'b'][:len(lines)], axes=axes)
    drawn = [(list(line.get_xdata()), list(line.get_ydata()))
             for line in axes.get_lines()]
    assert drawn == lines and axes.get_xlabel() == 'x'
    plt.close('all')


def test_without_matplotlib_a_curve_is_not_saved(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, 'matplotlib', None)
    board = ProgressBoard()
    board.draw(1, 2, 'loss')
    with pytest.raises(ModuleNotFoundError, match='pip install matplotlib'):
        board.save(tmp_path / 'curve.svg')
    assert not list(tmp_path.iterdir()) and board.data['loss']


@pytest.mark.filterwarnings('error')
def test_a_plot_shows_korean_words():
    """On a machine that has no Korean font, too: it comes with d2l."""
    plot([1, 2], [3, 4], '에포크', '검증 손실', legend=['잔차 연결 없음'])
    drawn = io.StringIO()
    plt.savefig(drawn, format='svg')
    assert 'd2l-Hangul' in drawn.getvalue()
    plt.close()


def test_show_images():
    axes = show_images(np.zeros((3, 4, 4)), 2, 2, titles=['a', 'b', 'c'])
    assert [ax.get_title() for ax in axes] == ['a', 'b', 'c', '']
    plt.close('all')


def test_a_notebook_without_matplotlib_trains(monkeypatch, capsys):
    monkeypatch.setattr(plotting, 'in_notebook', lambda: True)
    monkeypatch.setitem(sys.modules, 'matplotlib', None)
    board = ProgressBoard()
    for x in range(3):
        board.draw(x, 2 * x, 'loss')
    assert board.data['loss'] == [(0, 0), (1, 2), (2, 4)]
    assert capsys.readouterr().out == ('Nothing is drawn without Matplotlib: '
                                       'pip install matplotlib\n')


@pytest.mark.parametrize('name', INSTALLED)
def test_runs_as_a_plain_script(name, tiny):
    """Without Matplotlib or Jupyter; no bar where nobody watches."""
    script = textwrap.dedent(f'''
        import sys

        class NoJupyter:
            def find_spec(self, name, *args):
                if name.split('.')[0] in {{'IPython', 'ipywidgets',
                                           'ipykernel', 'matplotlib',
                                           'matplotlib_inline'}}:
                    raise ModuleNotFoundError(name)

        sys.meta_path.insert(0, NoJupyter())
        from d2l import {name} as d2l
        model = d2l.LeNet(lr=0.1)
        d2l.Trainer(max_epochs=1).fit(model, d2l.FashionMNIST(
            batch_size=10, resize=(28, 28), root={str(tiny)!r}))
    ''')
    result = subprocess.run([sys.executable, '-c', script],
                            capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith('epoch 1/1: train_loss ')
    assert 'batch/s' not in result.stderr


def test_a_framework_is_imported_only_where_its_name_says_so():
    owner = {'torch': 'torch', 'torchvision': None, 'jax': 'jax',
             'flax': 'jax', 'optax': 'jax', 'tensorflow': 'tensorflow',
             'tf_keras': 'tensorflow', 'keras': 'tensorflow',
             'mxnet': 'mxnet', 'pandas': None}
    files = sorted(Path('d2l').rglob('*.py'))
    assert len(files) > 10
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            imported = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import) else
                [node.module] if isinstance(node, ast.ImportFrom) else [])
            for name in imported:
                package = name.split('.')[0]
                own = file.stem
                assert owner.get(package, own) == own, (
                    f'{file} imports {name}')


def test_aliases(backend):
    d2l = backend.d2l
    a = d2l.tensor([[1.0, 2.0], [3.0, 4.0]])
    assert backend.numpy(d2l.reduce_sum(a)) == 10
    assert backend.numpy(d2l.reshape(a, (4,))).tolist() == [1, 2, 3, 4]
    assert backend.numpy(d2l.matmul(a, d2l.ones((2, 1)))).ravel().tolist() == [
        3, 7]
    assert backend.numpy(d2l.concat([a, a], 0)).shape == (4, 2)
    assert int(d2l.size(a)) == 4 if hasattr(d2l, 'size') else a.size == 4
    assert backend.numpy(d2l.astype(a, d2l.int32)).dtype == np.int32


def test_pyplot_is_a_name_of_every_module(backend):
    assert backend.d2l.plt is plt


def test_pyplot_is_imported_only_when_it_is_used():
    """It takes longer than all the rest of d2l."""
    loaded = subprocess.run(
        [sys.executable, '-c', 'import sys, d2l.core.plotting, d2l.core.data, '
         'd2l.core.missing_names, d2l.core.trainer, d2l.core.weights; '
         'print("matplotlib.pyplot" in sys.modules)'],
        capture_output=True, text=True).stdout
    assert loaded == 'False\n'
