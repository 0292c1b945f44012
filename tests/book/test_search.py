"""The search, as its readers use it."""

import unicodedata

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from conftest import serve

# What is typed, and a heading among the first three that it finds.
QUERIES = [
    ('잔차', '1.2.2 잔차 블록'),
    ('잔차를', '1.2.1 함수 클래스'),              # a particle
    ('잔차블록을', '1.2.2 잔차 블록'),            # that the book does not have
    ('잔차블록', '1.2.2 잔차 블록'),
    ('정규화', '1.1.3 배치 정규화'),
    ('배치정규화', '1.1.3 배치 정규화'),
    ('배치 정규화 기본값', '1.7.3.3 배치 정규화의 기본값'),
    ('정귷', '1.1.3 배치 정규화'),                # 정규화 in the making
    ('정규ㅎ', '1.1.3 배치 정규화'),
    (unicodedata.normalize('NFD', '정규화'), '1.1.3 배치 정규화'),
    ('그룹', '1.2.5 ResNeXt'),
    ('그룹합성곱', '1.2.5 ResNeXt'),
    ('층', '1.2.3 ResNet 모델'),
    ('항등 함수', '1.2.1 함수 클래스'),
    ('항등함수', '1.2.1 함수 클래스'),
    ('지름길', '1.2.2 잔차 블록'),
    ('병목', '1.5.1 병목 블록'),
    ('과적합', '1.2.4 훈련'),
    ('학습률', '1.8.5 학습률 바꾸기'),
    ('이동 분산', '1.7.3.4 이동 분산'),
    ('패딩', '1.7.3.2 패딩'),
    ('가중치', '1.7.1 가중치를 옮기는 파일'),
    ('컨볼루션', '1.9 용어'),
    ('잔챠 네트워크', '1.2 잔차 네트워크(ResNet)와 ResNeXt'),   # mistaken
    ('잔챠', '1.2.2 잔차 블록'),
    ('베치 정규화', '1.1.3 배치 정규화'),
    ('지룸길', '1.2.2 잔차 블록'),
    ('오버피팅', '1.2.4 훈련'),                   # of the glossary
    ('다운로드', '1 더 깊은 네트워크'),
    ('3x3', '1.5.1 병목 블록'),
    ('3×3 합성곱', '1.2.2 잔차 블록'),
    ('Residual', '1.2.2 잔차 블록'),
    ('residual conn', '1.2.2 잔차 블록'),
    ('Resdiual', '1.2.2 잔차 블록'),              # mistaken
    ('ResNeXt의', '1.2.5 ResNeXt'),
    ('resnextblock', 'ResNeXtBlock'),
    ('Trainer.fit', 'Trainer.fit'),
    ('nn.LazyConv2d', '1.2.2 잔차 블록'),         # PyTorch
    ('feature_group_count', '1.2.5 ResNeXt'),     # JAX
    ('GlobalAvgPool2D', '1.1.4.3 GoogLeNet'),     # a part, of two frameworks
    ('set_np', '1.2 잔차 네트워크(ResNet)와 ResNeXt'),       # MXNet
    ('safetensors', '1.7.1 가중치를 옮기는 파일'),
    ('He 2016', '1.10 참고 문헌'),
]


@pytest.fixture
def resnet(page, address):
    page.goto(f'{address}/chapter_resnet/resnet.html')
    return page


def part(page, role, **which):
    """Return what has a role in the dialog."""
    return page.locator('dialog.search').get_by_role(role, **which)


def open_search(page):
    """Open the search, and wait until it is ready."""
    page.keyboard.press('Control+k')
    expect(part(page, 'status')).not_to_contain_text('불러오고')


def search(page, query):
    """Open the search and look for something; return the headings found."""
    open_search(page)
    return find(page, query)


def find(page, query):
    part(page, 'combobox').fill(query)
    return page.locator('.search-heading').all_inner_texts()


def option(page, heading):
    return part(page, 'option').filter(
        has=page.locator('.search-heading').get_by_text(heading, exact=True))


def marked(page):
    """Return what is marked on the page."""
    return page.evaluate(
        '[...(CSS.highlights.get("search") ?? [])].map(String)')


def test_finds(resnet):
    open_search(resnet)
    for query, heading in QUERIES:
        assert heading in find(resnet, query)[:3], query


def test_finds_as_one_types(resnet):
    open_search(resnet)
    status, options = part(resnet, 'status'), part(resnet, 'option')
    for letter in '병목':
        resnet.keyboard.type(letter)
        expect(options.first.locator('mark').first).to_contain_text(letter)
        expect(status).to_have_text(f'{options.count()}곳을 찾았습니다.')
    resnet.keyboard.type('꽃밭')
    expect(status).to_have_text('찾은 곳이 없습니다. 다른 말로 찾아보십시오.')
    expect(options).to_have_count(0)


def test_shows_the_page_and_an_excerpt(resnet):
    search(resnet, '배치정규화')
    first = option(resnet, '1.1.3 배치 정규화')
    expect(first.locator('.search-page')).to_have_text('1.1 미리 알아 둘 것')
    expect(first.locator('.search-heading mark')).to_have_text('배치 정규화')
    expect(first.locator('.search-text mark')).to_have_text('배치 정규화')
    expect(first.locator('.search-text')).to_contain_text('batch normal')


def test_finds_nothing_twice(resnet):
    open_search(resnet)
    for query in ('Residual', '훈련', 'Trainer', 'num_channels', 'd2l', '의'):
        find(resnet, query)
        addresses = part(resnet, 'option').evaluate_all(
            'links => links.map(link => link.href)')
        assert len(addresses) == len(set(addresses)) > 1
    assert find(resnet, 'LeNet').count('LeNet') == 1     # of four modules


def test_what_cells_print_is_not_searched(resnet, site):
    printed = resnet.locator('article .output').first.text_content()
    assert printed.strip() not in (site / '_static/data/search.js'
                                 ).read_text()


def test_sphinx_search_is_not_there(site):
    for name in ('search.html', 'searchindex.js'):
        assert not (site / name).exists()


def test_keyboard(resnet, address):
    resnet.get_by_role('button', name='찾기').focus()
    headings = search(resnet, '정규화')
    field = part(resnet, 'combobox')
    expect(field).to_be_focused()
    expect(field).to_have_attribute('aria-expanded', 'true')
    chosen = part(resnet, 'option', selected=True)
    for key, place in [('ArrowDown', 1), ('ArrowDown', 2), ('ArrowUp', 1),
                       ('ArrowUp', 0), ('ArrowUp', -1), ('ArrowDown', 0),
                       ('ArrowDown', 1)]:
        resnet.keyboard.press(key)
        expect(chosen.locator('.search-heading')).to_have_text(headings[place])
        expect(field).to_have_attribute('aria-activedescendant',
                                        chosen.get_attribute('id'))
        expect(chosen).to_be_in_viewport(ratio=0.9)
    resnet.keyboard.press('Escape')
    expect(field).not_to_be_visible()
    expect(resnet.get_by_role('button', name='찾기')).to_be_focused()
    open_search(resnet)         # what was typed is still there
    resnet.keyboard.press('ArrowDown')
    resnet.keyboard.press('Enter')
    resnet.wait_for_url(f'{address}/chapter_resnet/interchange.html?q=*'
                        '#subsec-batch-norm-defaults')
    expect(resnet.locator('#subsec-batch-norm-defaults > h3')
           ).to_be_in_viewport()


def test_enter_that_ends_a_syllable_stays(resnet):
    search(resnet, '정규화')
    part(resnet, 'combobox').dispatch_event(
        'keydown', {'key': 'Enter', 'isComposing': True})
    expect(part(resnet, 'combobox')).to_be_visible()


def test_closes_by_mouse(resnet):
    for close in (lambda: resnet.get_by_role('button', name='닫기').click(),
                  lambda: resnet.mouse.click(5, 5),
                  lambda: resnet.keyboard.press('Control+k')):
        search(resnet, '정규화')
        close()
        expect(part(resnet, 'combobox')).not_to_be_visible()


def test_marks_on_the_page_until_escape(resnet):
    search(resnet, '배치정규화')
    option(resnet, '1.1.3 배치 정규화').click()
    resnet.wait_for_url('**/background.html?q=*#sec-batch-norm')
    assert set(marked(resnet)) == {'배치 정규화'}
    resnet.keyboard.press('Escape')
    assert not marked(resnet)


def test_a_mark_may_cross_elements(page, address):
    page.goto(f'{address}/chapter_resnet/resnet.html?q=함수클래스(function')
    assert '함수 클래스' in marked(page)
    assert 'function' in marked(page)
    page.goto(f'{address}/chapter_resnet/resnet.html?q=LazyConv2d')
    assert set(marked(page)) == {'LazyConv2d'}


def test_keeps_the_reader_s_framework(page, address):
    page.goto(f'{address}/chapter_resnet/resnet.html?tab=mxnet')
    search(page, '손실')
    option(page, '1.2.4 훈련').click()
    page.wait_for_url('**/resnet.html?q=*&tab=mxnet#subsec-resnet-training')
    search(page, 'LeNet')
    option(page, 'LeNet').click()
    page.wait_for_url('**/mxnet.html?q=LeNet&tab=mxnet#d2l.mxnet.LeNet')


def test_opens_the_framework_that_has_it(resnet):
    search(resnet, 'feature_group_count')
    option(resnet, '1.2.5 ResNeXt').click()
    resnet.wait_for_url('**/resnet.html?q=feature_group_count&tab=jax#subsec-resnext')
    assert marked(resnet) == ['feature_group_count']
    expect(resnet.get_by_text('feature_group_count')).to_be_visible()


@pytest.mark.parametrize('scheme', ['light', 'dark'])
@pytest.mark.parametrize('width', [1280, 320])
def test_everybody_can_use_it(page, address, scheme, width):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({'width': width, 'height': 640})
    page.goto(f'{address}/chapter_resnet/resnet.html')
    page.locator('.search-open:visible').first.click()
    for query in ('', 'feature_group_count', '정규화', '없는말'):
        find(page, query)
        found = Axe().run(page).response['violations']
        assert not found, [(v['id'], v['nodes']) for v in found]
        for part in page.locator('dialog.search *').all():
            box = part.bounding_box()
            assert not box or 0 <= box['x'] <= box['x'] + box['width'] <= width


def test_asks_for_nothing_before_it_opens_and_no_other_host(page, site):
    """Served under a sub-folder, from pages at each depth."""
    asked, said = [], []
    page.on('request', lambda request: asked.append(request.url))
    page.on('console', lambda message: said.append(message.text))
    with serve(site.parent) as address:
        for name in ('index', 'api/torch'):
            asked.clear()
            page.goto(f'{address}/{site.name}/{name}.html',
                      wait_until='networkidle')
            before = len(asked)
            search(page, '잔차')
            option(page, '1.2.2 잔차 블록').click()
            page.wait_for_url(f'{address}/{site.name}/chapter_resnet/resnet'
                              '.html?q=*#subsec-residual-blks')
            after = asked[before:]
            assert [url.rpartition('/')[2] for url in after[:2]] == [
                'minisearch-7.2.0.js', 'search.js']
            assert all(url.startswith(address) or url.startswith('data:')
                       for url in asked)
    assert not said


def test_says_so_when_the_network_fails_and_tries_again(resnet):
    resnet.route('**/data/search.js', lambda route: route.abort())
    open_search(resnet)
    resnet.keyboard.type('잔')
    expect(part(resnet, 'status')).to_contain_text('불러올 수 없습니다')
    resnet.unroute('**/data/search.js')
    resnet.keyboard.type('차')
    expect(part(resnet, 'option').first).to_be_visible()
