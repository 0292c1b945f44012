"""Another author's chapters, in every format: what is not as this book's is.

One book holds them all: names in Hangul and with blanks, sections of one name
in two folders, any subset of the tabs, figures without label, code that looks
like markup.
"""

import json
import re
import shutil
import subprocess
import zipfile
from collections import Counter
from urllib.parse import unquote

import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader

from book.content import document
from book.frameworks import TABS
from tests.book.conftest import book, write_small_book

LITERAL = '''# 먼저
:numref:`fig_none`을 보십시오.
.. image:: img/none.png
Table: label:`tab_none`
:begin_tab: $x$ [**굵게**] ~~그대로~~'''
MARKUP = f'''# 절

:label:`sec_x`

이렇게 씁니다: `` :numref:`fig_none` `` 그리고 `[**굵게**]`, `(~~a~~)`.
여기는 ~~취소~~, 각주[^1], [**:numref:`sec_x`의 `코드`**]입니다.
비율은 3:1:`a`.
값 $x$가 $$y = x^2$$ 됩니다. (~~슬라이드에만~~)
대괄호 [**굵은 링크**](#sec-x).

[^1]: 각주의 *글*.

## 설치
:label:`subsec_a`

```bash
{LITERAL}
```

- 목록

  ```markdown
  {LITERAL.replace(chr(10), chr(10) + '  ')}
  ```

## 사용
:label:`subsec_b`

(**그림을 봅시다.**)

![이름 없는 그림](../그림%20둘/원%20하나.svg)

![그림은 :numref:`sec_x`의 $x$
:cite:`He.Zhang.Ren.ea.2016`.](<../그림 둘/원 하나.svg>)
:width:`40px`
:label:`fig_나`

![둘째](<../그림 둘/원 하나.svg>)
:label:`fig_가`

:표의 :numref:`fig_가`

| 왼쪽 | 오른쪽 |
|:-----|-------:|
| `a\\|b` |        |
:label:`tab_가`

$$\\begin{{aligned}} a &= b \\\\ &= c \\end{{aligned}}$$
:eqlabel:`eq_가`

$$z$$
:eqlabel:`eq_나`

:numref:`fig_나`, :numref:`fig_가`, :numref:`tab_가`, :eqref:`eq_가`,
:eqref:`eq_나`, :ref:`subsec_b`.

<details><summary>더 보기</summary>한 줄<br>또 한 줄</details>
'''
SVG = ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20">'
       '<circle cx="9" cy="9" r="8"/></svg>')
SUBSETS = [('pytorch',), ('jax',), ('tensorflow',), ('mxnet',),
           ('jax', 'mxnet'), ('pytorch', 'jax', 'tensorflow'), ('all',), ()]


def subset(tabs):
    """Return a section with code and text for these tabs."""
    name = '-'.join(tabs) or 'none'
    parts = [f'# 탭 {name}\n:label:`sec_{name}`\n\n[**글**]은 모두에게.']
    for tab in tabs:
        if tab != 'all':
            parts.append(f':begin_tab:`{tab}`\n글은 {tab}.\n:end_tab:')
        parts.append(f'```{{.python .input}}\n%%tab {tab}\n'
                     f'print("code", "of {tab}")\n```')
    return '\n\n'.join(parts)


SECTIONS = {'chapter_resnet/x': MARKUP, '둘째-장/x': MARKUP.replace(
    'sec_x', 'sec_y').replace('sec-x', 'sec-y').replace(
    'subsec_', 'subsec_y').replace(
    '_가', '_다').replace('_나', '_라').replace('# 절', '# 둘째 절')} | {
    f'둘째-장/{"-".join(tabs) or "none"}': subset(tabs) for tabs in SUBSETS}


@pytest.fixture(scope='module')
def built(tmp_path_factory):
    """The folder of the book, in which every format is built."""
    folder = write_small_book(tmp_path_factory.mktemp('any') / 'book')
    for name, text in SECTIONS.items():
        path = folder / f'{name}.md'
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    (folder / '그림 둘').mkdir()
    (folder / '그림 둘/원 하나.svg').write_text(SVG)
    (folder / 'index.md').write_text(
        '# 책\n\n```toc\n:numbered:\n\n' + '\n'.join(SECTIONS) + '\n```\n\n'
        ':bibliography:`references.bib`\n')
    settings = folder / 'config.ini'
    settings.write_text(settings.read_text().replace(
        'notebooks = index.md chapter_resnet/*.md',
        'notebooks = index.md chapter_resnet/*.md 둘째*/*.md'))
    for command in (['notebooks'], ['slides'], ['epub', '--tab', 'jax'],
                    ['pdf', '--tab', 'mxnet'], ['html']):
        result = book(folder, *command)
        assert result.returncode == 0, (command, result.stdout)
    return folder


def page_of(built, name):
    return BeautifulSoup((built / f'_build/html/{name}.html').read_text(),
                         'html.parser').article


@pytest.mark.parametrize('name', ['chapter_resnet/x', '둘째-장/x'])
def test_markup_and_what_looks_like_it_are_told_apart(built, name):
    page = page_of(built, name)
    assert [pre.text.removesuffix('\n') for pre in page('pre')] == [
        LITERAL, LITERAL]
    assert [code.text for code in page.select('p > code')] == [
        ':numref:`fig_none`', '[**굵게**]', '(~~a~~)', '코드', 'a', 'a|b']
    assert page.s.text == '취소' and '굵은 링크' in page.text
    assert '슬라이드에만' not in page.text
    assert page.aside or '각주의 글.' in page.text
    assert [math.get('display') for math in page('math')].count('block') == 3
    assert len(page.select_one('math mtable')('mtr')) == 2
    assert page.details.br


@pytest.mark.parametrize('name', ['chapter_resnet/x', '둘째-장/x'])
def test_figures_are_numbered_placed_and_described(built, name):
    page = page_of(built, name)
    images = page.select('img:not(.only-dark)')
    assert [image['width'] for image in images] == ['40', '40', '40']
    assert '절의 x (He et al., 2016' in images[1]['alt']
    assert images[0]['alt'] == '이름 없는 그림'
    assert [cell.get('class') for cell in page.table('th')] != [None, None]
    assert 'a|b' in page.table.text


def ids_of(page):
    return Counter(tag['id'] for tag in page.find_all(id=True))


def test_every_link_leads_somewhere_and_every_place_once(built):
    """Labels in Hangul have addresses of their own."""
    html = built / '_build/html'
    pages = {path: BeautifulSoup(path.read_text(), 'html.parser')
             for path in html.rglob('x.html')}
    assert len(pages) == 2
    for path, page in pages.items():
        assert max(ids_of(page).values()) == 1
        links = [link['href'] for link in page.article('a', href=True)
                 if '://' not in link['href']]
        assert len([link for link in links if '#' in link]) > 12
        for link in links:
            file, _, place = link.partition('#')
            target = (path.parent / file).resolve() if file else path
            assert target.is_file()
            assert not place or ids_of(BeautifulSoup(
                target.read_text(), 'html.parser'))[place] == 1, link


def test_notebooks_say_the_same(built):
    folder = built / '_build/notebooks/pytorch'
    for name in 'chapter_resnet/x', '둘째-장/x':
        path = folder / f'{name}.ipynb'
        text = '\n\n'.join(''.join(cell['source']) for cell in
                           json.loads(path.read_text())['cells'])
        doc = document.parse(text)
        fences = [inner.content for block in doc.blocks
                  for inner in (block, *block.inner)
                  if isinstance(inner, document.Fence)]
        assert fences == [f'{LITERAL}\n'] * 2
        for gone in ':label:', ':eqlabel:', ':width:', '(~~슬라이드':
            assert gone not in text.replace(LITERAL, '')
        places = Counter(re.findall(r'<a id="([^"]*)">', text))
        assert len(places) >= 8 and max(places.values()) == 1
        spans = [span for block in doc.blocks for span in block.walk()]
        for span in spans:
            if isinstance(span, document.Image):
                assert (path.parent / unquote(span.target)).is_file()
            if isinstance(span, document.Link) and (
                    span.target.startswith('#')):
                assert places[span.target[1:]] == 1, span
    assert not (folder / 'img').exists()        # no figure of it is shown


def test_a_fence_does_not_take_the_number_of_a_heading(built):
    path = built / '_build/notebooks/jax/chapter_resnet/x.ipynb'
    text = path.read_text()
    assert '# 1.1. 설치' in text and '# 1.2. 사용' in text


@pytest.mark.parametrize('tabs', SUBSETS, ids=str)
def test_a_section_of_any_tabs_is_in_every_format(built, tabs):
    name = f'둘째-장/{"-".join(tabs) or "none"}'
    page = page_of(built, name)
    shown = TABS if 'all' in tabs else tabs
    for tab in TABS:
        path = built / f'_build/notebooks/{tab}/{name}.ipynb'
        printed = [''.join(output['text']) for cell in
                   json.loads(path.read_text())['cells']
                   for output in cell.get('outputs', [])]
        which = 'all' if 'all' in tabs else tab
        assert printed == [f'code of {which}\n'] * (tab in shown)
        assert (f'글은 {tab}.' in page.text) == (tab in tabs)
        deck = (built / f'_build/slides/{name}-{tab}.html').read_text()
        assert (f'code of {which}' in deck) == (tab in shown)
    for which in tabs:
        assert page.text.count(f'code of {which}\n') == 1


def test_the_epub_is_right_and_holds_every_section(built):
    [path] = (built / '_build/epub').glob('*.epub')
    program = shutil.which('epubcheck')
    result = subprocess.run(['java', '-jar', program, '--failonwarnings',
                             path], text=True, capture_output=True)
    assert result.returncode == 0, result.stdout + result.stderr
    with zipfile.ZipFile(path) as archive:
        text = ''.join(archive.read(name).decode() for name in
                       archive.namelist() if name.endswith('.xhtml'))
    words = BeautifulSoup(text, 'html.parser').text
    for line in LITERAL.split('\n'):
        assert words.count(line) == 4       # two fences in two sections
    assert words.count('code of jax') == 3 and 'code of mxnet' not in words


def test_the_pdf_holds_every_section(built):
    [path] = (built / '_build/pdf').glob('*.pdf')
    text = '\n'.join(page.extract_text() for page in PdfReader(path).pages)
    letters = ''.join(text.split())
    for line in LITERAL.split('\n'):
        assert letters.count(''.join(line.split())) == 4, line
    assert letters.count('codeofmxnet') == 2
    assert '글은mxnet.' in letters and '글은jax.' not in letters


WORDS = st.text('가a :`*_$[](){}~#<>|\\!&%^"\'-=+.\n', max_size=40)


@given(WORDS)
def test_any_text_is_read_and_its_code_kept(text):
    """Whatever stands before and after, a fence comes out as it went in."""
    fence = f'~~~text\n{LITERAL}\n~~~'
    doc = document.parse(f'# 절\n\n{text}\n\n\n{fence}\n\n{text}\n')
    kept = [block for block in doc.blocks
            if isinstance(block, document.Fence) and block.info == 'text']
    outer = [block for block in doc.blocks if not kept and (
        LITERAL in block.source or block.inner)]
    assert kept and kept[0].content == f'{LITERAL}\n' or outer


@given(st.lists(st.sampled_from([
    '글', '`코드`', ':numref:`fig_a`', '$x$', '[**굵게**]', '(**`a`**)',
    '[링크](a.html)', '![그림](a.svg)', '**강조**', '~~취소~~']), max_size=8))
def test_spans_are_those_that_are_written(parts):
    """Each part of a text is a span of its kind, in its order."""
    kinds = {':': document.Role, '`': document.Code, '$': document.Formula,
             '[*': document.SlideMark, '(': document.SlideMark,
             '[링': document.Link, '!': document.Image}
    doc = document.parse('# 절\n\n글 ' + ' '.join(parts))
    assert [(type(span), span.source) for span in doc.blocks[-1].spans] == [
        (kind, part) for part in parts for sign, kind in kinds.items()
        if part.startswith(sign)]


