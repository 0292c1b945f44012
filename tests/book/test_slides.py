"""Slides: they fit the screen, need no network, and have notes."""

import re

import nbformat
import pytest
from bs4 import BeautifulSoup

from book.formats import slides
from book.frameworks import TABS
from conftest import outputs_of

TITLES = {'background': '미리 알아 둘 것',
          'resnet': '잔차 네트워크(ResNet)와 ResNeXt',
          'inspect': '훈련 결과 들여다보기',
          'why-residual': '잔차 연결은 왜 통하는가',
          'variants': 'ResNet의 변형',
          'cnn-design': '합성곱 신경망의 설계',
          'interchange': '한 모델, 네 프레임워크',
          'howto': '어떻게 하나요?'}
# Whatever of a slide is beyond its frame, or code that is beyond its box.
BEYOND = '''() => {
  const slide = Reveal.getCurrentSlide()
  const frame = slide.getBoundingClientRect()
  return [...slide.querySelectorAll('*')].filter(element => {
    if (element.closest('aside')) return false
    const box = element.getBoundingClientRect()
    return box.left < frame.left || box.right > frame.right ||
      box.bottom > frame.bottom - 24 ||
      element.matches('pre') && element.scrollWidth > element.clientWidth + 1
  }).map(element => element.outerHTML.slice(0, 80))
}'''


@pytest.fixture
def decks(build_folder):
    return build_folder / 'slides/chapter_resnet'


@pytest.mark.parametrize('tab', TABS)
@pytest.mark.parametrize('section', TITLES)
def test_every_slide_fits_and_asks_no_other_host(decks, page, section, tab):
    asked = []
    page.on('request', lambda request: asked.append(request.url))
    page.set_viewport_size({'width': 1280, 'height': 720})
    page.goto((decks / f'{section}-{tab}.html').as_uri())
    page.wait_for_function('Reveal.isReady()')
    assert page.locator('h1').inner_text() == TITLES[section]
    number = page.evaluate('Reveal.getTotalSlides()')
    assert number > 8
    for i in range(number):
        page.evaluate(f'Reveal.slide({i})')
        page.evaluate('document.fonts.ready')
        assert not page.evaluate(BEYOND), f'slide {i + 1}'
        assert page.evaluate('Reveal.getCurrentSlide().innerText').strip()
    assert all(url.startswith(('file:', 'data:')) for url in asked)


def test_a_long_output_takes_slides_and_loses_no_line():
    lines = [f'line {i}' for i in range(3 * slides.LINES)]
    parts = slides.shown(nbformat.v4.new_output('stream',
                                                text='\n'.join(lines)))
    text = '\n'.join(BeautifulSoup(content, 'html.parser').get_text()
                     for content, _ in parts)
    assert text.splitlines() == lines
    assert all(height < slides.LINES for _, height in parts)


@pytest.mark.parametrize('tab', TABS)
def test_a_deck_shows_the_marks_and_notes_their_text(decks, page, tab):
    page.goto((decks / f'resnet-{tab}.html').as_uri())
    page.wait_for_function('Reveal.isReady()')
    shown = page.locator('h2, .lead').all_text_contents()
    for mark in ('잔차 블록', 'ResNet 모델', '훈련',
                 '단계를 지날 때마다 모양이 어떻게 바뀌는지'):
        assert mark in shown
    points = page.locator('.points li').all_text_contents()
    assert '잔차 블록은 항등 함수를 쉽게 배웁니다.' in points
    assert page.locator('.formula math').count() == 2   # its displays
    notes = page.locator('aside.notes').all_text_contents()
    assert sum(len(note) > 40 for note in notes) > len(notes) / 2
    text = ' '.join(notes)
    assert '그림 1.11에서 네트워크의 한 부분을 들여다봅시다' in text
    assert not re.search(r'\$|:\w+:`|\*\*|eval_rst', text)
    assert page.locator('aside.notes math').count() > 20
    assert page.evaluate('!!Reveal.getPlugin("notes")')
    code = ' '.join(page.locator('.code').all_text_contents())
    assert 'class Residual' in code and '#@save' not in code


def test_key_points_are_the_items_of_lists():
    assert slides.items('<ul><li>a <b>b</b><ul><li>c</li></ul></li></ul>'
                        '<ol><li>d</li></ol><ul><li>e</li></ul>') == [
        'a <b>b</b><ul><li>c</li></ul>', 'e']


@pytest.mark.parametrize('tab', TABS)
def test_a_deck_says_where_its_outputs_come_from(site, decks, page, tab):
    """And with that, what was not trained to the end."""
    shown = ''
    for section in TITLES:
        page.goto((decks / f'{section}-{tab}.html').as_uri())
        page.wait_for_function('Reveal.isReady()')
        shown += ''.join(page.locator('.provenance').all_text_contents())
    _, lines = outputs_of(site, tab)
    assert lines and all(line in shown for line in lines)
