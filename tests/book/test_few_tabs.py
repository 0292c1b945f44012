"""A section that has not every tab, in every format."""

import pytest
from playwright.sync_api import expect

from book.frameworks import TABS
from conftest import book, serve, write_small_book

SECTION = '''```{.python .input}
%load_ext d2lbook.tab
tab.interact_select(['pytorch', 'jax'])
```

# 두 탭
:label:`sec_x`

```{.python .input}
%%tab pytorch
print('torch 1')
```

```{.python .input}
%%tab jax
print('jax 1')
```

## [**더하기**]
:label:`subsec_x-sum`

모두 읽는 글입니다.

```{.python .input}
%%tab jax
print('jax 2')
```

```{.python .input}
%%tab all
print('every tab that the section has')
```
'''


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """The site of a book with one section of two tabs."""
    folder = write_small_book(tmp_path_factory.mktemp('few') / 'book')
    (folder / 'chapter_resnet/x.md').write_text(SECTION)
    result = book(folder, 'site')
    assert result.returncode == 0, result.stdout
    return folder


@pytest.fixture
def section(page, folder):
    """Open the page of the section with what a reader chose."""
    with serve(folder / '_build/html') as address:
        yield lambda query='': page.goto(
            f'{address}/chapter_resnet/x.html{query}')


@pytest.mark.parametrize('tab, name', [('tensorflow', 'TensorFlow'),
                                       ('mxnet', 'MXNet')])
def test_a_tab_that_is_not_there(page, section, tab, name):
    """A sentence says so, a tab that is there is shown and chosen."""
    section(f'?tab={tab}&compare={tab}')
    expect(page.get_by_text(
        f'이 절에는 {name} 코드가 없습니다. PyTorch 코드를 보여 줍니다.')
        ).to_be_visible()
    expect(page.locator('[role=tabpanel]:visible')).to_contain_text('torch 1')
    expect(page.get_by_role('tab', selected=True)).to_have_text('PyTorch')
    page.get_by_role('tab', name='JAX').first.click()
    expect(page.locator('.missing-tab:visible')).to_have_count(0)
    assert 'tab=jax' in page.url


def test_a_tab_that_is_there(page, section):
    """The reader of one tab does not meet rows of tabs without theirs."""
    section('?tab=pytorch')
    expect(page.locator('.missing-tab:visible')).to_have_count(0)
    expect(page.get_by_role('tablist')).to_have_count(1)
    section('?tab=jax')
    expect(page.get_by_role('tablist')).to_have_count(2)
    links = page.locator('.about-page a[download]').evaluate_all(
        'all => all.map(a => a.getAttribute("href"))')
    assert links == [f'../notebooks/{tab}/chapter_resnet/x.ipynb'
                     for tab in ('pytorch', 'jax')]


@pytest.mark.parametrize('denied', [
    'get() { throw new DOMException("denied", "SecurityError"); }',
    'get() { return null; }',
    """value: { getItem: () => null, removeItem() {},
              setItem() { throw new DOMException("full"); } }"""])
def test_choices_work_where_nothing_may_be_kept(page, section, denied):
    page.add_init_script('Object.defineProperty(window, "localStorage", '
                         f'{{ configurable: true, {denied} }})')
    section()
    panels = page.locator('[role=tabpanel]:visible')
    expect(panels).to_have_count(1)
    expect(panels).to_contain_text('torch 1')
    page.get_by_role('tab', name='JAX').first.click()
    expect(page.get_by_role('tab', selected=True).first).to_have_text('JAX')
    expect(panels.first).to_contain_text('jax 1')
    shown = page.locator('body').get_attribute('data-theme')
    page.locator('.theme-toggle:visible').first.click()
    expect(page.locator('body')).not_to_have_attribute('data-theme', shown)


def test_every_format_is_built(folder):
    decks = (folder / '_build/site/slides').rglob('*.html')
    assert {deck.stem for deck in decks} == {'x-pytorch', 'x-jax'}
    found = {file.name for file in (folder / '_build/site/downloads').glob(
        'd2l-resnet-ko-*')}
    assert found == {f'd2l-resnet-ko-{tab}.{kind}' for tab in TABS
                     for kind in ('pdf', 'epub')} | {
                         'd2l-resnet-ko-notebooks.zip'}
