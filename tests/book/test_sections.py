"""The reader of sections: cells and prose come out as they went in."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from book.content import document, sections
from book.content.builder import open_book
from book.content.document import Cell, parse
from book.frameworks import TABS

SOURCES = sorted([Path('index.md'), *Path('chapter_resnet').glob('*.md')])
SECTION = '''# 절
:label:`sec_x`

글입니다 :numref:`fig_a`.

:begin_tab:`pytorch, jax`
두 탭의 글.
:end_tab:

```{.python .input}
%%tab pytorch
x = 1
```

```bash
# 제목이 아님
```

```{.python .input}
%%tab all
y = 2
```

끝.
'''


def of_kind(doc, kind):
    return [block for block in doc.blocks if isinstance(block, kind)]


def spans(doc, kind):
    return [span for block in doc.blocks for span in block.spans
            if isinstance(span, kind)]


def read(tmp_path, text, tab):
    path = tmp_path / 'x.md'
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return sections.read(path, tab, open_book().config)


def test_a_section_is_cells_and_prose():
    doc = parse(SECTION)
    assert not doc.slips
    assert [(cell.line, cell.tabs, cell.code) for cell in doc.cells] == [
        (10, ['pytorch'], 'x = 1'), (19, ['all'], 'y = 2')]
    assert [(prose.line, prose.tabs, prose.source) for prose in doc.prose] == [
        (1, None, '# 절\n:label:`sec_x`\n\n글입니다 :numref:`fig_a`.'),
        (7, ['pytorch', 'jax'], '두 탭의 글.'),
        (15, None, '```bash\n# 제목이 아님\n```'), (24, None, '끝.')]
    assert [heading.title for heading in of_kind(doc, document.Heading)] == [
        '절']
    assert [(role.line, role.name, role.target) for role in
            spans(doc, document.Role)] == [(4, 'numref', 'fig_a')]


def test_a_label_may_follow_a_blank_line():
    [prose] = parse('# 절\n\n:label:`sec_x`\n\n글.\n').prose
    assert prose.source == '# 절\n\n:label:`sec_x`\n\n글.'
    assert prose.blocks[0].labels == ['sec_x']


def test_figures_tables_and_equations_have_their_labels():
    doc = parse(''':표의 설명

| 가 | 나 |
|---|---|
| 1 | 2 |
:label:`tab_a`

![그림은 :numref:`tab_a`의 $x$](../img/a.svg)
:width:`300px`
:label:`fig_a`

$$a = b
_c$$
:eqlabel:`eq_a`
''')
    [table] = of_kind(doc, document.Table)
    assert table.caption == '표의 설명' and table.labels == ['tab_a']
    [figure] = of_kind(doc, document.Figure)
    assert figure.target == '../img/a.svg' and figure.labels == ['fig_a']
    assert spans(doc, document.Role) == [
        document.Role(8, ':numref:`tab_a`', 'numref', 'tab_a')]
    [equation] = of_kind(doc, document.Equation)
    assert equation.tex == 'a = b\n_c' and equation.labels == ['eq_a']


def test_what_is_code_is_no_markup():
    doc = parse('''쓰기: `` :numref:`fig_none` ``, `$`, `[**x**]`.

````markdown
```{.python .input}
%%tab pytorch
```
:begin_tab:`jax`
:label:`sec_none`
# 제목
````
''')
    assert not doc.cells and not doc.slips
    assert not spans(doc, document.Role)
    assert not of_kind(doc, document.Heading)
    assert not any(block.labels for block in doc.blocks)


def test_a_place_within_a_paragraph_is_told():
    doc = parse('가 `나\n다` 라\n마 :numref:`a`\n'
                '![바](바.svg) $x\n+ y$ [**사\n아**]')
    assert [(span.line, type(span).__name__) for block in doc.blocks
            for span in block.spans] == [
        (1, 'Code'), (3, 'Role'), (4, 'Image'), (4, 'Formula'),
        (5, 'SlideMark')]


@pytest.mark.parametrize('text', [
    SECTION.replace('\n', '\r\n').encode(), b'\xef\xbb\xbf' + SECTION.encode(),
    SECTION.rstrip('\n').encode()], ids=['CRLF', 'BOM', 'no final newline'])
def test_what_editors_leave_is_read_as_meant(tmp_path, text):
    assert read(tmp_path, text, 'jax') == read(tmp_path, SECTION, 'jax')


def test_a_last_cell_needs_no_final_newline(tmp_path):
    nb = read(tmp_path, '# 절\n\n```{.python .input}\n%%tab jax\nx = 1\n```',
              'jax')
    assert [cell.source for cell in sections.code_cells(nb)] == ['x = 1']


@pytest.mark.parametrize('tab', TABS)
def test_every_tab_has_the_text_and_its_own_cells(tmp_path, tab):
    nb = read(tmp_path, SECTION, tab)
    assert [(cell.source, cell.metadata) for cell in nb.cells][1:] == [
        *([('두 탭의 글.\n', {'origin_pos': 1, 'tab': [tab], 'line': 7})]
          if tab in ('pytorch', 'jax') else []),
        *([('x = 1', {'origin_pos': 2, 'tab': ['pytorch']})]
          if tab == 'pytorch' else []),
        ('```bash\n# 제목이 아님\n```\n', {'origin_pos': 3,
                                             'line': 15}),
        ('y = 2', {'origin_pos': 4, 'tab': [tab]}),
        ('끝.\n', {'origin_pos': 5, 'line': 24})]


@pytest.mark.parametrize('path', SOURCES, ids=str)
def test_this_book_is_read_whole(path):
    """Every line is in a part, but the fences of cells and the tabs' marks."""
    text = path.read_text(encoding='utf-8')
    doc = document.read(path)
    assert not doc.slips
    kept = [line for part in doc.parts for line in part.source.split('\n')]
    for line in text.split('\n'):
        assert line in kept or line.startswith(('```', ':begin_tab:',
                                                ':end_tab:'))


WORDS = st.text(st.sampled_from('가나x $`:_*#-|[]()<>1.\\'), min_size=1,
                max_size=20).map(lambda word: f'글{word}글')
TAB_SETS = st.one_of(st.none(), st.just(['all']), st.lists(
    st.sampled_from(TABS), unique=True, min_size=1))
LINES = st.text(st.characters(exclude_categories=['C', 'Z'],
                              exclude_characters='`'), max_size=20)
PARTS = st.lists(st.one_of(
    st.tuples(st.just('cell'), TAB_SETS, st.lists(LINES, min_size=1).map(
        lambda lines: 'x' + '\n'.join(lines))),
    st.tuples(st.just('tab'), TAB_SETS.filter(bool), WORDS),
    st.tuples(st.just('fence'), st.none(), st.lists(LINES).map('\n'.join))))


def written(kind, tabs, content):
    names = ', '.join(tabs or [])
    if kind == 'cell':
        tab = f'%%tab {names}\n' if tabs else ''
        return f'```{{.python .input}}\n{tab}{content}\n```'
    if kind == 'fence':
        return f'```bash\n{content}\n```'
    return f':begin_tab:`{names}`\n{content}\n:end_tab:'


@given(PARTS, st.sampled_from(['\n', '\r\n']), st.booleans())
def test_cells_and_prose_come_out_as_they_went_in(parts, newline, final):
    text = '\n\n'.join(written(*part) for part in parts) + '\n' * final
    doc = parse(text.replace('\n', newline))
    assert not doc.slips
    found = [('cell', part.tabs, part.code) if isinstance(part, Cell) else
             ('tab', part.tabs, part.source) if part.tabs else
             ('fence', None, part.source) for part in doc.parts]
    expected = []
    for kind, tabs, content in parts:
        if kind == 'fence':
            content = written(kind, tabs, content)
            if expected and expected[-1][0] == 'fence':
                content = f'{expected.pop()[2]}\n\n{content}'
        expected.append((kind, tabs, content))
    assert found == expected
