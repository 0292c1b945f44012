"""Drawings in the dark: no white slabs, and pictures stay as they are."""

import re

import pytest

from book.pages.dark import darkened

DRAWING = '''<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"
  xmlns:xlink="http://www.w3.org/1999/xlink">
<style>.a { fill: white; stroke: #000 } .red { font-family: "black" }</style>
<rect class="a" width="9" height="9"/><path d="M0 0 9 9" id="p"
  style="stroke: rgb(31, 119, 180); fill: none; stroke-width: 2"/>
<text fill="#ffffff80">t</text><use xlink:href="#p"/>
<image width="1" height="1" xlink:href="data:image/png;base64,AAAA"/></svg>'''
# How light the drawings are that can be seen, from 0 to 1.
LIGHTNESS = '''() => Promise.all([...document.querySelectorAll(
  "article img[src$='.svg']")].filter(image => image.checkVisibility())
  .map(async image => {
    image.loading = "eager"
    await image.decode()
    const canvas = document.createElement("canvas")
    const draw = canvas.getContext("2d")
    draw.drawImage(image, 0, 0, canvas.width, canvas.height)
    const { data } = draw.getImageData(0, 0, canvas.width, canvas.height)
    return data.reduce((sum, x, i) => i % 4 < 3 ? sum + x : sum) /
      (255 * 0.75 * data.length)
  }))'''


def test_each_color_is_turned(tmp_path):
    path = tmp_path / 'x.svg'
    path.write_text(DRAWING)
    dark = darkened(path)
    black, white = 'rgba(237, 237, 237, 1)', 'rgba(20, 20, 20, 1)'
    for part in (f'fill="{black}"',             # of what names no colour
                 f'.a {{fill: {white}; stroke: {black}}}',
                 '.red {font-family: &quot;black&quot;}',
                 'fill: none; stroke-width: 2',
                 'rgba(20, 20, 20, 0.5', 'xlink:href="#p"',
                 'xlink:href="data:image/png;base64,AAAA"'):
        assert part in dark
    red, green, blue = map(int, re.search(
        r'stroke: rgba\((\d+), (\d+), (\d+), 1\); fill: none', dark).groups())
    assert red < green <= blue                  # it is blue still


@pytest.mark.parametrize('name', [
    'index', 'chapter_resnet/background', 'chapter_resnet/resnet',
    'chapter_resnet/variants'])
def test_drawings_are_as_dark_as_the_page(page, address, name):
    page.emulate_media(color_scheme='dark')
    page.goto(f'{address}/{name}.html')
    lightness = page.evaluate(LIGHTNESS)
    assert lightness and max(lightness) < 0.4
    page.emulate_media(media='print')           # paper is white
    assert min(page.evaluate(LIGHTNESS)) > 0.6


def test_they_follow_the_button_and_the_slider_does_too(page, address):
    page.goto(f'{address}/chapter_resnet/resnet.html')
    assert min(page.evaluate(LIGHTNESS)) > 0.6
    figure = page.locator('svg.function-classes')
    before = figure.screenshot()
    while page.locator('body').get_attribute('data-theme') != 'dark':
        page.locator('button.theme-toggle:visible').first.click()
    assert max(page.evaluate(LIGHTNESS)) < 0.4
    assert figure.screenshot() != before
    assert figure.evaluate('svg => getComputedStyle(svg).filter') != 'none'
