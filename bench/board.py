"""Time a notebook's board: `python bench/board.py`.

A cell draws points in a real kernel, which sends the picture as SVG: every
point anew, as it was once; every half second, as it is; and with
`display=False`, which draws nothing. The seconds are the cell's, as the
notebook's client sees them.
"""

import argparse
import statistics
import time

import nbformat
from nbclient import NotebookClient
from tqdm import tqdm

SETTING = {'every point': 'board.refresh = 0',
           'every half second': '',
           'display=False': 'board.display = False'}
CELL = '''
from d2l.core.plotting import ProgressBoard
board = ProgressBoard(xlabel='epoch', xlim=[0, {n}])
{setting}
for x in range({n}):
    board.draw(x, 1 / (x + 1), 'train_loss')
    board.draw(x, 1 / (x + 2), 'val_loss')
'''


def seconds(num_points, setting, repeats):
    """Return the seconds of a cell that draws 2 × `num_points` points."""
    code = CELL.format(n=num_points, setting=setting)
    notebook = nbformat.v4.new_notebook(cells=[
        nbformat.v4.new_code_cell(code) for _ in range(repeats + 1)])
    times, client = [], NotebookClient(notebook)
    with client.setup_kernel():
        for i, cell in enumerate(notebook.cells):
            start = time.perf_counter()
            client.execute_cell(cell, i)
            times.append(time.perf_counter() - start)
    return statistics.median(times[1:])     # the first one imports


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition(':')[0])
    parser.add_argument('--points', type=int, default=50)
    parser.add_argument('--repeats', type=int, default=3)
    arguments = parser.parse_args()
    n = arguments.points
    times = {name: seconds(n, setting, arguments.repeats)
             for name, setting in tqdm(SETTING.items(), 'kernels')}
    for name, time_taken in times.items():
        extra = (time_taken - times['display=False']) / (2 * n)
        print(f'{name}: {2 * n} points in {time_taken:.3f} s, '
              f'{1000 * extra:.2f} ms a point more than without')


if __name__ == '__main__':
    main()
