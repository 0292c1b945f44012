"""The commands that people know from d2lbook."""

import subprocess
import sys

import pytest

from conftest import html_of


def d2lbook(folder, *arguments):
    program = [sys.executable, '-m', 'book.d2lbook']
    return subprocess.run([*program, *arguments], cwd=folder, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def test_html_is_the_book(built_book):
    before = html_of(built_book)
    run = d2lbook(built_book, 'build', 'html')
    assert run.returncode == 0, run.stdout
    assert 'The book is in _build/html/index.html' in run.stdout
    assert html_of(built_book) == before


@pytest.mark.parametrize('command', ['eval', 'merge', 'rst'])
def test_the_steps_before_it(built_book, command):
    run = d2lbook(built_book, 'build', command)
    assert run.returncode == 0, run.stdout
    assert (built_book / '_build/eval/chapter_resnet/x.ipynb').exists()


def test_what_is_done_elsewhere_is_told_in_a_line(built_book):
    run = d2lbook(built_book, 'build', 'linkcheck')
    assert run.returncode == 1 and 'make test' in run.stdout
    assert len(run.stdout.splitlines()) == 1


def test_the_program_of_the_environment_is_this_one(built_book):
    program = sys.executable.replace('python', 'd2lbook')
    run = subprocess.run([program, 'build', '--help'], cwd=built_book,
                         text=True, capture_output=True)
    assert 'linkcheck' in run.stdout and 'outputcheck' in run.stdout
    assert run.returncode == 0


@pytest.mark.parametrize('command', ['eval', 'html', 'pdf'])
def test_what_is_wrong_is_told_without_a_traceback(built_book, command):
    (built_book / 'chapter_resnet/x.md').write_text('# 절\n\n%%tab jax\n')
    run = d2lbook(built_book, 'build', command)
    assert run.returncode == 1 and 'Traceback' not in run.stdout
    assert 'chapter_resnet/x.md:3: %%tab is read as' in run.stdout


@pytest.mark.parametrize('command', ['eval', 'html', 'pdf'])
def test_a_tab_that_the_book_has_not_is_told_in_a_line(built_book, command):
    path = built_book / 'config.ini'
    path.write_text(path.read_text().replace(', mxnet\n', '\n'))
    run = d2lbook(built_book, 'build', command, '--tab', 'mxnet')
    assert run.returncode == 1
    assert run.stdout == ('This book has no tab mxnet. config.ini names '
                          'pytorch, jax, tensorflow.\n')
