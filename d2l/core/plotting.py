"""Plots for notebooks.

IPython is imported only inside a notebook, and pyplot, which takes longer
than all the rest of d2l, only when something is plotted.
"""

from __future__ import annotations  # Matplotlib's types: not at run time

import functools
import io
import math
import sys
from collections import OrderedDict, namedtuple
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from os import PathLike
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from d2l.core import files
from d2l.core.hyperparameters import HyperParameters

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ['use_svg_display', 'set_figsize', 'set_axes', 'plot', 'show_images',
           'ProgressBoard', 'Animator']

Point = namedtuple('Point', ['x', 'y'])
Pair = tuple[float, float]


def in_notebook() -> bool:
    """Tell whether a Jupyter kernel runs this code."""
    IPython = sys.modules.get('IPython')
    shell = IPython.get_ipython() if IPython else None
    return hasattr(shell, 'kernel')


def use_svg_display() -> None:
    """Show plots as SVG in a notebook, and Korean words in any plot."""
    _add_hangul()
    if in_notebook():
        from matplotlib import rcParams
        from matplotlib_inline import backend_inline
        # The same plot is the same file, whenever it is drawn.
        rcParams['svg.hashsalt'] = 'd2l'
        backend_inline.set_matplotlib_formats('svg', metadata={'Date': None})


@functools.cache
def _add_hangul() -> None:
    """Letter what the plots' own font has not in the font beside this file."""
    from matplotlib import rcParams
    from matplotlib.font_manager import fontManager
    fontManager.addfont(Path(__file__).with_name('hangul.ttf'))
    rcParams['font.family'] = [*rcParams['font.family'], 'd2l Hangul']


def set_figsize(figsize: Pair = (3.5, 2.5)) -> None:
    """Set the size of the figures that follow.

    `figsize`: width and height in inches.
    """
    from matplotlib import pyplot as plt
    use_svg_display()
    plt.rcParams['figure.figsize'] = figsize


def set_axes(axes: Axes, xlabel: str | None, ylabel: str | None,
             xlim: Pair | None, ylim: Pair | None, xscale: str, yscale: str,
             legend: Sequence[str] | None) -> None:
    """Set labels, limits, scales, legend and grid of `axes`.

    `xlabel`, `ylabel`: texts; `xlim`, `ylim`: the least and the largest
    number; `xscale`, `yscale`: 'linear' or 'log'; `legend`: the lines' names.
    """
    axes.set(xlabel=xlabel, ylabel=ylabel, xscale=xscale, yscale=yscale,
             xlim=xlim, ylim=ylim)
    if legend:
        axes.legend(legend)
    axes.grid()


def plot(X: Sequence, Y: Sequence | None = None, xlabel: str | None = None,
         ylabel: str | None = None, legend: Sequence[str] = [],
         xlim: Pair | None = None, ylim: Pair | None = None,
         xscale: str = 'linear', yscale: str = 'linear',
         fmts: Sequence[str] = ('-', 'm--', 'g-.', 'r:'),
         figsize: Pair = (3.5, 2.5), axes: Axes | None = None) -> None:
    """Plot one or several lines.

    `X` and `Y` are each one line (a list of numbers or a tensor with one
    axis) or a list of lines; without `Y`, `X` holds the heights. `xlabel`,
    `ylabel`, `xlim`, `ylim`, `xscale`, `yscale`: of the axes; `legend`: the
    lines' names; `fmts`: their formats in turn; `figsize`: width and height
    in inches; `axes`: where to plot, else on the current axes.
    """
    def is_one_line(values):
        return getattr(values, 'ndim', None) == 1 or (
            isinstance(values, list) and not hasattr(values[0], '__len__'))

    if is_one_line(X):
        X = [X]
    if Y is None:
        X, Y = [[]] * len(X), X
    elif is_one_line(Y):
        Y = [Y]
    if len(X) != len(Y):
        X = [*X] * len(Y)
    set_figsize(figsize)
    if axes is None:
        from matplotlib import pyplot as plt
        axes = plt.gca()
    axes.cla()
    for x, y, fmt in zip(X, Y, fmts, strict=False):
        axes.plot(x, y, fmt) if len(x) else axes.plot(y, fmt)
    set_axes(axes, xlabel, ylabel, xlim, ylim, xscale, yscale, legend)


def show_images(imgs: Iterable, num_rows: int, num_cols: int,
                titles: Sequence[str] | None = None,
                scale: float = 1.5) -> np.ndarray:
    """Show images in a grid and return its axes.

    `imgs`: images of shape (height, width) or (height, width, channels);
    `num_rows`, `num_cols`: of the grid;
    `titles`: one per image; `scale`: inches per image.
    """
    from matplotlib import pyplot as plt
    use_svg_display()
    _, axes = plt.subplots(num_rows, num_cols, squeeze=False,
                           figsize=(num_cols * scale, num_rows * scale))
    axes = axes.flatten()
    for i, (ax, img) in enumerate(zip(axes, imgs, strict=False)):
        if hasattr(img, 'asnumpy'):
            img = img.asnumpy()
        elif hasattr(img, 'detach'):
            img = img.detach().cpu()
        ax.imshow(np.asarray(img))
        ax.axis('off')
        if titles is not None and len(titles):
            ax.set_title(titles[i])
    return axes


class _Live:
    """What grows in a notebook: one picture a cell, redrawn in place.

    To draw takes as long as many steps of training: it is done every
    `refresh` seconds at most, and when the cell is over. What else the cell
    printed stays.
    """
    refresh = 0.5
    fig: Any
    _cell: int | None = None    # in which it was shown, and when
    _shown = 0.0
    _is_late = False    # what came last is not drawn yet

    def show_last(self) -> None:
        """Show what is not drawn yet."""
        if self._is_late:
            self._show_now()
            self._handle.update(self.fig)

    def _show(self):
        from IPython import display, get_ipython
        shell = get_ipython()
        if self._cell != shell.execution_count:
            self._show_now()
            self._cell = shell.execution_count
            self._handle = display.display(self.fig, display_id=True)
            return
        if not self._is_late:
            self._is_late = True
            shell.events.register('post_run_cell', self._end_cell)
        if perf_counter() - self._shown >= self.refresh:
            self.show_last()

    def _show_now(self):
        self._redraw()
        self._shown, self._is_late = perf_counter(), False

    def _end_cell(self, *_):
        from IPython import get_ipython
        get_ipython().events.unregister('post_run_cell', self._end_cell)
        self.show_last()

    def _redraw(self):
        """Draw `fig` anew."""


class ProgressBoard(_Live, HyperParameters):
    """The board on which points appear while a model trains.

    `xlabel`, `ylabel`, `xlim`, `ylim`, `xscale`, `yscale`: of the axes;
    `ls`, `colors`: of each line in turn; `fig`, `axes`: Matplotlib's, made
    without them; `figsize`: width and height in inches; `display`: False to
    draw nothing, or the path of a file that a trainer draws to after every
    epoch. Outside a notebook, or without Matplotlib, it draws nothing but
    keeps the points in `data`: label -> points (x, y); `save` draws them.
    Source: D2L 1.0.3, section "Object-Oriented Design for Implementation".
    """

    def __init__(self, xlabel: str | None = None, ylabel: str | None = None,
                 xlim: Pair | None = None, ylim: Pair | None = None,
                 xscale: str = 'linear', yscale: str = 'linear',
                 ls: Sequence[str] = ['-', '--', '-.', ':'],
                 colors: Sequence[str] = ['C0', 'C1', 'C2', 'C3'],
                 fig: Figure | None = None, axes: Axes | None = None,
                 figsize: Pair = (3.5, 2.5),
                 display: bool | str | PathLike = True):
        self.save_hyperparameters()
        self._lines: OrderedDict[str, list] = OrderedDict()
        self._unread: list[tuple] = []  # line, x, sum of y, sum of weights
        # label -> number, sums of x, y, weight
        self._pending: dict[str, tuple] = {}

    @property
    def data(self) -> OrderedDict[str, list]:
        """The points: label -> list of points (x, y).

        What lies on a device is read here, which waits for it.
        """
        while self._unread:
            line, x, sum_y, total = self._unread.pop(0)
            line.append(Point(x, float(sum_y) / total))
        return self._lines

    @property
    def fig(self) -> Figure | None:
        """The figure that is shown; where none is, the lines in a new one.

        None before the first point.
        """
        if self._fig is None and any(self.data.values()):
            return self._figure()
        return self._fig

    @fig.setter
    def fig(self, fig: Figure | None) -> None:
        self._fig = fig

    def draw(self, x: float, y: Any, label: str, every_n: int = 1,
             weight: int = 1) -> None:
        """Add a point; draw the mean of every `every_n` points of a label.

        `x`, `y`: the point; `y` may be a scalar on a device: it is summed
        there and read only when it is drawn. `label`: the line's name;
        `weight`: the point's weight in the mean.
        """
        n, sum_x, sum_y, total = self._pending.get(label, (0, 0, 0, 0))
        n, sum_x, sum_y, total = (n + 1, sum_x + x, sum_y + y * weight,
                                  total + weight)
        self._pending[label] = n, sum_x, sum_y, total
        line = self._lines.setdefault(label, [])
        if n < every_n:
            return
        self._unread.append((line, sum_x / n, sum_y, total))
        del self._pending[label]
        self._show()

    def num_epochs(self) -> int:
        """Return the number of epochs that the lines reach into, by `x`."""
        return math.ceil(max((point.x for line in self.data.values()
                              for point in line), default=0))

    def save(self, path: str | PathLike) -> None:
        """Draw the lines to a file, in a script as in a notebook.

        `path`: the file, whose ending names the format, such as 'curve.svg'
        or 'curve.png'. Raises ValueError where there is no point yet, and
        ModuleNotFoundError without Matplotlib.
        """
        if not any(self.data.values()):
            raise ValueError(f'The board has no point to draw to {path} yet: '
                             f'call fit first.')
        try:
            from matplotlib import rc_context
        except ModuleNotFoundError:
            raise ModuleNotFoundError(
                f'Nothing is drawn to {path} without Matplotlib: pip install '
                f'matplotlib, then call save again. The points are in '
                f'board.data.') from None
        _add_hangul()
        path = Path(path)
        # No ending, no format: then it is Matplotlib's, PNG.
        form = path.suffix[1:] or 'png'
        content = io.BytesIO()
        with rc_context({'svg.hashsalt': 'd2l'}):
            self._figure().savefig(
                content, format=form, bbox_inches='tight', dpi=200,
                metadata={'Date': None} if form == 'svg' else None)
        files.write(path, content.getvalue())

    def save_display(self) -> None:
        """Save to the file that `display` names, if it names one."""
        if any(self.data.values()) and not isinstance(self.display, bool):
            self.save(self.display)

    def drop_pending(self) -> None:
        """Forget the points that wait for their mean to be drawn."""
        self._pending.clear()

    def state(self) -> dict:
        """Return the points, drawn and pending, as lists of numbers."""
        return {'data': self.data,
                'pending': {label: [float(value) for value in pending]
                            for label, pending in self._pending.items()}}

    def restore(self, state: dict) -> None:
        """Show the points that `state` returned."""
        for label, line in state['data'].items():
            self.data[label] = [Point(*point) for point in line]
        self._pending.update(state['pending'])
        if self.data:
            self._show()

    def _show(self):
        if not (self.display is True and in_notebook()):
            return
        if not find_spec('matplotlib'):
            print('Nothing is drawn without Matplotlib: pip install '
                  'matplotlib')
            self.display = False
            return
        super()._show()

    def _redraw(self):
        from matplotlib import pyplot as plt
        use_svg_display()
        if self._fig is None:
            self._fig = plt.figure(figsize=self.figsize)
            self._fig.subplots_adjust(top=0.8)  # above is the legend
            plt.close(self._fig)    # else the notebook shows it once more
        self._draw(self.axes or self._fig.gca())

    def _figure(self):
        from matplotlib.figure import Figure
        fig = Figure(figsize=self.figsize)
        self._draw(fig.gca())
        return fig

    def _draw(self, axes):
        axes.cla()
        for (label, line), ls, color in zip(self.data.items(), self.ls,
                                            self.colors, strict=False):
            axes.plot([p.x for p in line], [p.y for p in line],
                      linestyle=ls, color=color, label=label,
                      marker='o' if len(line) == 1 else None,
                      clip_on=len(line) > 1)
        axes.set(xlabel=self.xlabel, ylabel=self.ylabel, xscale=self.xscale,
                 yscale=self.yscale)
        if self.xlim:
            axes.set_xlim(self.xlim)
        if self.ylim:
            axes.set_ylim(self.ylim)
        axes.legend(loc='lower center', bbox_to_anchor=(0.5, 1), ncols=3,
                    frameon=False, fontsize='small', columnspacing=1)


class Animator(_Live):
    """The plot of a loop that a chapter writes out: it grows point by point.

    `xlabel`, `ylabel`, `xlim`, `ylim`, `xscale`, `yscale`: of the axes;
    `legend`: the labels of the lines; `fmts`: their formats; `figsize`: width
    and height in inches. `fig` holds `nrows` times `ncols` `axes`, of which
    the first shows the lines. Source: D2L 0.17, section "Implementation of
    Softmax Regression from Scratch".
    """

    def __init__(self, xlabel: str | None = None, ylabel: str | None = None,
                 legend: Sequence[str] | None = None,
                 xlim: Pair | None = None, ylim: Pair | None = None,
                 xscale: str = 'linear', yscale: str = 'linear',
                 fmts: Sequence[str] = ('-', 'm--', 'g-.', 'r:'),
                 nrows: int = 1, ncols: int = 1, figsize: Pair = (3.5, 2.5)):
        from matplotlib import pyplot as plt
        use_svg_display()
        self.fig, axes = plt.subplots(nrows, ncols, figsize=figsize,
                                      squeeze=False)
        plt.close(self.fig)     # else the notebook shows it once more
        self.axes = list(axes.flat)
        self.config_axes = lambda: set_axes(
            self.axes[0], xlabel, ylabel, xlim, ylim, xscale, yscale, legend)
        self.X: list[list] = []
        self.Y: list[list] = []
        self.fmts = fmts

    def add(self, x: float | Sequence, y: Any) -> None:
        """Add a point to every line.

        `x`: one number, or one per line; `y`: likewise, None to leave a line
        as it is.
        """
        y = y if hasattr(y, '__len__') else [y]
        xs = x if isinstance(x, Sequence) else [x] * len(y)
        self.X = self.X or [[] for _ in y]
        self.Y = self.Y or [[] for _ in y]
        for i, (a, b) in enumerate(zip(xs, y, strict=False)):
            if a is not None and b is not None:
                self.X[i].append(a)
                self.Y[i].append(b)
        if in_notebook():
            self._show()
        else:
            self._redraw()

    def _redraw(self):
        self.axes[0].cla()
        for xs, ys, fmt in zip(self.X, self.Y, self.fmts, strict=False):
            self.axes[0].plot(xs, ys, fmt)
        self.config_axes()
