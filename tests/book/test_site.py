"""The site of all formats, under a path of some host."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from book.frameworks import FRAMEWORKS, TABS
from conftest import serve


@pytest.fixture(scope='module')
def host(build_folder, tmp_path_factory):
    """A host that has the site under a path, and its page for what is not."""
    root = tmp_path_factory.mktemp('host')
    shutil.copytree(build_folder / 'site', root / 'some/path')

    with serve(root, not_found=root / 'some/path/404.html') as address:
        yield f'{address}/some/path'


def test_every_link_leads_somewhere(host):
    program = Path(sys.executable).with_name('linkchecker')
    result = subprocess.run([program, '--no-status', '--no-warnings',
                             '--timeout=10', f'{host}/index.html'],
                            capture_output=True, text=True)
    assert result.returncode == 0, result.stdout
    assert int(re.search(r"(\d+) links in", result.stdout)[1]) > 150


def test_offers_every_format(page, host, tmp_path):
    """From any page; the files are what the page says of them."""
    page.goto(f'{host}/chapter_resnet/resnet.html')
    page.get_by_role('link', name='PDF, EPUB 등 내려받기').click()
    assert page.locator('h1').inner_text() == '내려받기'
    grid = page.locator('table').first
    heads = grid.locator('thead th').all_inner_texts()
    assert heads[1:] == [FRAMEWORKS[tab].name for tab in TABS]
    rows = {row.locator('th').inner_text(): row.locator('td').all()
            for row in grid.locator('tbody tr').all()}
    for kind in 'PDF', 'EPUB':
        assert [cell.locator('a').inner_text() for cell in rows[kind]] == [
            f'd2l-resnet-ko-{tab}.{kind.lower()}' for tab in TABS]
    assert [*rows] == ['PDF', 'EPUB', '노트북', '패키지']
    for cell in sum(rows.values(), []):
        size = cell.locator('.size').inner_text()
        file = cell.locator('a').get_attribute('href')
        content = page.request.get(f'{host}/{file}').body()
        (tmp_path / Path(file).name).write_bytes(content)
        number, unit = size.split()
        assert abs(float(number) * {'kB': 1e3, 'MB': 1e6}[unit]
                   / len(content) - 1) < 0.06
    sums = page.get_by_role('link', name='SHA256SUMS').get_attribute('href')
    (tmp_path / 'SHA256SUMS').write_bytes(
        page.request.get(f'{host}/{sums}').body())
    subprocess.run(['sha256sum', '--check', '--quiet', 'SHA256SUMS'],
                   cwd=tmp_path, check=True)
    for tab in TABS:
        deck = f'slides/chapter_resnet/resnet-{tab}.html'
        assert page.locator(f'a[href="{deck}"]').count() == 1


@pytest.mark.parametrize('width', [1280, 360])
def test_the_front_page_leads_to_every_format(page, host, width):
    page.set_viewport_size({'width': width, 'height': 800})
    page.goto(f'{host}/index.html')
    takes = page.get_by_role('navigation', name='책의 다른 형식')
    for kind in 'pdf', 'epub', 'zip', 'whl':
        with page.expect_download() as download:
            takes.locator(f'a[href$=".{kind}"]').first.click()
        assert download.value.path().stat().st_size > 10_000
    takes.locator('a', has_text='절마다').click()
    expect(page.get_by_role('heading', name='슬라이드')).to_be_in_viewport()


@pytest.mark.parametrize('width', [1280, 360])
@pytest.mark.parametrize('scheme', ['light', 'dark'])
@pytest.mark.parametrize('path', ['downloads.html', 'nothing/here.html'])
def test_its_own_pages_are_accessible(page, host, path, scheme, width):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({'width': width, 'height': 800})
    page.goto(f'{host}/{path}')
    violations = Axe().run(page).response['violations']
    assert [rule['id'] for rule in violations] == []
    assert page.evaluate('document.documentElement.scrollWidth') <= width


@pytest.mark.parametrize('path', ['nothing.html', 'deep/down/nothing/'])
def test_what_is_not_there_leads_to_the_book(page, host, path):
    messages = []
    page.on('console', lambda message: messages.append(message.text))
    page.goto(f'{host}/{path}')
    expect(page.get_by_role('link')).to_have_attribute('href', f'{host}/')
    assert not any('Content Security' in message for message in messages)
    page.get_by_role('link').click()
    page.wait_for_url(f'{host}/')
    assert page.locator('h1').first.inner_text().startswith('잔차 네트워크')


def test_make_book_offers_no_downloads_that_it_lacks(site):
    assert not (site / 'downloads.html').exists()
    assert 'to-downloads' not in (site / 'index.html').read_text()
