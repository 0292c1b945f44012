"""The pages on a phone, 360 pixels wide, without a mouse."""

import pytest

from test_access import PAGES

BROKEN = '''() => [...document.querySelectorAll("td, th")].flatMap(cell => {
  const texts = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT)
  const broken = []
  while (texts.nextNode()) {
    const text = texts.currentNode
    for (const { 0: number, index } of text.data.matchAll(/\\d\\S*/g)) {
      const range = new Range()
      range.setStart(text, index)
      range.setEnd(text, index + number.length)
      const lines = [...range.getClientRects()].map(box => box.top)
      if (new Set(lines).size > 1) broken.push(number)
    }
  }
  return broken
})'''
COVERED = '''() => [...document.querySelectorAll(
  "button.copy")].filter(button => {
  const [box, code] = [button, button.parentElement.querySelector("pre")].map(
    element => element.getBoundingClientRect())
  return box.width && box.top < code.bottom && box.bottom > code.top
}).length'''
SCALES = '''() => [...document.querySelectorAll(
  "figure :is(img:not([alt='']), svg.function-classes)")].filter(
    image => image.checkVisibility()).map(image =>
  image.getBoundingClientRect().width /
  (image.getAttribute("width") ?? image.viewBox.baseVal.width))'''


@pytest.fixture
def phone(chromium, address):
    context = chromium.new_context(
        viewport={'width': 360, 'height': 740}, is_mobile=True,
        has_touch=True, device_scale_factor=1)
    page = context.new_page()
    yield page
    context.close()


@pytest.mark.parametrize('name', PAGES)
def test_nothing_is_squeezed_or_covered(phone, address, name):
    phone.goto(f'{address}/{name}.html', wait_until='networkidle')
    assert phone.evaluate(BROKEN) == []
    assert phone.evaluate(COVERED) == 0
    phone.evaluate('''Promise.all([...document.images].map(image => {
        image.loading = "eager"; return image.decode().catch(() => 0) }))''')
    assert all(scale >= 0.7 for scale in phone.evaluate(SCALES))
    assert phone.evaluate('document.documentElement.scrollWidth') <= 360


def test_no_button_lies_over_the_text(phone, address):
    phone.goto(f'{address}/chapter_resnet/resnet.html')
    for y in 3000, 2500:        # upward, the theme shows its button
        phone.evaluate(f'window.scrollTo({{top: {y}, behavior: "instant"}})')
        phone.wait_for_function(f'Math.abs(scrollY - {y}) < 2')
    assert not phone.locator('.back-to-top').is_visible()
