"""Building: what fails says where, and leaves the last good pages."""

import shutil
from contextlib import suppress
from pathlib import Path

import pytest

from book.content.files import swap
from conftest import SECTION, book, build, html_of, write_section


def test_a_cell_that_raises_is_named(built_book):
    good = html_of(built_book)
    write_section(built_book, 'def f():\n    return x / 0\nf()')
    result = build(built_book)
    assert result.returncode != 0
    for part in ('chapter_resnet/x.md, tab pytorch, code cell 2', 'x / 0',
                 'ZeroDivisionError: division by zero',
                 'What was built or recorded before stays as it is.'):
        assert part in result.stdout
    assert 'nbclient' not in result.stdout      # no traceback of our own
    assert html_of(built_book) == good
    write_section(built_book, 'print(x + 2)')
    assert build(built_book).returncode == 0
    assert '>3\n<' in html_of(built_book)


def test_a_kernel_that_dies_is_named(built_book):
    write_section(built_book, 'import os\nos._exit(1)')
    result = build(built_book)
    assert result.returncode != 0
    assert 'chapter_resnet/x.md, tab pytorch, code cell 2' in result.stdout


@pytest.mark.parametrize('limit, code, said', [
    ('timeout = 1', 'import time\ntime.sleep(20)', 'It took more than 1 s.'),
    ('max_output = 1', "for _ in range(20): print('a' * 100_000)",
     'It shows more than 1 MB.')])
def test_a_cell_has_the_limits_of_the_configuration(built_book, limit, code,
                                                    said):
    good = html_of(built_book)
    settings = built_book / 'config.ini'
    settings.write_text(settings.read_text().replace(
        '[build]', f'[build]\n{limit}'))
    write_section(built_book, code)
    result = build(built_book)
    assert result.returncode == 1 and said in result.stdout
    assert 'chapter_resnet/x.md, tab pytorch, code cell 2' in result.stdout
    assert 'Traceback' not in result.stdout
    assert html_of(built_book) == good


def test_what_is_cleared_is_not_counted(built_book):
    """As a plot that is drawn anew after each epoch."""
    settings = built_book / 'config.ini'
    settings.write_text(settings.read_text().replace(
        '[build]', '[build]\nmax_output = 1'))
    write_section(built_book, '''import sys
from IPython.display import clear_output
for i in range(5):
    print('a' * 700_000, file=sys.stderr)
    print(i, 'a' * 700_000)
    clear_output(wait=True)
print('last')''')
    result = build(built_book)
    assert result.returncode == 0, result.stdout
    assert '>last\n<' in html_of(built_book)


def test_a_stopped_cell_ends_in_one_line(built_book):
    write_section(built_book, 'import os, signal\n'
                  'os.kill(os.getppid(), signal.SIGINT)\nwhile True: pass')
    result = build(built_book)
    assert result.returncode == 130
    assert result.stdout.splitlines()[-1] == (
        'Stopped. What was built or recorded before stays as it is.')
    assert 'Traceback' not in result.stdout


@pytest.mark.parametrize('text, said', [
    ('\n:numref:`fig_nowhere`에서 봅니다.\n', 'fig_nowhere'),
    ('\n이미 알려져 있습니다 :cite:`Nobody.1900`.\n', 'Nobody.1900')])
def test_an_undefined_reference_fails(built_book, text, said):
    good = html_of(built_book)
    write_section(built_book, 'print(x + 1)', text)
    result = build(built_book)
    assert result.returncode != 0 and said in result.stdout
    assert 'Traceback' not in result.stdout
    assert html_of(built_book) == good


def test_a_mistake_stays_one(built_book):
    """A second build finds what the first has found."""
    good = html_of(built_book)
    write_section(built_book, 'print(x + 1)', '''
```eval_rst
.. nosuch:: directive
.. _sec_x:

:numref:`sec_nowhere`, :cite:`Nobody`
```

A paragraph.
:label:`par`

:numref:`par`
''')
    for _ in range(2):
        result = build(built_book)
        assert result.returncode != 0
        for said in 'nosuch', 'Duplicate', 'sec_nowhere', 'Nobody', "'par'":
            assert said in result.stdout
        assert 'Traceback' not in result.stdout
        assert html_of(built_book) == good


@pytest.mark.parametrize('stop', ['SIGKILL', 'SIGINT'])
def test_a_mistake_stays_one_when_the_build_is_stopped(built_book, stop):
    """When the pages have been read, and none is written."""
    with (built_book / 'book/pages/conf.py').open('a') as file:
        file.write("""

import os
import signal


def stop(*_):
    if name := os.environ.get('STOP'):
        for process in os.getppid(), os.getpid():
            os.kill(process, signal.Signals[name])


old_setup = setup


def setup(app):
    old_setup(app)
    app.connect('html-page-context', stop)
""")
    good = html_of(built_book)
    write_section(built_book, 'print(x + 1)',
                  '\n```eval_rst\n.. nosuch:: directive\n```\n')
    result = book(built_book, 'html', STOP=stop)
    assert result.returncode != 0
    assert 'Traceback' not in result.stdout
    if stop == 'SIGINT':
        assert result.stdout.splitlines()[-1] == (
            'Stopped. What was built or recorded before stays as it is.')
    result = build(built_book)
    assert result.returncode != 0 and 'nosuch' in result.stdout
    assert html_of(built_book) == good


def test_a_folder_is_there_whenever_the_program_is_killed(tmp_path,
                                                          monkeypatch):
    folder, new = tmp_path / 'html', tmp_path / 'html.new'
    for path, text in (folder, 'old'), (new, 'new'):
        path.mkdir()
        (path / 'index.html').write_text(text)
    rename = Path.rename

    def killed(path, target):
        rename(path, target)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, suppress(KeyboardInterrupt):
        patch.setattr(Path, 'rename', killed)
        swap(folder, new)
    assert (folder / 'index.html').exists()
    new.mkdir(exist_ok=True)
    (new / 'index.html').write_text('newer')
    swap(folder, new)
    assert (folder / 'index.html').read_text() == 'newer'
    assert [*tmp_path.iterdir()] == [folder]


def test_nothing_is_executed_twice(built_book):
    result = build(built_book)
    assert ', 0 notebooks executed' in result.stdout
    write_section(built_book, 'print(x + 1)', '\n글만 바뀌었습니다.\n')
    result = build(built_book)
    assert ', 0 notebooks executed' in result.stdout
    assert '글만 바뀌었습니다' in html_of(built_book)
    shutil.rmtree(built_book / '_build/executed')
    assert ', 1 notebooks executed' in build(built_book).stdout


def test_cells_may_differ_by_tab(built_book):
    (built_book / 'chapter_resnet/x.md').write_text('''# 절

```{.python .input}
%%tab pytorch, jax
if tab.selected('pytorch'):
    print('p' + 'p')
if tab.selected('jax'):
    print('j' + 'j')
```

```{.python .input}
%%tab all
print('one', 'for all')
```
''')
    result = build(built_book)
    assert result.returncode == 0, result.stdout
    html = html_of(built_book)
    assert html.count('role="tabpanel"') == 2
    assert '>pp\n<' in html and '>jj\n<' in html
    # The same code with the same output in every tab stands once.
    assert html.count('one for all') == 1


def test_a_section_is_executed_alone(built_book):
    """Though the name of one begins with the name of the other."""
    (built_book / 'index.md').write_text(
        '# 책\n\n```toc\n:numbered:\n\nchapter_resnet/x\n'
        'chapter_resnet/x-y\n```\n')
    (built_book / 'chapter_resnet/x-y.md').write_text(
        SECTION.format(code='print(x + 4)').replace('sec_x', 'sec_y'))
    assert ', 1 notebooks executed' in build(built_book).stdout
    write_section(built_book, 'print(x + 2)')
    result = build(built_book)
    assert ', 1 notebooks executed' in result.stdout, result.stdout
    assert '>3\n<' in html_of(built_book)


def test_cells_with_the_same_code_are_told_apart(built_book):
    write_section(built_book, 'x = 1', '''
```{.python .input}
%%tab pytorch
x = 1 if x else 1 / 0
x = 0
```

```{.python .input}
%%tab pytorch
x = 1 if x else 1 / 0
x = 0
```
''')
    assert 'tab pytorch, code cell 4' in build(built_book).stdout


def test_long_outputs_are_folded(built_book):
    assert '<details' not in html_of(built_book)
    write_section(built_book, 'for i in range(30): print(i)')
    assert build(built_book).returncode == 0
    folded = html_of(built_book).partition('<details')[2]
    assert '<summary>출력 30줄</summary>' in folded and '\n29\n' in folded


def test_what_is_removed_is_gone(built_book):
    """A tab of a section, and a section that now has another name."""
    section = built_book / 'chapter_resnet/x.md'
    text = section.read_text()
    section.write_text(text + text.partition('\n\n')[2].replace(
        'pytorch', 'jax').replace('x + 1', '"old"'))
    assert build(built_book).returncode == 0
    assert '>old\n<' in html_of(built_book)
    section.write_text(text)
    assert build(built_book).returncode == 0
    assert 'old' not in html_of(built_book).partition('<article')[2]
    section.rename(section.with_name('z.md'))
    index = built_book / 'index.md'
    index.write_text(index.read_text().replace('resnet/x', 'resnet/z'))
    result = build(built_book)
    assert result.returncode == 0, result.stdout
    html = built_book / '_build/html'
    assert [path.name for path in html.glob('chapter_resnet/*')] == ['z.html']
    assert {path.stem for path in html.glob('notebooks/*/*/*')} == {'z'}


def test_a_section_may_have_code_for_all_tabs_or_one(built_book):
    """Each then is in the book of every framework."""
    for tabs, printed in ('all', 'one for all'), ('jax', ''):
        write_section(built_book, 'print("one", "for all")')
        section = built_book / 'chapter_resnet/x.md'
        section.write_text(section.read_text().replace('pytorch', tabs))
        result = book(built_book, 'epub', '--tab', 'mxnet')
        assert result.returncode == 0, result.stdout
        page = (built_book / '_build/sphinx/mxnet/epub/chapter_resnet/'
                'x.xhtml').read_text()
        assert '절</h1>' in page and ('one for all' in page) == bool(printed)
