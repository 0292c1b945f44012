"""The site of all formats, under a path of some host."""

import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from book.frameworks import TABS
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
    rows = page.locator('tbody tr').all()
    names = [row.locator('a').inner_text() for row in rows]
    for tab in TABS:
        assert f'd2l-resnet-ko-{tab}.pdf' in names
        assert f'd2l-resnet-ko-{tab}.epub' in names
    assert 'd2l-resnet-ko-notebooks.zip' in names
    assert any(name.endswith('.whl') for name in names)
    for row in rows:
        _, size, digest = row.locator('td').all_inner_texts()
        file = row.locator('a').get_attribute('href')
        content = page.request.get(f'{host}/{file}').body()
        (tmp_path / Path(file).name).write_bytes(content)
        assert hashlib.sha256(content).hexdigest() == digest
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
