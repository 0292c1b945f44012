"""The book without a host: opened as a file, or served to this machine."""

import re
import signal
import socket
import subprocess
import sys
from urllib.error import HTTPError
from urllib.request import urlopen

import nbformat
import pytest
from playwright.sync_api import expect

from conftest import book


@pytest.fixture
def folder(page, site):
    """The folder of the pages, as the address of a file."""
    page.goto((site / 'index.html').as_uri())
    return site.as_uri()


def test_search(page, folder):
    page.keyboard.press('Control+k')
    page.keyboard.type('배치정규화')
    page.get_by_role('option').filter(has_text='1.1.3 배치 정규화').click()
    page.wait_for_url(f'{folder}/chapter_resnet/background.html?q=*')
    expect(page.locator('#sec-batch-norm > h2')).to_be_in_viewport()
    assert page.evaluate('[...CSS.highlights.get("search")].length')


def test_tabs_and_comparison_are_kept(page, folder):
    page.goto(f'{folder}/chapter_resnet/resnet.html')
    page.locator('[role=tab][data-tab=jax]').first.click()
    page.locator('select.compare').first.select_option('mxnet')
    page.goto(f'{folder}/chapter_resnet/interchange.html')
    assert set(page.locator('[role=tabpanel]:visible').evaluate_all(
        'panels => panels.map(panel => panel.dataset.tab)')) == {
            'jax', 'mxnet'}
    assert page.evaluate('CSS.highlights.get("differing").size')


def test_code_is_copied(page, folder):
    page.context.grant_permissions(['clipboard-read', 'clipboard-write'])
    page.goto(f'{folder}/chapter_resnet/resnet.html')
    cell = page.locator('[role=tabpanel]:visible .highlight',
                        has_text='blk = Residual(3)')
    cell.hover()
    cell.locator('button.copy').click()
    cell.get_by_text('복사했습니다').wait_for()
    assert page.evaluate('navigator.clipboard.readText()').startswith(
        'blk = Residual(3)\n')


@pytest.mark.parametrize('reference, shown', [
    ('background.html#fig-inception', 'Inception 블록'),
    ('#subsec-residual-blks', '잔차 블록')])
def test_previews(page, folder, reference, shown):
    page.goto(f'{folder}/chapter_resnet/resnet.html')
    page.locator(f'article a.internal[href="{reference}"]'
                 ':not(.headerlink)').first.hover()
    preview = page.locator('#preview')
    expect(preview).to_contain_text(shown)
    for image in preview.locator('img').element_handles():
        assert image.evaluate('image => image.decode()') is None


def test_the_figure_and_the_table_to_touch(page, folder):
    page.goto(f'{folder}/chapter_resnet/resnet.html')
    said = page.locator('figure output')
    before = said.inner_text()
    page.get_by_label('함수 클래스의 크기').press('ArrowRight')
    expect(said).not_to_have_text(before)
    page.goto(f'{folder}/chapter_resnet/variants.html')
    page.get_by_label('모델').select_option('ResNeXt-50')
    expect(page.locator('table.layer-costs')).to_contain_text('ResNeXt-50')


def test_a_notebook_is_downloaded(page, folder):
    page.goto(f'{folder}/chapter_resnet/resnet.html?tab=jax')
    with page.expect_download() as download:
        page.locator('.about-page a[download]:visible').click()
    assert download.value.suggested_filename == 'resnet.ipynb'
    notebook = nbformat.read(download.value.path(), 4)
    assert any('from d2l import jax' in cell.source
               for cell in notebook.cells)


def test_make_serve_shows_the_pages_to_this_machine_alone(site):
    server = subprocess.Popen(
        [sys.executable, '-m', 'book', 'serve', '--port=0'],
        cwd=site.parents[1], stdout=subprocess.PIPE, text=True,
        # A shell's background job ignores Ctrl-C, and so would this.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    try:
        address = re.search(r'http://127\.0\.0\.1:(\d+)/',
                            server.stdout.readline())
        with urlopen(address[0]) as answer:
            assert answer.read() == (site / 'index.html').read_bytes()
        with pytest.raises(HTTPError, match='404'):
            urlopen(f'{address[0]}_static/')
        with pytest.raises(ConnectionRefusedError):   # of no other interface
            socket.create_connection(('127.0.0.2', int(address[1])))
        taken = book(site.parents[1], 'serve', f'--port={address[1]}')
        assert taken.returncode and 'PORT=' in taken.stdout
        server.send_signal(signal.SIGINT)
        assert server.wait(10) == 0
    finally:
        server.kill()
        server.stdout.close()


def test_make_serve_without_pages_says_what_to_do(small_book):
    result = book(small_book, 'serve')
    assert result.returncode and 'make book' in result.stdout
    assert 'Traceback' not in result.stdout
