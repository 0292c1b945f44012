"""Put outputs into a notebook, and say where those of a training come from."""

import re

import nbformat

from book.execute import code_cells, number_cells

NAMES = {'pytorch': 'PyTorch', 'jax': 'JAX', 'tensorflow': 'TensorFlow',
         'mxnet': 'MXNet'}
EPOCH = re.compile(r'^epoch \d+/\d+: .*, ([\d.]+) s$', re.MULTILINE)
BATCHES = re.compile(r'^D2L_FAST_DEV_RUN=(\d+): ', re.MULTILINE)
EPOCHS = re.compile(r'^D2L_MAX_EPOCHS=(\d+): \d+ of (\d+) ', re.MULTILINE)
BOX = """
.. admonition:: {title}
   :class: warning

   {text}
"""
LINE = """
.. rst-class:: provenance

{line}
"""


def with_outputs(nb, executed, tab):
    """Return a notebook with the outputs of one with the same code.

    What follows the output of a training says what ran it, and cannot be
    missed where the run was shorter than the code asks for.
    """
    cells = iter(code_cells(executed))
    pieces = []
    for cell in nb.cells:
        pieces.append(cell)
        if cell.cell_type == 'code':
            source = next(cells)
            cell.outputs = source.outputs
            cell.execution_count = source.execution_count
            pieces += provenance(cell, executed.metadata['d2l'], tab)
    nb.cells = pieces
    number_cells(nb)
    return nb


def provenance(cell, facts, tab):
    """Return the cell that follows a training, if this cell is one."""
    text = ''.join(out.get('text', '') for out in cell.outputs)
    seconds = [float(s) for s in EPOCH.findall(text)]
    if not seconds:
        return []
    rst = ''
    if batches := BATCHES.search(text):
        rst += BOX.format(
            title='시험 실행의 결과입니다',
            text=f'한 에포크에서 미니배치 {batches[1]}개로만 훈련하고 '
                 '검증했습니다. 곡선과 정확도는 끝까지 훈련한 결과가 아닙니다.')
    elif epochs := EPOCHS.search(text):
        rst += BOX.format(
            title=f'{epochs[2]}에포크 가운데 {epochs[1]}에포크만 훈련했습니다',
            text='곡선과 정확도는 끝까지 훈련한 결과가 아닙니다.')
    rst += LINE.format(line=' · '.join([
        f'{NAMES[tab]} {facts["version"]}', facts['device'],
        f'훈련 {duration(sum(seconds))}', facts['date']]))
    return [nbformat.v4.new_markdown_cell(f'```eval_rst\n{rst}\n```',
                                          metadata=cell.metadata)]


def duration(seconds):
    """Return a duration in Korean, in its two largest units."""
    minutes, s = divmod(round(seconds), 60)
    h, m = divmod(minutes, 60)
    if h:
        return f'{h}시간 {m}분'
    return f'{m}분 {s}초' if m else f'{s}초'
