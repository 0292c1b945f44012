"""What cells show reaches the page and the EPUB as it was."""

import shutil
import subprocess
import zipfile
from xml.etree import ElementTree

import pytest
from bs4 import BeautifulSoup
from hypothesis import given, settings
from hypothesis import strategies as st

from book.pages.cells import plain, well_formed
from conftest import book, html_of, write_section, write_small_book

XHTML = '{http://www.w3.org/1999/xhtml}'
LOOKS_LIKE_MARKUP = [
    'C:\\new\\table', '2 *x*, `fit`, |x|, coef_, f(*a, **k), [1]_',
    '.. note::',
    ':label:`a`', '   :alt: indented', '<b>&amp;</b>', '$x$', '\n\n  after\n',
    '```eval_rst', '===\nnot a heading\n===', 'x::', '{{ x }}', '\ttab']
SHOWN = '''from IPython.display import display
def show(**data):
    display({kind.replace('_', '/'): value for kind, value in data.items()},
            raw=True)
show(text_html='<table border=1><tr><td>가<br>나<td>다</table>',
     text_plain='t')
show(text_html='<style scoped>td {}</style><script>x()</script>'
     '<p onclick=x() style="color: red; position: fixed">글', text_plain='t')
show(text_html='<script>x()</script>', text_plain='no script')
show(text_html='<img src="http://x.org/x.png">', text_plain='no request')
show(text_html='<details><summary>&nbsp;제목</summary>안</details>')
show(text_markdown='**굵게** <script>x()</script>', text_plain='t')
show(text_latex='$$x^2$$', text_plain='t')
print('\\x1b[31mred\\x1b[0m', 10, end='\\r')
print('bell\\a')'''


def texts():
    """Return many strings that XML can hold, in the same order each time."""
    found = [*LOOKS_LIKE_MARKUP]
    held = st.characters(exclude_categories=('Cc', 'Cn', 'Cs'),
                         include_characters='\t\n')

    @settings(max_examples=150, database=None, derandomize=True)
    @given(st.one_of(st.text(held), st.text(held | st.sampled_from(
        '\\*`|_[]<>&:.\n $'), min_size=5)))
    def collect(text):
        if text.strip('\n'):
            found.append(text)

    collect()
    return found


@pytest.fixture(scope='module')
def given_texts():
    return texts()


@pytest.fixture(scope='module')
def folder(tmp_path_factory, given_texts):
    folder = write_small_book(tmp_path_factory.mktemp('shown') / 'book')
    write_section(folder, f'''for text in {ascii(given_texts)}:
    display({{'text/plain': text}}, raw=True)''', f'''
```{{.python .input}}
%%tab pytorch
print('\\n--\\n'.join({ascii(given_texts)}))
```

```{{.python .input}}
%%tab pytorch
{SHOWN}
```
''')
    for command in ['html'], ['epub', '--tab', 'pytorch']:
        result = book(folder, *command)
        assert result.returncode == 0, result.stdout
    return folder


@pytest.fixture(scope='module')
def epub(folder):
    [path] = (folder / '_build/epub').glob('*.epub')
    return path


@pytest.fixture(scope='module')
def on_page(folder):
    """The outputs on the page."""
    return BeautifulSoup(html_of(folder), 'html.parser').select('.output')


@pytest.fixture(scope='module')
def in_epub(epub):
    """The outputs in the EPUB, read as XML."""
    with zipfile.ZipFile(epub) as archive:
        page = ElementTree.fromstring(archive.read('chapter_resnet/x.xhtml'))
    return [node for node in page.iter()
            if 'output' in node.get('class', '').split()]


def as_read(text):
    return text.removesuffix('\n') + '\n'


def test_any_text_is_on_the_page_as_it_was(on_page, given_texts):
    assert len(given_texts) > 100
    shown = [block.pre.text for block in on_page[:len(given_texts)]]
    assert shown == [*map(as_read, given_texts)]
    assert on_page[len(shown)].pre.text == as_read('\n--\n'.join(given_texts))


def test_any_text_is_in_the_epub_as_it_was(in_epub, given_texts):
    shown = [''.join(block.find(f'.//{XHTML}pre').itertext())
             for block in in_epub[:len(given_texts)]]
    assert shown == [*map(as_read, given_texts)]


def test_epubcheck_finds_nothing(epub):
    program = shutil.which('epubcheck')
    assert program, 'Install epubcheck: apt install epubcheck'
    result = subprocess.run(['java', '-jar', program, '--failonwarnings',
                             epub], text=True, capture_output=True)
    assert result.returncode == 0, result.stdout + result.stderr


def test_html_is_shown_without_what_it_runs(on_page, given_texts):
    table, styled, script, image, details, bold, text = on_page[
        len(given_texts) + 1:]
    assert [cell.text for cell in table('td')] == ['가나', '다']
    assert styled.decode_contents() == '<p style="color:red">글</p>'
    assert script.pre.text == 'no script\n'
    assert image.pre.text == 'no request\n'
    assert details.summary.text == '\xa0제목'
    assert bold.strong.text == '굵게' and not bold.script
    assert text.pre.text == 'bell␇\n'


def test_latex_is_a_formula(folder):
    page = BeautifulSoup(html_of(folder), 'html.parser')
    assert page.select_one('div.math math[display=block] msup')


@pytest.mark.parametrize('printed, read', [
    ('\x1b[1;31mred\x1b[0m\x1b[K', 'red'), ('a\r\nb', 'a\nb'),
    (' 10%\r100%\n', '100%\n'), ('100%\r', '100%'), ('\0\x7f', '␀␡'),
    ('\ud800\uffff', '��')])
def test_text_is_what_a_terminal_leaves(printed, read):
    assert plain(printed) == read


@given(st.text(), st.lists(st.sampled_from([
    '<p>', '</p>', '<td>', '<table>', '<b', '>', '&', '"', '<br>', '<!--',
    '<svg>', '<![CDATA[', '<img src="data:image/png;base64,x"', '</'])))
def test_any_html_becomes_xml(text, parts):
    shown = well_formed(text.join(parts) + text)
    ElementTree.fromstring(f'<div>{shown}</div>')
