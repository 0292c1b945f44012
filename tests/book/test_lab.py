"""The sources in Jupyter."""

import os
import shutil
import subprocess
from pathlib import Path

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jupyter_core.utils import run_sync
from nbformat import v4

from book.content import sections
from book.formats import lab
from book.frameworks import FRAMEWORKS, TABS

SOURCES = sorted([Path('index.md'), *Path('chapter_resnet').glob('*.md')])
SECTION = Path('chapter_resnet/resnet.md')


@pytest.mark.parametrize('path', SOURCES, ids=str)
def test_saving_changes_nothing_that_was_not_edited(path):
    text = path.read_text()
    assert lab.to_markdown(lab.to_notebook(text)) == text


@pytest.mark.parametrize('tab', TABS)
def test_the_first_cell_chooses_what_runs(tab, tmp_path):
    """The section's own first cells, then what the reader chooses.

    IPython runs them without a kernel: nobody is there to move a widget.
    """
    cells = sections.code_cells(lab.to_notebook(SECTION.read_text()))
    [imports] = [cell for cell in cells[1:5]
                 if cell.source.startswith(f'%%tab {tab}\n')]
    nb = v4.new_notebook(cells=[
        cells[0], v4.new_code_cell(f"tab.select_tab('{tab}')"), imports,
        v4.new_code_cell(f"%%tab {tab}\nprint(d2l.__name__)"),
        v4.new_code_cell("%%tab another\nprint('ran')")])
    path = tmp_path / 'x.ipynb'
    nbformat.write(nb, path)
    printed = subprocess.run(
        [FRAMEWORKS[tab].python, '-m', 'IPython', path], check=True,
        env=os.environ | {'PYTHONPATH': lab.modules()}, timeout=300,
        capture_output=True, text=True).stdout.splitlines()
    assert f'd2l.{FRAMEWORKS[tab].module}' in printed and 'ran' not in printed


def test_jupyter_reads_and_saves_a_section_as_a_notebook(tmp_path):
    """What its server does when a browser asks for one, edits and saves it."""
    shutil.copy(SECTION, tmp_path)
    files = lab.MarkdownManager(root_dir=str(tmp_path))

    async def edit():
        model = await files.get('resnet.md', type='notebook')
        cells = model['content']['cells']
        assert cells[0].source.startswith('%load_ext d2lbook.tab')
        cells[1].source = cells[1].source.replace('# 잔차', '# 새 잔차')
        cells[0].outputs = [v4.new_output('stream', text='not kept')]
        await files.save({key: model[key] for key in (
            'type', 'format', 'content')}, 'resnet.md')
        return await files.get('resnet.md', type='file')

    text = run_sync(edit)()['content']
    assert text == SECTION.read_text().replace('# 잔차', '# 새 잔차', 1)


CELL = '```{.python .input}\n%%tab jax\nx = 1\n```'


@pytest.mark.parametrize('text', [
    '', '\n', '글', '# 절\n\n\n\n글.\n\n\n',
    f'\n\n{CELL}\n글.\n{CELL}\n{CELL}',
    CELL, f'{CELL}\n\n\n{CELL}\n\n', f'글.\n \n{CELL}\n \n{CELL}\n',
    f'````markdown\n{CELL}\n````\n', f'````{CELL}````\n',
    '````{.python .input}\nx = """\n```\n"""\n````\n',
    '```{.python .input n=3}\nx = 1\n```\n',
    '```{.python .input}\n```\n', '```{.python .input}\n\n```\n',
    '```{.python .input}\n\n\nx\n\n```\n', '```{.python .input}\nx\n',
    '``` {.python .input}\nx\n```\n', f'{CELL}````\n글.\n',
    f'- 글\n\n  {CELL}\n'])
def test_any_text_is_saved_as_it_was(text):
    for written in text, text.replace('\n', '\r\n'), f'\ufeff{text}':
        assert lab.to_markdown(lab.to_notebook(written)) == written


def test_cells_are_those_that_run():
    shown = f'````markdown\n{CELL}\n````\n\n{CELL}\n'
    for text in shown, shown.replace('\n', '\r\n'):
        assert [cell.cell_type for cell in lab.to_notebook(text).cells] == [
            'markdown', 'code']


def test_a_new_cell_may_hold_a_fence():
    nb = v4.new_notebook(cells=[v4.new_code_cell('x = """\n```\n"""')])
    assert lab.to_notebook(lab.to_markdown(nb)).cells[0].source == (
        nb.cells[0].source)


@given(st.lists(st.sampled_from([
    '\n', '\n\n', '글', ' ', '```', '````', '```{.python .input}\n', CELL,
    '```bash\n', '- ', '$$', ':begin_tab:`jax`\n', ':label:`x`\n', '    '])
    ).map(''.join))
def test_whatever_is_written_is_saved_as_it_was(text):
    assert lab.to_markdown(lab.to_notebook(text)) == text
