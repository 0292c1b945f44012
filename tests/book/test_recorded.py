"""Figures in the text are those of the training above, in each tab its own."""

import re

import nbformat
import pytest
from bs4 import BeautifulSoup

from book import Wrong
from book.content import recorded
from conftest import book, build, html_of

PRINTED = {'pytorch': '''
epoch 1/3: train_loss 0.9, val_loss 0.301, 9.0 images/sec, 1.0 s
epoch 2/3: train_loss 0.5, val_loss 0.299, 9.0 images/sec, 1.0 s
epoch 3/3: train_loss 0.1, val_loss 0.4, 9.0 images/sec, 1.0 s
''', 'jax': '''
epoch 1/1: train_loss 0.7, val_loss 0.6, 9.0 images/sec, 1.0 s
'''}
TEXT = (':recorded:`first train_loss` :recorded:`last train_loss` '
        ':recorded:`min val_loss` :recorded:`argmin val_loss` '
        ':recorded:`max val_loss` :recorded:`argmax val_loss` '
        ':recorded:`last epoch`')
FIGURES = {'pytorch': '0.9 0.1 0.299 2 0.4 3 3',
           'jax': '0.7 0.7 0.6 1 0.6 1 1'}


def notebook(printed, text=TEXT):
    cells = [nbformat.v4.new_code_cell('fit()', outputs=[
        nbformat.v4.new_output('stream', text=printed)])]
    return nbformat.v4.new_notebook(
        cells=[*cells, nbformat.v4.new_markdown_cell(text)])


@pytest.mark.parametrize('tab', FIGURES)
def test_figures_are_those_that_were_printed(tab):
    nb = notebook(PRINTED[tab], f'앞 `:recorded:`\n**{TEXT}**\n')
    recorded.fill(nb, 'x', tab)
    assert nb.cells[1].source == f'앞 `:recorded:`\n**{FIGURES[tab]}**\n'
    assert nb.cells[1].metadata.tab == [tab]


@pytest.mark.parametrize('printed, text, said', [
    ('1\n', TEXT, 'x, tab jax: :recorded:`first train_loss` has no figure: '
                  'no cell above it trained.'),
    (PRINTED['jax'], ':recorded:`last val_acc`',
     'the training printed epoch, train_loss, val_loss')])
def test_what_was_not_printed_is_told(printed, text, said):
    with pytest.raises(Wrong, match=re.escape(said)):
        recorded.fill(notebook(printed, text), 'x', 'jax')


def test_each_tab_has_its_own(small_book):
    """On the page and in the notebooks, of a section without a recording."""
    cells = ''.join(
        f'```{{.python .input}}\n%%tab {tab}\nprint("""{printed}""")\n```\n\n'
        for tab, printed in PRINTED.items())
    (small_book / 'chapter_resnet/x.md').write_text(
        "# 절\n\n```{.python .input}\n%load_ext d2lbook.tab\n"
        "tab.interact_select(['pytorch', 'jax'])\n```\n\n" + cells
        + f':begin_tab:`pytorch, jax`\n그림 {TEXT}\n:end_tab:\n')
    result = build(small_book)
    assert result.returncode == 0, result.stdout
    page = BeautifulSoup(html_of(small_book), 'html.parser')
    shown = {text.find_parent(role='tabpanel')['data-tab']: text.text
             for text in page.find_all('p', string=re.compile('^그림'))}
    assert shown == {tab: f'그림 {figures}'
                     for tab, figures in FIGURES.items()}
    assert book(small_book, 'notebooks').returncode == 0
    for tab, figures in FIGURES.items():
        [path] = small_book.glob(f'_build/notebooks/{tab}/**/x.ipynb')
        assert f'그림 {figures}' in path.read_text()
