"""The sources in Jupyter."""

import shutil
from pathlib import Path

import pytest
from jupyter_core.utils import run_sync
from nbclient import NotebookClient
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
def test_the_first_cell_chooses_what_runs(tab, tmp_path, monkeypatch):
    """The section's own first cells, then what the reader chooses."""
    cells = sections.code_cells(lab.to_notebook(SECTION.read_text()))
    [imports] = [cell for cell in cells[1:5]
                 if cell.source.startswith(f'%%tab {tab}\n')]
    nb = v4.new_notebook(cells=[
        cells[0], v4.new_code_cell(f"tab.select_tab('{tab}')"), imports,
        v4.new_code_cell(f"%%tab {tab}\nprint(d2l.__name__)"),
        v4.new_code_cell("%%tab another\nprint('ran')")])
    monkeypatch.setenv('PYTHONPATH', lab.modules())
    NotebookClient(nb, kernel_name=FRAMEWORKS[tab].kernel,
                   resources={'metadata': {'path': tmp_path}}).execute()
    *_, own, other = (
        ''.join(out.text for out in cell.outputs
                if out.get('name') == 'stdout')
        for cell in nb.cells)
    assert own == f'd2l.{FRAMEWORKS[tab].module}\n' and not other


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
