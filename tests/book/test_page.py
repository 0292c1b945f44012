"""The pages, in a real browser."""

import re

import nbformat
import pytest
from fontTools.ttLib import TTFont
from playwright.sync_api import expect

from book.frameworks import TABS


@pytest.fixture
def resnet(page, address):
    page.goto(f'{address}/chapter_resnet/resnet.html')
    return page


def visible_panels(page):
    """Return the tabs of all panels that can be seen."""
    return page.eval_on_selector_all(
        '[role=tabpanel]',
        'panels => panels.filter(p => p.checkVisibility())'
        '                .map(p => p.dataset.tab)')


def is_chosen(page, tab):
    """Tell whether every block of the page shows this tab and no other."""
    chosen = page.eval_on_selector_all(
        '[role=tab][aria-selected=true]', 'all => all.map(t => t.dataset.tab)')
    return (set(visible_panels(page)) == set(chosen) == {tab}
            and len(chosen) == page.locator('[role=tablist]').count())


@pytest.mark.parametrize('tab', TABS)
def test_every_framework_shows_its_code_and_outputs(page, address, tab):
    page.goto(f'{address}/chapter_resnet/resnet.html?tab={tab}')
    assert is_chosen(page, tab)
    text = page.locator('article').inner_text()
    for shape in ([(4, 3, 6, 6), (4, 6, 3, 3), (1, 512, 3, 3),
                   (4, 32, 96, 96)] if tab in ('pytorch', 'mxnet') else
                  [(4, 6, 6, 3), (4, 3, 3, 6), (1, 3, 3, 512),
                   (4, 96, 96, 32)]):
        assert str(shape)[1:-1] in text
    assert text.count('Sequential output shape:') == 6
    epochs = re.findall(
        r'epoch \d+/(\d+): train_loss \d\.\d+, val_loss \d+\.\d+, val_acc '
        r'0\.\d+, [\d.]+ images/sec, [\d.]+ s', text)
    assert len(epochs) == int(epochs[0])
    curves = page.locator(f'[role=tabpanel][data-tab={tab}] '
                          'figure img.only-light')
    assert curves.count() == 1 and curves.is_visible()
    # What is not the whole says so.
    is_short = re.search('시험 실행의 결과입니다|에포크 가운데', text)
    assert bool(is_short) == (len(epochs) < 10)
    assert "tab.selected" not in text and '%%tab' not in text


def test_one_choice_switches_all_and_is_kept(resnet, address):
    assert is_chosen(resnet, 'pytorch')
    resnet.locator('[role=tab][data-tab=jax]').nth(3).click()
    assert is_chosen(resnet, 'jax')
    assert 'tab=jax' in resnet.url
    resnet.goto(f'{address}/chapter_resnet/resnet.html')
    assert is_chosen(resnet, 'jax')


def test_what_was_clicked_stays_where_it_was(resnet):
    button = resnet.locator('[role=tab][data-tab=mxnet]').nth(8)
    button.scroll_into_view_if_needed()
    before = button.bounding_box()['y']
    button.click()
    assert abs(button.bounding_box()['y'] - before) < 2


def test_tabs_work_from_the_keyboard(resnet):
    resnet.locator('[role=tab][data-tab=pytorch]').first.focus()
    for key, tab in [('ArrowRight', 'jax'), ('ArrowLeft', 'pytorch'),
                     ('ArrowLeft', 'mxnet'), ('Home', 'pytorch'),
                     ('End', 'mxnet'), ('ArrowRight', 'pytorch')]:
        resnet.keyboard.press(key)
        assert is_chosen(resnet, tab)
        assert resnet.evaluate('document.activeElement.dataset.tab') == tab


def marked(page, within='body'):
    """Return the texts marked as differing."""
    return page.evaluate("""within =>
        [...CSS.highlights.get("differing")].filter(
            range => range.startContainer.parentElement.closest(within))
            .map(String)""", within)


def test_two_frameworks_side_by_side(resnet, address):
    selects = resnet.locator('select.compare')
    assert selects.count() == resnet.locator('[role=tablist]').count()
    assert marked(resnet) == []
    selects.nth(1).scroll_into_view_if_needed()
    before = selects.nth(1).bounding_box()['y']
    selects.nth(1).select_option('mxnet')
    assert abs(selects.nth(1).bounding_box()['y'] - before) < 2
    assert set(visible_panels(resnet)) == {'pytorch', 'mxnet'}
    pair = [resnet.locator(f'[role=tabpanel][data-tab={tab}]').nth(1)
            .bounding_box() for tab in ('pytorch', 'mxnet')]
    assert pair[0]['y'] == pair[1]['y']
    assert pair[0]['x'] + pair[0]['width'] < pair[1]['x']
    tokens = set(marked(resnet, within='#panel-1-pytorch, #panel-1-mxnet'))
    assert {'F', 'npx', 'LazyConv2d', 'Conv2D'} <= tokens
    assert not {'return', 'relu', 'bn2', 'Y'} & tokens   # are in both
    assert 'compare=mxnet' in resnet.url
    resnet.goto(f'{address}/chapter_resnet/interchange.html')
    assert set(visible_panels(resnet)) == {'pytorch', 'mxnet'}
    resnet.locator('[role=tab][data-tab=mxnet]').first.click()
    assert set(visible_panels(resnet)) == {'mxnet'}     # nothing to compare
    assert marked(resnet) == []


@pytest.mark.parametrize('name', ['resnet', 'variants', 'interchange'])
def test_what_is_compared_needs_no_scrolling(page, address, name):
    """The sidebars fold away; the book's is still a click away."""
    page.set_viewport_size({'width': 1440, 'height': 900})
    page.goto(f'{address}/chapter_resnet/{name}.html?tab=jax&compare=mxnet')
    wide = page.eval_on_selector_all('.tabs pre', """blocks => blocks.filter(
        pre => pre.checkVisibility() && pre.scrollWidth > pre.clientWidth
      ).map(pre => pre.textContent.slice(0, 80))""")
    assert not wide
    assert page.locator('.tabs pre:visible').first.bounding_box()[
        'width'] > 600
    contents = page.get_by_role('link', name='참고 문헌').first
    expect(contents).not_to_be_in_viewport()
    page.locator('label.nav-overlay-icon').click()
    expect(contents).to_be_in_viewport()


def test_on_a_narrow_screen_nothing_is_compared(resnet):
    resnet.locator('select.compare').first.select_option('jax')
    resnet.set_viewport_size({'width': 390, 'height': 800})
    assert set(visible_panels(resnet)) == {'pytorch'}
    assert not resnet.locator('select.compare').first.is_visible()


def test_code_is_copied_without_its_output(resnet):
    resnet.context.grant_permissions(['clipboard-read', 'clipboard-write'])
    cell = resnet.locator('[role=tabpanel][data-tab=pytorch] .highlight',
                          has_text='blk = Residual(3)')
    cell.hover()
    cell.locator('button.copy').click()
    cell.get_by_text('복사했습니다').wait_for()
    copied = resnet.evaluate('navigator.clipboard.readText()')
    assert copied.startswith('blk = Residual(3)\n')
    assert copied.endswith('blk(X).shape\n')


@pytest.mark.parametrize('name', ['functionclasses', 'residual-block',
                                  'resnet-block', 'resnet18',
                                  'resnext-block'])
def test_a_reference_leads_to_the_whole_figure(page, address, name):
    page.goto(f'{address}/chapter_resnet/resnet.html#fig-{name}')
    figure = page.locator(f'figure#fig-{name} '
                          ':is(img.only-light, svg.function-classes)')
    expect(figure).to_be_in_viewport(ratio=1, timeout=15_000)   # it glides


@pytest.mark.parametrize('reference, shown', [
    ('background.html#fig-inception', 'Inception 블록'),
    ('references.html#cite-he-zhang-ren-ea-2016',
     'Deep residual learning'),
    ('#subsec-residual-blks', '잔차 블록'),
    ('#equation-eq-best-in-class', '(1.9)')])
def test_a_reference_is_previewed(resnet, reference, shown):
    link = resnet.locator(
        f'article a.internal[href="{reference}"]:not(.headerlink)').first
    preview = resnet.locator('#preview')
    for look in link.hover, link.focus:
        assert not preview.is_visible()
        look()
        preview.get_by_text(shown).first.wait_for()
        resnet.keyboard.press('Escape')
    for image in preview.locator('img').element_handles():
        assert image.evaluate('image => image.decode()') is None


def test_names_in_code_are_explained(resnet, address):
    resnet.goto(f'{address}/chapter_resnet/resnet.html?tab=jax')
    panel = resnet.locator('[role=tabpanel][data-tab=jax]',
                           has_text='max_epochs=10')
    panel.get_by_role('link', name='Trainer').click()
    assert resnet.url.endswith('/api/jax.html#d2l.jax.Trainer')
    assert resnet.locator('dt:target').is_visible()


@pytest.mark.parametrize('tab, name, host', [
    ('pytorch', 'LazyConv2d', 'docs.pytorch.org'),
    ('jax', 'BatchNorm', 'flax-linen.readthedocs.io'),
    ('tensorflow', 'GlobalAvgPool2D', 'www.tensorflow.org'),
    ('mxnet', 'MaxPool2D', 'mxnet.apache.org')])
def test_names_of_the_frameworks_lead_to_their_documentation(
        resnet, tab, name, host):
    links = resnet.locator(f'[role=tabpanel][data-tab={tab}] a.name',
                           has_text=re.compile(f'^{name}$'))
    addresses = set(links.evaluate_all('links => links.map(a => a.href)'))
    assert len(addresses) == 1
    assert re.fullmatch(rf'https://{host}/.*\b{name}(\.html)?',
                        addresses.pop())


def test_function_classes_grow_with_a_slider(resnet):
    """Nested classes come nearer with every step, others do not."""
    slider = resnet.get_by_label('함수 클래스의 크기')
    slider.focus()
    distances = []
    for _ in range(6):
        distances.append([int(number) for number in re.findall(
            r' (\d+)', resnet.locator('figure output').inner_text())])
        slider.press('ArrowRight')
    others, nested = zip(*distances, strict=True)
    assert sorted(nested, reverse=True) == list(nested)
    assert others[2] < others[0] and others[5] > others[2]


def test_costs_of_the_chosen_model(page, address):
    """The table counts what the papers count, for any model and input."""
    page.goto(f'{address}/chapter_resnet/variants.html')
    table = page.locator('table.layer-costs')

    def total():
        return int(table.locator('tr').last.locator('td').last.inner_text()
                   .replace(',', ''))

    small = total()     # ResNet-18, 96 × 96
    page.get_by_label('입력').select_option('224')
    assert total() / 1e9 == pytest.approx(1.81, abs=0.005)
    # The convolutions cost as much as there are pixels.
    assert total() / small == pytest.approx((224 / 96)**2, rel=0.01)
    page.get_by_label('모델').select_option('ResNeXt-50')
    assert total() / 1e9 == pytest.approx(4.23, abs=0.005)
    assert '2048 × 7 × 7' in table.inner_text()
    assert 'ResNeXt-50에 224 × 224' in table.inner_text()


def test_in_print_only_the_chosen_framework(resnet):
    resnet.locator('select.compare').first.select_option('jax')
    resnet.emulate_media(media='print')
    assert set(visible_panels(resnet)) == {'pytorch'}


def test_without_scripts_every_framework_is_there(chromium, address):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f'{address}/chapter_resnet/resnet.html')
    text = page.locator('article').inner_text()
    assert 'nn.LazyConv2d' in text and 'feature_group_count' in text
    assert 'tf.keras' in text and 'nn.Conv2D' in text
    assert page.locator('.tab-name', has_text='TensorFlow').first.is_visible()
    context.close()


@pytest.mark.parametrize('width', [360, 1280])
def test_the_front_page_says_what_the_book_is(page, address, width):
    page.set_viewport_size({'width': width, 'height': 800})
    page.goto(f'{address}/index.html')
    cover = page.locator('article img.only-light[src$="cover.svg"]')
    expect(cover).to_be_in_viewport(ratio=1)
    for what in '배우는 것', '읽는 이', '필요한 것', '여기서 시작하십시오':
        expect(page.locator('strong', has_text=what)).to_be_visible()
    takes = page.get_by_role('navigation', name='책의 다른 형식')
    links = takes.get_by_role('link').all_inner_texts()
    assert links == ['PyTorch', 'JAX', 'TensorFlow', 'MXNet']   # Colab alone
    titles = [page.locator('h1').inner_text()]
    page.locator('p', has_text='여기서').get_by_role('link').first.click()
    titles.append(page.locator('h1').inner_text())
    page.locator('.toctree-wrapper a', has_text='ResNeXt').first.click()
    titles.append(page.locator('h1').inner_text())
    assert len({re.sub('^[0-9. ]+|¶', '', title) for title in titles}) == 3


def test_asks_no_other_host(page, address):
    asked = []
    page.on('request', lambda request: asked.append(request.url))
    for name in ('index', 'chapter_resnet/index', 'chapter_resnet/resnet'):
        page.goto(f'{address}/{name}.html', wait_until='networkidle')
    assert len(asked) > 3
    assert not [url for url in asked
                if not url.startswith((address, 'data:'))]


def test_all_figures_load(resnet):
    # A curve a tab, and the figures of the section.
    assert resnet.locator('article img.only-light').count() == 6 + len(TABS)
    assert resnet.locator('svg.function-classes').is_visible()  # by script
    resnet.evaluate('''Promise.all(
        [...document.querySelectorAll("article img")].map(image => {
          image.loading = "eager";
          return image.decode();
        }))''')


def test_says_how_long_it_takes(resnet):
    minutes = resnet.locator('.about-page p').first.inner_text()
    assert 10 < int(re.fullmatch('읽는 데 약 ([0-9]+)분', minutes)[1]) < 60


def test_a_short_section_offers_its_notebooks_too(built_book, page):
    page.goto((built_book / '_build/html/chapter_resnet/x.html').as_uri())
    shown = page.locator('.about-page p').all_inner_texts()
    assert shown[0] == '읽는 데 약 1분'
    assert [line.partition(':')[0] for line in shown[1:]] == ['PyTorch 노트북']


@pytest.mark.parametrize('tab', TABS)
def test_offers_its_notebook(page, address, tab):
    """In Colab and as a file that needs no other, in the chosen framework."""
    page.goto(f'{address}/chapter_resnet/resnet.html?tab={tab}')
    colab, file = page.locator('.about-page a:visible').all()
    assert colab.get_attribute('href') == (
        'https://colab.research.google.com/github/d2l-resnet-ko/d2l-resnet-ko/'
        f'blob/colab/{tab}/chapter_resnet/resnet.ipynb')
    with page.expect_download() as download:
        file.click()
    nb = nbformat.read(download.value.path(), 4)
    text = '\n'.join(cell.source for cell in nb.cells)
    assert f'from d2l import {tab.replace("pytorch", "torch")} as d2l' in text
    assert 'data:image/png;base64,' in text and '](../img/' not in text


def test_images_load_late_keep_their_place_and_are_described(resnet):
    for image in resnet.locator('article img').element_handles():
        # The others are never seen, or only in another tab or at night.
        assert image.get_attribute('loading') == (
            'eager' if image.is_visible() else 'lazy')
        assert '.svg' not in image.get_attribute('alt')
        assert len(image.get_attribute('alt')) > 10
        given = [int(image.get_attribute(side)) for side in
                 ('width', 'height')]
        image.evaluate('i => { i.loading = "eager"; return i.decode() }')
        real = image.evaluate('i => [i.naturalWidth, i.naturalHeight]')
        assert given == pytest.approx(real, abs=1)


def test_figures_and_formulas_are_numbered_in_korean(resnet):
    text = resnet.locator('article').inner_text()
    for number in range(9, 14):
        assert f'그림 1.{number}' in text
    assert resnet.locator('math').count() > 50
    assert resnet.locator('.eqno').first.inner_text().startswith('(1.9)')


@pytest.mark.parametrize('name', [
    'index', 'chapter_resnet/index', 'chapter_resnet/background',
    'chapter_resnet/inspect', 'chapter_resnet/why-residual',
    'chapter_resnet/variants',
    'chapter_resnet/cnn-design', 'chapter_resnet/interchange',
    'chapter_resnet/howto',
    'chapter_resnet/glossary', 'chapter_resnet/references'])
def test_every_page_is_whole(page, address, name):
    page.goto(f'{address}/{name}.html')
    article = page.locator('article')
    assert len(article.inner_text()) > 100
    article.evaluate('''article => {     // code has such signs of its own
        for (const code of article.querySelectorAll("pre")) code.remove() }''')
    text = article.inner_text()
    # Marks of the source that were not understood.
    for mark in (':label:', ':numref:', ':cite', '[**', '(**', '```', '\\'):
        assert mark not in text


@pytest.mark.parametrize('width', [360, 1280])
def test_a_formula_ends_before_its_number(resnet, width):
    resnet.set_viewport_size({'width': width, 'height': 800})
    overlap, number = resnet.eval_on_selector('div.math:has(.eqno)', """
        block => {
            block.scrollLeft = block.scrollWidth
            const [formula, number] = ["math", ".eqno"].map(
                name => block.querySelector(name).getBoundingClientRect())
            return [formula.right - number.left, number.width]
        }""")
    assert number > 0 and overlap <= 0


def test_fonts_have_what_formulas_are_drawn_with(site):
    """The root too, a sign that stands in no page's text."""
    with TTFont(site / '_static/fonts/stix-two-math.woff2') as font:
        assert set('√𝑓(') <= set(map(chr, font.getBestCmap()))
