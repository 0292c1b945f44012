"""What cells show reaches the page and the EPUB as it was."""

import shutil
import subprocess
import time
import zipfile
from xml.etree import ElementTree

import nbformat
import pytest
from bs4 import BeautifulSoup
from hypothesis import given, settings
from hypothesis import strategies as st
from nbformat.v4 import new_output
from pypdf import PdfReader

from book.content.execution import joined
from book.content.safe import drawing, safe, well_formed
from book.pages.cells import plain
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

SEPARATORS = '\v\f\x1c\x1d\x1e\x85\u2028\u2029'
PRINTED = [f'a{sign}{evil}{sign}   b{sign}{evil}' for sign in SEPARATORS
           for evil in ('<script>x()</script>', '.. raw:: html', '# c', '```',
                        r'\end{sphinxVerbatim}\input{x}', ':label:`a`')]
EVIL = '''<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"
  xmlns:x="http://www.w3.org/1999/xlink" onload="document.title='ran'">
<script>document.title='ran'</script>
<foreignObject><h:script xmlns:h="http://www.w3.org/1999/xhtml">
  document.title='ran'</h:script></foreignObject>
<set attributeName="x" to="1" begin="0s" onbegin="document.title='ran'"/>
<image href="no.png" onerror="document.title='ran'"/>
<a x:href="javascript:document.title='ran'"><text>a</text></a>
<use x:href="data:image/svg+xml,%3Csvg/%3E#a"/>
<clipPath id="c"><rect width="5" height="5"/></clipPath>
<use x:href="#c" clip-path="url(#c)"/><text>kept</text></svg>'''


def texts():
    """Return many strings that XML can hold, in the same order each time."""
    found = [*LOOKS_LIKE_MARKUP]
    held = st.characters(exclude_categories=('Cc', 'Cn', 'Cs', 'Zl', 'Zp'),
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


@pytest.fixture(scope='module')
def hostile(tmp_path_factory):
    """A book whose cell shows what must stay text, in every format."""
    folder = write_small_book(tmp_path_factory.mktemp('hostile') / 'book')
    write_section(folder, f'''print({ascii(chr(10).join(PRINTED))})
for kind, content in [('image/svg+xml', {EVIL!r}), (
        'text/html', '<base href="http://x.org/"><p>글'),
        ('application/javascript', 'x()')]:
    display({{kind: content, 'text/plain': 't'}}, raw=True)''',
                  '\n[**표시**]\n')
    for command in (['notebooks'], ['slides'], ['epub', '--tab', 'pytorch'],
                    ['pdf', '--tab', 'pytorch'], ['html']):
        result = book(folder, *command)
        assert result.returncode == 0, (command, result.stdout)
    return folder / '_build'


def test_what_ends_lines_elsewhere_is_text_on_the_page(hostile):
    page = BeautifulSoup((hostile / 'html/chapter_resnet/x.html').read_text(),
                         'html.parser')
    assert page.select_one('.output pre').text.rstrip('\n') == plain(
        '\n'.join(PRINTED))
    assert not page.base and not any('x()' in script.text
                                     for script in page('script'))
    policy = page.select_one('meta[http-equiv=Content-Security-Policy]')
    assert {"base-uri 'none'", "form-action 'none'"} <= {
        part.strip() for part in policy['content'].split(';')}


def test_what_ends_lines_elsewhere_is_text_in_the_epub(hostile):
    [path] = (hostile / 'epub').glob('*.epub')
    with zipfile.ZipFile(path) as archive:
        page = ElementTree.fromstring(archive.read('chapter_resnet/x.xhtml'))
    shown = [''.join(pre.itertext()) for pre in page.iter(f'{XHTML}pre')]
    assert any(pre.strip('\n') == plain('\n'.join(PRINTED)) for pre in shown)


def test_what_ends_lines_elsewhere_is_text_on_slides(hostile):
    deck = BeautifulSoup((hostile / 'slides/chapter_resnet/x-pytorch.html')
                         .read_text(), 'html.parser')
    shown = '\n'.join(pre.text for pre in deck.select('.outputs > pre'))
    assert shown.split('\n')[:len(PRINTED)] == [*map(plain, PRINTED)]
    assert not deck.select('.slides script, .slides base, .slides h3')


def test_what_ends_lines_elsewhere_is_text_in_the_pdf(hostile):
    [path] = (hostile / 'pdf').glob('*.pdf')
    text = ''.join(page.extract_text() for page in PdfReader(path).pages)
    text = ''.join(text.split())
    for sign in '^K', '^L', '^\\', '^]', '^^', '^J':
        for evil in ('<script>x()</script>',
                     r'\end{sphinxVerbatim}\input{x}', ':label:`a`'):
            assert f'a{sign}{evil}{sign}b{sign}{evil}' in text


def test_notebooks_hold_what_was_printed_and_nothing_that_runs(hostile):
    for form in 'notebooks', 'colab', 'sagemaker':
        path = hostile / form / 'pytorch/chapter_resnet/x.ipynb'
        [printed, svg, html, script] = [
            output for cell in nbformat.read(path, 4).cells
            for output in cell.get('outputs', [])]
        assert printed.text.split('\n')[:len(PRINTED)] == PRINTED
        assert svg.data['image/svg+xml'] == drawing(EVIL)
        assert html.data['text/html'] == '<p>글</p>'
        assert {*script.data} == {'text/plain'}


def test_a_drawing_opened_by_itself_runs_nothing(hostile, page):
    for folder in '', 'dark':
        [path] = (hostile / 'html/_images' / folder).glob('*.svg')
        page.goto(path.as_uri())
        assert page.title() == ''
        assert page.locator('text').all_text_contents() == ['kept']


def test_a_drawing_keeps_what_it_draws():
    svg = ElementTree.fromstring(drawing(EVIL))
    assert [node.tag.partition('}')[2] for node in svg] == [
        'image', 'use', 'clipPath', 'use', 'text']
    assert svg[3].get('clip-path') == 'url(#c)' and '#c' in (
        svg[3].attrib.values())
    assert not svg[1].keys() and not svg[0].keys()


@pytest.mark.parametrize('svg', [
    '', '<svg', '<html/>', '<svg/>', EVIL.replace('</svg>', '')])
def test_what_is_no_drawing_is_its_text(svg):
    output = new_output('display_data', {'image/svg+xml': svg,
                                         'text/plain': 't'})
    assert safe(output).data == {'text/plain': 't'}


@pytest.mark.parametrize('printed, read', [
    ('\x1b[1;31mred\x1b[0m\x1b[K', 'red'), ('a\r\nb', 'a\nb'),
    (' 10%\r100%\n', '100%\n'), ('100%\r', '100%'), ('\0\x7f', '␀␡'),
    ('\ud800\uffff', '��')])
def test_text_is_what_a_terminal_leaves(printed, read):
    assert plain(printed) == read


def test_long_lines_take_no_long():
    """In what is proportional to their length."""
    start = time.process_time()
    line = 'a' * 500_000 + '\r' * 500_000 + 'b' * 500_000
    assert plain(f'{line}\n{line}\r') == '\n'.join(2 * ['b' * 500_000])
    [output] = joined([new_output('stream', text=part) for part in
                       (line, '\r', line, '\n', line)])
    assert output.text == '\n'.join(2 * ['b' * 500_000])
    assert time.process_time() - start < 2


@given(st.text(), st.lists(st.sampled_from([
    '<p>', '</p>', '<td>', '<table>', '<b', '>', '&', '"', '<br>', '<!--',
    '<svg>', '<![CDATA[', '<img src="data:image/png;base64,x"', '</'])))
def test_any_html_becomes_xml(text, parts):
    shown = well_formed(text.join(parts) + text)
    ElementTree.fromstring(f'<div>{shown}</div>')
