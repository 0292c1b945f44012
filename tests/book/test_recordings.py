"""Recorded outputs: they are real, they hold, and they say where from."""

import contextlib
import hashlib
import json
import re
import socket
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np

from book.content.verify import depend_on_training, differences
from conftest import book, build, html_of, write_section

TRAINING = '''import torch
from d2l import torch as d2l
w = d2l.tensor([2, -3.4])
model = d2l.LinearRegression(lr=0.03)
data = d2l.SyntheticRegressionData(w, b=4.2, num_train={num_train})
trainer = d2l.Trainer(max_epochs={epochs})
trainer.fit(model, data)'''
AFTER = '''
```{.python .input}
%%tab pytorch
print(model.get_w_b(), d2l.get_seed())
```
'''
RECORDING = Path('outputs/pytorch/chapter_resnet/x.ipynb')


def write_training(folder, num_train=200, epochs=3):
    write_section(folder, TRAINING.format(num_train=num_train, epochs=epochs),
                  AFTER)


def record(folder, **variables):
    result = book(folder, 'record', '--tab', 'pytorch', **variables)
    assert result.returncode == 0, result.stdout
    return nbformat.read(folder / RECORDING, as_version=4)


def printed(recording):
    return ''.join(out.get('text', '') for cell in recording.cells
                   for out in cell.outputs)


def timeless(recording):
    """Return what a recording holds, but for how long things took."""
    text = re.sub(r'[\d.]+ images/sec, [\d.]+ s', '', printed(recording))
    figures = [out.data.get('image/svg+xml') for cell in recording.cells
               for out in cell.outputs if 'data' in out]
    return text, figures


def test_a_recording_is_used_while_the_code_is_the_same(small_book):
    write_section(small_book, 'print(x + 2)')
    record(small_book)
    result = build(small_book)
    assert '1 recordings used, 0 notebooks executed' in result.stdout
    assert '>3\n<' in html_of(small_book)
    write_section(small_book, 'print(x + 2)', '\n글만 바뀌었습니다.\n')
    result = build(small_book)
    assert '1 recordings used, 0 notebooks executed' in result.stdout
    assert '글만 바뀌었습니다' in html_of(small_book)
    write_section(small_book, 'print(x + 3)')
    result = build(small_book)
    assert '0 recordings used, 1 notebooks executed' in result.stdout
    assert '>4\n<' in html_of(small_book)


def test_code_invalidates_the_tabs_it_belongs_to(small_book):
    section = small_book / 'chapter_resnet/x.md'
    text = section.read_text().replace('%%tab pytorch', '%%tab pytorch, jax')
    section.write_text(text)
    for tab in 'pytorch', 'jax':
        assert book(small_book, 'record', '--tab', tab).returncode == 0
    assert '2 recordings used, 0' in build(small_book).stdout
    section.write_text(text.replace('%%tab pytorch, jax\nprint', '''%%tab jax
print(3)
```

```{.python .input}
%%tab pytorch
print'''))
    assert '1 recordings used, 1 notebooks executed' in build(
        small_book).stdout


def test_the_page_says_where_a_training_ran(small_book):
    write_training(small_book)
    recording = record(small_book)
    facts = recording.metadata['d2l']
    assert set(facts) == {'key', 'version', 'python', 'device', 'date',
                          'seed', 'overrides'}
    assert facts['overrides'] == {}
    assert all(cell.metadata['seconds'] >= 0 for cell in recording.cells)
    assert build(small_book).returncode == 0
    page = html_of(small_book)
    line, = re.findall(r'<p class="provenance">(.*)</p>', page)
    assert re.fullmatch(
        re.escape(f'PyTorch {facts["version"]} · {facts["device"]} · ')
        + f'float32 · 훈련 [0-9]초 · {facts["date"]} · 시드 0', line)
    assert 'admonition' not in page


def test_a_recording_tells_data_and_commit(small_book):
    """Of a program that trains twice, each cell its own."""
    images = [np.full((8, 1, 2, 2), n, 'float32') for n in (1, 2)]
    write_section(small_book, """import numpy as np
from d2l import torch as d2l
class Data(d2l.DataModule):
    batch_size = 4
    def __init__(self, n):
        self.X = np.full((8, 1, 2, 2), n, 'float32')
    def get_dataloader(self, train):
        return self.get_tensorloader((self.X, np.arange(8) % 2), train)
def train(n, **kwargs):
    d2l.Trainer(1, **kwargs).fit(d2l.SoftmaxRegression(2, 0.1), Data(n))
train(1, precision='float32')""", """
```{.python .input}
%%tab pytorch
train(2, precision='bfloat16')
```
""")
    for command in (['init'], ['add', '.'], [
            '-c', 'user.name=x', '-c', 'user.email=x', 'commit', '-m', 'x']):
        subprocess.run(['git', *command], cwd=small_book, check=True,
                       capture_output=True)
    recording = record(small_book)
    for cell, precision, array in zip(recording.cells[-2:], (
            'float32', 'bfloat16'), images, strict=True):
        assert cell.metadata['training'] == {
            'precision': precision,
            'data': hashlib.sha256(array.tobytes()).hexdigest()[:12]}
    commit = subprocess.run(['git', 'rev-parse', 'HEAD'], cwd=small_book,
                            capture_output=True, text=True).stdout
    assert commit.startswith(recording.metadata['d2l']['commit'])
    with open(small_book / 'chapter_resnet/x.md', 'a') as section:
        section.write('\n글이 늘었습니다.\n')
    (small_book / RECORDING).unlink()
    assert record(small_book).metadata['d2l']['commit'].endswith('+')


def test_a_shortened_recording_says_so(small_book):
    write_training(small_book)
    recording = record(small_book, D2L_MAX_EPOCHS='2')
    assert recording.metadata['d2l']['overrides'] == {'D2L_MAX_EPOCHS': '2'}
    assert len(re.findall('^epoch', printed(recording), re.MULTILINE)) == 2
    assert build(small_book).returncode == 0
    assert '3에포크 가운데 2에포크만 훈련했습니다' in html_of(small_book)


def test_a_killed_recording_goes_on(small_book):
    """To what an uninterrupted one records, wherever it is killed."""
    write_training(small_book, num_train=10000, epochs=16)
    expected = record(small_book)
    for epoch in 1, 9, 16:
        (small_book / RECORDING).unlink()
        process = subprocess.Popen(
            [sys.executable, '-m', 'book', 'record', '--tab', 'pytorch'],
            cwd=small_book, start_new_session=True, stderr=subprocess.DEVNULL)
        while process.poll() is None and not list(small_book.glob(
                f'_build/checkpoints/pytorch/chapter_resnet/x/*/fit-1/epoch-{epoch}')):
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.01)
        subprocess.run(['pkill', '-KILL', '-s', str(process.pid)])
        process.wait()
        # After the last epoch it may have been quicker.
        assert epoch == 16 or not (small_book / RECORDING).exists()
        found = record(small_book)
        assert timeless(found) == timeless(expected)
        assert not list(small_book.glob('_build/checkpoints/pytorch/*/*'))


def test_a_failure_leaves_the_recording(small_book):
    write_section(small_book, 'print(x + 2)')
    record(small_book)
    before = (small_book / RECORDING).read_bytes()
    write_section(small_book, 'print(x + 3)', '''
```{.python .input}
%%tab pytorch
x / 0
```
''')
    result = book(small_book, 'record', '--tab', 'pytorch')
    assert result.returncode != 0
    assert 'tab pytorch, code cell 3' in result.stdout
    assert (small_book / RECORDING).read_bytes() == before


def test_recordings_are_of_no_machine(small_book):
    write_section(small_book, '''import os, socket, sys, tempfile
print(os.getcwd(), os.path.expanduser('~/x'), tempfile.mkdtemp())
print(object(), socket.gethostname())
os.getcwd()''')
    text = json.dumps(record(small_book))
    for private in (str(small_book), str(Path.home()), socket.gethostname(),
                    '/tmp/'):
        assert private not in text
    assert not re.search('0x[0-9a-f]{6}', text)


def test_verify_finds_what_changed(small_book):
    write_training(small_book)
    text = (small_book / 'chapter_resnet/x.md').read_text()
    (small_book / 'chapter_resnet/x.md').write_text(text + '''
```{.python .input}
%%tab pytorch
print(torch.zeros(2).shape)
```
''')
    recording = record(small_book)
    result = book(small_book, 'verify')
    assert '1 recordings hold' in result.stdout, result.stdout
    last = recording.cells[-1].outputs[0]
    last.text = last.text.replace('2', '3')
    nbformat.write(recording, small_book / RECORDING)
    result = book(small_book, 'verify')
    assert result.returncode != 0
    assert ('chapter_resnet/x.md, tab pytorch, code cell 4: stream: recorded\n'
            'torch.Size([3])\n\nnow\ntorch.Size([2])') in result.stdout


def test_a_figure_of_another_size_is_a_difference():
    def notebook(width):
        return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(
            'd2l.plot(x)', outputs=[nbformat.v4.new_output(
                'display_data', {'image/svg+xml':
                                 f'<svg width="{width}pt" height="170pt">',
                                 'text/plain': '<Figure>'})])])

    assert not list(differences(notebook(240), notebook(246)))
    assert [number for number, _ in differences(
        notebook(240), notebook(300))] == [1]
    without = notebook(240)
    without.cells[0].outputs = []
    assert list(differences(notebook(240), without))


def test_what_depends_on_training_is_told():
    cells = [nbformat.v4.new_code_cell(source) for source in (
        '%matplotlib inline\nmodel = f()', 'model.shape',
        'trainer = d2l.Trainer(3)\ntrainer.fit(model, data)', 'd2l.zeros(3)',
        'model.weight', 'w = model.weight', 'w', 'w = 3', 'w')]
    assert list(depend_on_training(cells)) == [
        False, False, True, False, True, True, True, False, False]


def test_what_a_function_or_a_program_trains_depends_on_it():
    cells = [nbformat.v4.new_code_cell(source) for source in (
        'def train(net):\n    trainer.fit(net, data)', 'train(Net())',
        'def seeded():\n    return train(Net())', 'seeded()',
        "script = 'from d2l import torch as d2l\\nd2l.Trainer(1).fit(m, d)'",
        'run(script)', 'def train(net):\n    pass', 'train(Net())',
        "print('It will fit.')")]
    assert list(depend_on_training(cells)) == [
        True, True, True, True, True, True, False, False, False]


def test_sections_of_one_name_have_their_own_recordings(small_book):
    config = small_book / 'config.ini'
    config.write_text(config.read_text().replace(
        'chapter_resnet/*.md', 'chapter_resnet/*.md other/*.md'))
    text = (small_book / 'chapter_resnet/x.md').read_text()
    (small_book / 'other').mkdir()
    (small_book / 'other/x.md').write_text(
        text.replace('sec_x', 'sec_y').replace('x + 1', 'x + 2'))
    index = small_book / 'index.md'
    index.write_text(index.read_text().replace('/x\n', '/x\nother/x\n'))
    for number in 2, 0:
        result = book(small_book, 'record', '--tab', 'pytorch')
        assert f'{number} notebooks recorded' in result.stdout
    other = small_book / 'outputs/pytorch/other/x.ipynb'
    assert printed(nbformat.read(other, as_version=4)) == '3\n'
    assert printed(nbformat.read(small_book / RECORDING, 4)) == '2\n'
    # What belongs to no section any more goes.
    (small_book / 'other/x.md').unlink()
    index.write_text(index.read_text().replace('other/x\n', ''))
    assert book(small_book, 'record', '--tab', 'pytorch').returncode == 0
    assert not other.exists() and (small_book / RECORDING).exists()
