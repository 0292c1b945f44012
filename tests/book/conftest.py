"""Books to build, pages to open, a browser to open them in."""

import functools
import http.server
import json
import os
import shutil
import subprocess
import sys
import threading
import zipfile
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from book.content.provenance import Provenance

SOURCES = ['api', 'book', 'chapter_resnet', 'd2l', 'img', 'outputs',
           'requirements', 'config.ini', 'index.md', 'references.bib',
           'pyproject.toml', 'README.md', 'LICENSE']
SECTION = '''# 절
:label:`sec_x`

```{{.python .input}}
%%tab pytorch
x = 1
```

```{{.python .input}}
%%tab pytorch
{code}
```
'''


def copy_sources(folder):
    """Copy what the book is built from."""
    folder.mkdir(parents=True, exist_ok=True)
    for source in SOURCES:
        if Path(source).is_dir():
            shutil.copytree(source, folder / source)
        else:
            shutil.copy(source, folder)
    return folder


def write_section(folder, code, text=''):
    (folder / 'chapter_resnet/x.md').write_text(
        SECTION.format(code=code) + text)


def html_of(folder):
    return (folder / '_build/html/chapter_resnet/x.html').read_text()


def build(folder):
    """Build the book in `folder` as `make book` does."""
    return book(folder, 'html')


def book(folder, *arguments, **variables):
    """Call the book's command line in `folder`."""
    return subprocess.run(
        [sys.executable, '-m', 'book', *arguments], cwd=folder,
        env=os.environ | {'D2L_FAST_DEV_RUN': '4'} | variables, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


@pytest.fixture
def small_book(tmp_path):
    """A book of one section."""
    return write_small_book(tmp_path / 'book')


def write_small_book(folder):
    copy_sources(folder)
    for section in (folder / 'chapter_resnet').glob('*.md'):
        section.unlink()
    for other in 'api', 'outputs', 'book/fonts':     # cutting fonts takes long
        shutil.rmtree(folder / other)
    (folder / 'index.md').write_text(
        '# 책\n\n```toc\n:numbered:\n\nchapter_resnet/x\n```\n')
    write_section(folder, 'print(x + 1)')
    return folder


@pytest.fixture(scope='session')
def book_built_once(tmp_path_factory):
    folder = write_small_book(tmp_path_factory.mktemp('built') / 'book')
    result = build(folder)
    assert result.returncode == 0, result.stdout
    assert html_of(folder).count('>2\n<') == 1
    return folder


@pytest.fixture
def built_book(book_built_once, tmp_path):
    """A book of one section, whose pages were built once."""
    return shutil.copytree(book_built_once, tmp_path / 'book')


@pytest.fixture(scope='session')
def site(tmp_path_factory):
    """The folder of the built pages.

    Notebooks that `make book` has executed are not executed again.
    """
    folder = copy_sources(tmp_path_factory.mktemp('book'))
    if Path('_build/executed').exists():
        shutil.copytree('_build/executed', folder / '_build/executed')
    result = build(folder)
    assert result.returncode == 0, result.stdout
    return folder / '_build/html'


def outputs_of(site, tab):
    """Return a tab's images by kind, and the lines on its trainings."""
    images, lines = Counter(), []
    folder = site.parent / ('eval' if tab == 'pytorch' else f'eval_{tab}')
    for path in folder.rglob('*.ipynb'):
        for cell in json.loads(path.read_text())['cells']:
            images.update(kind for out in cell.get('outputs', [])
                          for kind in out.get('data', {})
                          if kind.startswith('image/'))
            source = ''.join(cell['source'])
            images['image/svg+xml'] += source.count('](../img/')
            if record := cell['metadata'].get('provenance'):
                lines.append(Provenance(**record).line)
    return images, lines


@pytest.fixture(scope='session')
def build_folder(site):
    """The `_build` in which every format is."""
    result = book(site.parents[1], 'site')
    assert result.returncode == 0, result.stdout
    return site.parent


@pytest.fixture(scope='session')
def unpacked(build_folder, tmp_path_factory):
    """The zip file of the notebooks as a reader unpacks it."""
    folder = tmp_path_factory.mktemp('unpacked')
    with zipfile.ZipFile(
            build_folder / 'd2l-resnet-ko-notebooks.zip') as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture(scope='session')
def wheel(tmp_path_factory):
    """The wheel of the package."""
    folder = tmp_path_factory.mktemp('wheel')
    subprocess.run([sys.executable, '-m', 'build', '--wheel',
                    '--no-isolation', '--outdir', folder],
                   check=True, capture_output=True)
    [wheel] = folder.glob('*.whl')
    return wheel


@contextmanager
def serve(folder, not_found=None):
    """Serve a folder, and a page for what is not in it, to this machine."""
    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

        def send_error(self, code, *args):
            if not_found is None:
                return super().send_error(code, *args)
            self.send_response(code)
            self.send_header('Content-Type', 'text/html')
            self.end_headers()
            if self.command != 'HEAD':
                self.wfile.write(not_found.read_bytes())

    server = http.server.ThreadingHTTPServer(
        ('127.0.0.1', 0), functools.partial(Handler, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f'http://127.0.0.1:{server.server_port}'
    server.shutdown()
    server.server_close()


@pytest.fixture(scope='session')
def address(site):
    """Where the pages are served."""
    with serve(site) as address:
        yield address


@pytest.fixture(scope='session')
def chromium():
    program = next(filter(None, map(shutil.which, (
        'chromium', 'chromium-browser', 'google-chrome'))), None)
    assert program, 'Install Chromium: apt install chromium'
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program,
            args=['--no-sandbox', '--disable-background-networking',
                  '--disable-component-update', '--disable-sync'])
        yield browser
        browser.close()


@pytest.fixture
def page(chromium):
    """An empty page that fails the test where a script fails."""
    context = chromium.new_context(viewport={'width': 1280, 'height': 900})
    page = context.new_page()
    errors = []
    page.on('pageerror', lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert not errors
