"""What is wrong in the sections is told before anything is built."""

import shutil
import subprocess
import textwrap
from pathlib import Path

import pytest
from d2lbook.config import Config

from book.content import check
from book.pages import costs
from conftest import book, build, html_of, write_section

HEAD = '# 절\n:label:`sec_x`\n\n'
CELL = '```{.python .input}\n%%tab pytorch\nx = 1\n```\n'
INDEX = '# 책\n\n```toc\n:numbered:\n\nchapter_resnet/x\n```\n'


@pytest.fixture
def mistakes(tmp_path, monkeypatch):
    """A function: the mistakes of a book with these sections."""
    config = Path('config.ini').read_text(encoding='utf-8')
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'config.ini').write_text(config, encoding='utf-8')
    (tmp_path / 'references.bib').write_text('@misc{Known.2016, title={A}}')
    (tmp_path / 'chapter_resnet').mkdir()

    def find(text, index=INDEX, **others):
        files = {'index': index, 'chapter_resnet/x': text} | {
            f'chapter_resnet/{name}': other for name, other in others.items()}
        for name, content in files.items():
            content = (content if isinstance(content, bytes)
                       else content.encode())
            (tmp_path / f'{name}.md').write_bytes(content)
        return [str(mistake) for mistake in sorted(check.find(Config()))]

    return find


@pytest.mark.parametrize('entries, said', [
    ('@misc{A,\n title={A}\n\n@misc{B,\n title={B}\n}\n', ":4: the bibl"),
    ('@misc{A,\n title={A}\n}\n@misc{A,\n title={A}\n}\n', 'repeated'),
    ('@misc{A,\n title={A\n}\n', 'cannot be read')])
def test_a_bibliography_that_cannot_be_read(mistakes, tmp_path, entries, said):
    (tmp_path / 'references.bib').write_text(entries)
    [mistake] = mistakes(HEAD)
    assert mistake.startswith('references.bib:') and said in mistake


@pytest.mark.parametrize('text, line, said', [
    (CELL.replace('pytorch', 'pytroch'), 5, 'Did you mean pytorch?'),
    (CELL.replace('pytorch', 'PyTorch'), 5, 'Did you mean pytorch?'),
    (CELL.replace('pytorch', 'jax, tenserflow'), 5,
     'Did you mean tensorflow?'),
    (CELL.replace('%%tab pytorch', '%load_ext d2lbook.tab\ntab.interact_'
                  "select(['jaxx'])"), 5, 'Did you mean jax?'),
    (':begin_tab:`jaxx`\n글.\n:end_tab:\n', 4, 'Did you mean jax?'),
    (f':begin_tab:`jax`\n글.\n\n{CELL}', 4, 'has no :end_tab:'),
    (':begin_tab:`jax`\n글.\n', 4, 'has no :end_tab:'),
    (':begin_tab:`jax`\n글.\n\n:begin_tab:`mxnet`\n글.\n:end_tab:\n', 4,
     'has no :end_tab:'),
    (':begin_tab:\n글.\n:end_tab:\n', 4, 'names no tab'),
    ('글\n![그림](https://d2l.ai/x.svg)\n:label:`fig_x`\n', 5,
     'fig_x names no figure'),
    ('정확도 :recorded:`last val_acc`\n', 4, 'another figure in each tab'),
    (':begin_tab:`jax`\n:recorded:`best val_acc`\n:end_tab:\n', 5,
     'names no figure. Write first, last,'),
    (':begin_tab:`jax`\n:recorded:` `\n:end_tab:\n', 5, 'names no figure'),
    (':begin_tab:`jax`\n:recoded:`last val_acc`\n:end_tab:\n', 5,
     'Did you mean recorded?'),
    ('글.\n:end_tab:\n', 5, ':end_tab: ends nothing'),
    (':cite:`Known.2016, Known.2061`\n', 4, 'Did you mean Known.2016?'),
    ('식 $\\frac{1}{$입니다.\n', 4, r'$\frac{1}{$ cannot be converted'),
    ('글\n\n$$\\nosuch$$\n', 6, r'$\nosuch$ cannot be converted'),
    ('(**:numref:`fig_none`**)\n', 4, 'no label is named fig_none'),
    ('```bash\npip\n', 4, 'the fence does not end'),
    ('```{.python .input}\n%%tab jax\nx\n', 4, 'the cell does not end'),
    (CELL.replace('```{', '``` {'), 4, 'is no cell'),
    (CELL.replace('.python .input', '.python.input'), 4, 'is no cell'),
    (CELL.replace('{.python .input}', 'python'), 4, 'is no cell'),
    (CELL.replace('```', '~~~'), 4, 'is no cell'),
    (' ' + CELL, 4, 'is no cell'),
    ('- 하나\n\n' + textwrap.indent(CELL, '  '), 6, 'outside of lists'),
    (textwrap.indent(CELL, '    '), 4, '.python .input is read as text'),
    (CELL.replace('%%tab', '\n%%tab'), 6, 'the first line of the cell'),
    (CELL.replace(' pytorch', ''), 5, 'the first line of the cell'),
    ('글 :begin_tab:`jax` 글.\n', 4, 'is read as text'),
    ('- 글\n\n  :begin_tab:`jax`\n', 6, 'is read as text'),
    ('식\n$x = 1입니다.\n', 5, 'begins a formula that does not end'),
    ('$$x = 1\n\n글.\n', 4, 'begins a formula that does not end'),
    ('식 $-x + 1입니다.\n', 4, 'begins a formula that does not end'),
    ('식 $3^n입니다.\n', 4, 'begins a formula that does not end'),
    (CELL.replace('%%tab', '%tab'), 5, 'the first line of the cell'),
    (CELL.replace('%%tab', '%% tab'), 5, 'the first line of the cell'),
    (CELL.replace('%%tab', '%%Tab'), 5, 'the first line of the cell'),
    (CELL.replace('x = 1', "x = 1 if tab.selected('jaxx') else 2"), 5,
     'Did you mean jax?'),
    ('글 <a href="y.html">둘</a>\n', 4, 'y.html leads nowhere'),
    ('<p>\n<a href="y.html">둘</a></p>\n', 4, 'y.html leads nowhere'),
    ('[둘]()\n', 4, 'has no address'),
    ('[둘][y]\n\n[y]: y.html\n', 4, 'y.html leads nowhere'),
    ('<!-- 글\n\n글\n', 4, '--> where it ends'),
    ('<pre>\n\n글\n', 4, '</pre> where it ends'),
    ('글 :numref:`sec_x\n', 4, ':numref: is read as text'),
    ('(**글 :cite: `Known.2016`**)\n', 4, ':cite: is read as text'),
    ('[둘](#없음)\n', 4, '#없음 leads nowhere'),
    ('[넷](x.html#sec_x)\n', 4, 'Did you mean sec-x?'),
    ('[하나](y.md)\n', 4, 'y.md leads nowhere'),
    ('[하나](x.md)\n', 4, 'Write x.html'),
    ('[셋](../img/none.pdf)\n', 4, '../img/none.pdf leads nowhere'),
    ('![그림](../img/none.svg)\n', 4, 'no picture img/none.svg'),
    ('글 ![그림](../img/none.svg) 글.\n', 4, 'no picture img/none.svg'),
    ('![:numref:`sec_y`의 그림](x.md)\n', 4, 'Did you mean sec_x?'),
    ('- 글\n- :numref:`sec_none`\n', 5, 'no label is named sec_none'),
    (':numreff:`sec_x`\n', 4, 'Did you mean numref?'),
    ('## 둘\n:label:`sec_x`\n', 5, 'stands at chapter_resnet/x.md:2')])
def test_a_slip_is_told_with_its_place(mistakes, text, line, said):
    [mistake] = mistakes(HEAD + text)
    assert mistake.startswith(f'chapter_resnet/x.md:{line}: ')
    assert said in mistake


@pytest.mark.parametrize('text', [
    '', CELL, CELL.rstrip(), '\n', CELL.replace('pytorch', 'all'),
    CELL.replace('%%tab pytorch\n', ''), CELL.replace('```', '````'),
    CELL.replace('.input', '.input n=2'), '값은 $5에서 $10까지, `$`, \\$x.\n',
    'US$, 5$.\n', '$$a\n= b$$\n:eqlabel:`eq_a`\n\n:eqref:`eq_a`\n',
    '$a \\$ b$와 $$c$$입니다.\n', '식 $a\n+ b$입니다.\n',
    f'````markdown\n{CELL}:begin_tab:`jax`\n$x\n````\n',
    '<!-- 글 --> <pre>글</pre>\n\n글 <a href="#sec-x">여기</a> <br>\n',
    '`:numref:`, ``:numref:`a``, 값은 $5 + $3, $5.50, 비율 3:1.\n',
    CELL.replace('x = 1', "x = (1\n   % tab if tab.selected('jax') else 2)"),
    '- 보기:\n\n' + textwrap.indent(f'````markdown\n{CELL}````\n', '  '),
    '`%%tab`과 `` :begin_tab:`jax` ``, `` :numref:`fig_none` ``.\n',
    '[절](x.html#sec-x), [여기](#sec-x), [밖](https://d2l.ai/x#y_z).\n',
    '![밖](https://d2l.ai/x.png)\n', '> 인용\n> ```bash\n> x\n> ```\n',
    '```eval_rst\n.. layer-costs::\n```\n\n:numref:`tab_layer-costs`\n'])
def test_what_is_right_is_not_told(mistakes, text):
    assert mistakes(HEAD + text) == []


@pytest.mark.parametrize('text, said', [
    (b'', 'is empty'), ('\ufeff\n \n', 'is empty'),
    ('글.\n', 'has no heading'), (CELL, 'has no heading'),
    ('```bash\n# 설치\n```\n', 'has no heading'),
    ('# 절\n'.encode('cp949'), 'is not UTF-8')])
def test_a_section_is_utf8_and_has_a_heading(mistakes, text, said):
    assert any('chapter_resnet/x.md:1: ' in mistake and said in mistake
               for mistake in mistakes(text))


def test_contents_and_files_are_compared(mistakes):
    found = mistakes(HEAD, INDEX.replace('_resnet/x', '_resnet/xx'), y='# 둘')
    assert [mistake.partition('. ')[0] for mistake in found] == [
        'chapter_resnet/x.md:1: no table of contents names this section',
        'chapter_resnet/y.md:1: no table of contents names this section',
        'index.md:6: chapter_resnet/xx.md is not there']
    assert 'Did you mean chapter_resnet/x?' in found[2]


def test_labels_are_those_of_all_sections(mistakes):
    index = INDEX.replace('resnet/x\n', 'resnet/x\nchapter_resnet/y\n')
    assert mistakes(HEAD + ':numref:`sec_y`, [둘](y.html#sec-y)\n', index,
                    y='# 둘\n\n:label:`sec_y`\n\n:numref:`sec_x`\n') == []


def test_costs_have_the_label_that_is_known():
    assert costs.LABEL in check.MADE.values()


def test_all_mistakes_are_told_at_once_and_the_book_stays(built_book):
    good = html_of(built_book)
    write_section(built_book, 'print(x + 2)', '''
:numref:`fig_none`

```{.python .input}
%%tab pytroch
x = 3
```
''')
    result = build(built_book)
    assert result.returncode == 1
    assert 'chapter_resnet/x.md:14: no label is named fig_none' in (
        result.stdout)
    assert 'chapter_resnet/x.md:17: there is no tab pytroch' in result.stdout
    assert 'Traceback' not in result.stdout
    assert html_of(built_book) == good


@pytest.mark.skipif(not shutil.which('localedef'), reason='makes a locale')
def test_any_locale_will_do(small_book, tmp_path):
    subprocess.run(['localedef', '-i', 'ko_KR', '-f', 'EUC-KR',
                    tmp_path / 'ko_KR.EUC-KR'], capture_output=True)
    locale = {'LOCPATH': str(tmp_path), 'LC_ALL': 'ko_KR.EUC-KR',
              'PYTHONUTF8': '0'}
    assert '2 sections, no mistakes' in book(
        small_book, 'check', **locale).stdout
    write_section(small_book, 'x', '\n:numref:`sec_없음`\n')
    result = book(small_book, 'check', **locale)
    assert result.returncode == 1 and 'sec_없음' in result.stdout
