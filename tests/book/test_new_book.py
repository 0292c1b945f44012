"""A book of one's own: made by a command, told apart by config.ini alone."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import tomllib

from book.words import TABLE, words

HANGUL = re.compile('[\uac00-\ud7a3]')
LAYER = Path.cwd()
TITLE, AUTHOR = '50% & <more> of_it', 'A. #1 & B'
TABS = {'pytorch': 'PyTorch', 'jax': 'JAX'}
ALSO = r'''
Far away is :numref:`sec_far-away`, and so is :eqref:`eq_far`.

![As :citet:`Legendre.1805` drew it.](../img/points.svg)
:label:`fig_points`

$$a = & b \\ &+ c$$

```{.python .input}
%%tab pytorch
1 / 0
```

```{.python .input}
%%tab mxnet, paddle
of another book
```
'''


def call(folder, *arguments):
    """Call the layer in a folder that has none of it."""
    return subprocess.run(
        [sys.executable, '-m', 'book', *arguments], cwd=folder, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env=os.environ | {'PYTHONPATH': str(LAYER), 'D2L_FAST_DEV_RUN': '4'})


def text_of(page):
    """Return what a page says, without its tags."""
    return re.sub('<[^>]*>', '', page)


@pytest.fixture(scope='module')
def made(tmp_path_factory):
    """A new book in English, every format of which is built."""
    folder = tmp_path_factory.mktemp('books')
    result = call(folder, 'new', 'my-book', '--title', TITLE,
                  '--author', AUTHOR)
    assert result.returncode == 0, result.stdout
    command = result.stdout.strip().partition(': ')[2]
    assert command == 'cd my-book && make html'
    before = {path: path.read_bytes() for path in folder.rglob('*.py')}
    result = subprocess.run(command.replace('html', 'check lib site'),
                            shell=True, cwd=folder, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert result.returncode == 0, result.stdout
    assert '4 sections, no mistakes.' in result.stdout
    assert {path: path.read_bytes() for path in folder.rglob('*.py')
            if '_build' not in path.parts} == before
    return folder / 'my-book'


@pytest.fixture(scope='module')
def korean(tmp_path_factory):
    """A new book in Korean, with one tab, whose pages are built."""
    folder = tmp_path_factory.mktemp('books') / '내 책'
    folder.mkdir()      # it is empty
    assert call('.', 'new', str(folder), '--language', 'ko',
                '--tabs', 'pytorch').returncode == 0
    change(folder, 'eval_notebook = True', 'eval_notebook = False')
    result = call(folder, 'html')
    assert result.returncode == 0, result.stdout
    return folder


def change(folder, old, new):
    """Change what config.ini says."""
    path = folder / 'config.ini'
    text = path.read_text(encoding='utf-8')
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding='utf-8')


def test_every_word_is_there_in_every_language():
    groups = tomllib.loads(TABLE.read_text('utf-8'))
    languages = {'ko', 'en'}.union(*(said for names in groups.values()
                                     for said in names.values()))
    for group, names in groups.items():
        for name, said in names.items():
            assert {*said} == languages and all(said.values()), name
            assert not HANGUL.search(said['en']), name
            assert (HANGUL.search(said['ko'])
                    or said['ko'] == name in words(group)), name
            held = [{*re.findall(r'\{\w+\}|%s', text)} for text in
                    said.values()]
            assert all(other == held[0] for other in held), name


def test_words_stand_in_the_table_alone():
    for path in Path('book').rglob('*.py'):
        tree = ast.parse(path.read_text('utf-8'))
        docs = {ast.get_docstring(node, clean=False)
                for node in ast.walk(tree) if isinstance(
                    node, ast.Module | ast.ClassDef | ast.FunctionDef)}
        said = [node.value for node in ast.walk(tree)
                if isinstance(node, ast.Constant)
                and isinstance(node.value, str) and node.value not in docs]
        assert not HANGUL.search(' '.join(said)), path
    for path in [*Path('book').rglob('*.html'), *Path('book').rglob('*.js'),
                 *Path('book').rglob('*.tex')]:
        code = re.sub(r'^\s*//.*|\[가-힣\]', '', path.read_text('utf-8'),
                      flags=re.MULTILINE)
        assert not HANGUL.search(code), path


def test_a_folder_that_is_not_empty_stays(tmp_path):
    (tmp_path / 'mine').mkdir()
    (tmp_path / 'mine/file').write_text('mine')
    for arguments, said in [(['mine'], 'mine is there and is not empty'),
                            (['x', '--tabs', 'torch'], 'no tab torch')]:
        result = call(tmp_path, 'new', *arguments)
        assert result.returncode == 1 and said in result.stdout
        assert len(result.stdout.splitlines()) == 1
    assert [path.name for path in tmp_path.rglob('*')] == ['mine', 'file']


def test_the_page_shows_what_the_section_holds(made):
    page = (made / '_build/site/chapter_first/error.html').read_text()
    assert page.count('role="tabpanel"') == 2       # the rest is the same
    assert all(f'>{name}</button>' in page for name in TABS.values())
    assert text_of(page).count('1.5') == 1
    assert '<munderover>' in page and 'error.svg' in page
    assert 'Figure 1.1' in page and '>(1.1)</a>' in page
    assert '(Legendre, 1805)' in text_of(page)
    assert 'Squared Error - 50% &amp; &lt;more&gt; of_it' in text_of(page)
    assert 'colab.research' not in page         # no repository is named
    assert '<html class="no-js" lang="en"' in page


def test_every_format_is_named_and_titled_by_the_configuration(made):
    downloads = made / '_build/site/downloads'
    assert {path.name for path in downloads.iterdir()} == {
        'SHA256SUMS', 'my-book-notebooks.zip', *(
            f'my-book-{tab}.{kind}' for tab in TABS
            for kind in ('pdf', 'epub'))}
    text = subprocess.run(
        ['pdftotext', downloads / 'my-book-jax.pdf', '-'],
        capture_output=True, text=True, check=True).stdout
    assert f'{TITLE}: JAX' in text and AUTHOR in text and '1.5' in text
    with zipfile.ZipFile(downloads / 'my-book-pytorch.epub') as archive:
        package = archive.read('content.opf').decode()
        assert '50% &amp; &lt;more&gt; of_it: PyTorch</dc:title>' in package
        assert 'front.png' in package
        assert '<dc:language>en</dc:language>' in package
    index = text_of((made / '_build/site/index.html').read_text())
    assert '50% &amp; &lt;more&gt; of_it' in index
    for tab in TABS:
        slides = made / f'_build/slides/chapter_first/error-{tab}.html'
        assert 'The errors are squared' in slides.read_text()


def test_an_english_book_shows_no_hangul(made):
    site = made / '_build/site'
    pages = [*site.rglob('*.html'), *site.rglob('*.ipynb'),
             site / '_static/words.js', *site.glob('_static/data/**/*.js')]
    assert len(pages) > 10
    for path in pages:
        shown = path.read_text(encoding='utf-8')
        if path.parent.name == 'chapter_first' and 'slides' in path.parts:
            shown = re.sub('<(script|style)>.*?</\\1>', '', shown,
                           flags=re.DOTALL)
        assert not HANGUL.search(shown), path
    for book in (site / 'downloads').glob('*.epub'):
        with zipfile.ZipFile(book) as archive:
            for name in archive.namelist():
                if name.endswith(('.xhtml', '.opf', '.ncx')):
                    assert not HANGUL.search(archive.read(name).decode()), name


def test_a_korean_book_says_all_in_korean(korean):
    english = {said for group in ('pages', 'scripts', 'theme')
               for said in words(group, 'en').values()}
    english -= {said for group in ('pages', 'scripts', 'theme')
                for said in words(group, 'ko').values()}
    for page in (korean / '_build/html').rglob('*.html'):
        text = page.read_text(encoding='utf-8')
        assert 'lang="ko"' in text and '찾기' in text
        shown = {part.strip() for part in re.findall(
            r'(?<=>)[^<>]+(?=<)|(?<=aria-label=")[^"]+|(?<=title=")[^"]+',
            text)}
        assert not shown & english, page
    notebook = korean / '_build/notebooks/pytorch/chapter_first/error.ipynb'
    assert '그림 1.1' in notebook.read_text(encoding='utf-8')


def test_the_library_has_what_is_saved_and_what_bears_it(made):
    subprocess.run(
        [sys.executable, '-W', 'ignore', '-c',
         'from my_book import torch as d2l; '
         'assert d2l.squared_error(3, 1) == 4 and d2l.Trainer'],
        cwd=made, check=True, env=os.environ | {'PYTHONPATH': str(LAYER)})


def test_a_chapter_of_another_book_is_taken_as_it_is(made, tmp_path):
    """Its labels, tabs, figures and formulas; its code is not executed."""
    folder = shutil.copytree(made, tmp_path / 'book')
    path = folder / 'chapter_first/error.md'
    path.write_text(path.read_text() + ALSO)
    change(folder, 'tabs = pytorch, jax',
           'tabs = pytorch, jax\nother_tabs = paddle')
    svg = (folder / 'img/error.svg').read_text()
    (folder / 'img/points.svg').write_text(svg.replace(
        'width="320" height="190"', 'width="240pt" height="142.5pt"'))
    line = path.read_text().split('\n').index(ALSO.split('\n')[1]) + 1
    result = call(folder, 'check')
    assert result.returncode == 1
    assert f'error.md:{line}: no label is named sec_far-away' in result.stdout
    assert 'paddle' not in result.stdout

    change(folder, 'allow_undefined = False', 'allow_undefined = True')
    change(folder, 'eval_notebook = True', 'eval_notebook = False')
    result = call(folder, 'html')
    assert result.returncode == 0, result.stdout
    assert (f'Warning: chapter_first/error.md:{line}: no label is named '
            'sec_far-away') in result.stdout
    says = 'Far away is Section “far away”, and so is Equation (“far”).'
    page = (folder / '_build/html/chapter_first/error.html').read_text()
    assert says in text_of(page) and '1 / 0' in text_of(page)
    assert 'of another book' not in page and 'Traceback' not in page
    cells = json.loads((folder / '_build/colab/pytorch/chapter_first/'
                        'error.ipynb').read_text())['cells']
    assert any(says in ''.join(cell['source']) for cell in cells)


def test_the_colours_come_from_the_configuration(made, tmp_path):
    css = (made / '_build/site/_static/colours.css').read_text()
    assert css.count('#1d4ed8') == 2 and css.count('#8ab4ff') == 4
    folder = tmp_path / 'book'
    folder.mkdir()
    shutil.copy(made / 'config.ini', folder)
    change(folder, 'accent = #1d4ed8', 'accent = blue')
    result = call(folder, 'check')
    assert result.returncode == 1
    assert result.stdout == ('config.ini: [project] blue is no colour. Write '
                             'one as #1d4ed8.\n')


@pytest.mark.parametrize(('old', 'new', 'said'), [
    ('tabs = pytorch, jax', 'tabs = pytroch', 'there is no tab pytroch'),
    ('name = my-book', '', '[project] says no name. Add a line'),
    ('name = my-book', 'name = my/book', 'Write it without /'),
    ('name = my-book', 'name = %(nothing)s', 'interpolation key'),
    ('[build]', 'nothing', 'parsing errors'),
    ('[build]', '[build]\n[build]', 'already exists'),
    ('[build]', '[build]\ntimeout = ten', 'timeout = ten is no whole number'),
    ('undefined = False', 'undefined = maybe', 'neither True nor False'),
    ('[build]', '[build]\nindex = none', 'there is no file none'),
    ('[build]', '[build]\nrsts = api/*', 'api/* does not end with .rst'),
    ('[colab]', '[colab]\nx = 5%', "'%' must be followed by"),
    ('lib_file = my_book/torch.py', 'lib_file =', 'lib_file names no file'),
    ('notebooks = ', 'notebooks = *.txt ', '*.txt does not end with .md'),
    ('bibfile = ', 'bibfile = none', 'there is no file none'),
    ('cover = ', 'cover = none', 'there is no file none')])
def test_what_the_configuration_lacks_is_told_in_a_line(made, tmp_path, old,
                                                        new, said):
    folder = shutil.copytree(made, tmp_path / 'book',
                             ignore=shutil.ignore_patterns('_build'))
    change(folder, old, new)
    result = call(folder, 'check')
    assert result.returncode == 1 and said in result.stdout
    assert len(result.stdout.splitlines()) == 1


def test_files_that_are_not_utf8_are_told(made, tmp_path):
    folder = shutil.copytree(made, tmp_path / 'book',
                             ignore=shutil.ignore_patterns('_build'))
    (folder / 'config.ini').write_bytes(b'\xff')
    assert call(folder, 'check').stdout == (
        'config.ini: this is not UTF-8. Save the file as UTF-8.\n')
    shutil.copy(made / 'config.ini', folder)
    change(folder, '[build]', '[build]\nrsts = *.rst')
    (folder / 'x.rst').write_bytes(b'x\n\xff')
    assert 'x.rst:2: this is not UTF-8.' in call(folder, 'check').stdout
    (folder / 'references.bib').write_bytes(b'@misc{A, title={\xff}}')
    said = call(folder, 'check').stdout
    assert said.startswith('references.bib:1: ') and 'utf-8' in said
    assert 'Traceback' not in said


def test_a_folder_that_is_no_book_is_told_in_a_line(tmp_path):
    result = call(tmp_path, 'html')
    assert result.returncode == 1
    assert 'python -m book new FOLDER' in result.stdout
    assert len(result.stdout.splitlines()) == 1


def test_a_tab_that_the_book_has_not_is_told(made):
    result = call(made, 'epub', '--tab', 'mxnet')
    assert result.returncode == 1
    assert result.stdout == ('This book has no tab mxnet. config.ini names '
                             'pytorch, jax.\n')
