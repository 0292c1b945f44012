"""The pages on paper, as Chromium prints them."""

import io
import re
from collections import Counter

import pypdf
import pytest

from book.frameworks import FRAMEWORKS

# A PDF has the letters of formulas in the order in which they are drawn.
NO_FORMULAS = '''for (const math of document.querySelectorAll("math"))
  math.textContent = ""'''
# What a reader sees of a page and of its figures.
SEEN = '''async () => {
  const seen = image => image.checkVisibility() && image.src.endsWith(".svg")
  const figures = [...document.images].filter(seen).map(async image => {
    const svg = await (await fetch(image.src)).text()
    const parsed = new DOMParser().parseFromString(svg, "image/svg+xml")
    const texts = [...parsed.querySelectorAll("text:not(.math)")]
    return texts.map(text => text.textContent).join("\\n")
  })
  return [document.body.innerText, ...await Promise.all(figures)].join("\\n")
}'''


def words(text):
    """Return the Korean and the longer Latin words of a text, counted."""
    return Counter(re.findall('[가-힣]+|[A-Za-z_]{3,}', text))


@pytest.fixture
def printed(page, address):
    """Print a page; return the text of each sheet and what was to be seen."""
    def sheets(name):
        page.goto(f'{address}/{name}', wait_until='networkidle')
        page.emulate_media(media='print')
        page.evaluate(NO_FORMULAS)
        pdf = pypdf.PdfReader(io.BytesIO(page.pdf()))
        return [sheet.extract_text() for sheet in pdf.pages], page.evaluate(
            SEEN)

    return sheets


@pytest.mark.parametrize('name', [
    'index.html', 'chapter_resnet/references.html',
    'chapter_resnet/resnet.html?tab=jax&compare=mxnet',
    'chapter_resnet/variants.html?tab=tensorflow'])
def test_what_is_printed_is_what_is_seen(printed, name):
    sheets, seen = printed(name)
    assert words('\n'.join(sheets)) == words(seen)


def test_nothing_to_touch_is_printed_and_code_has_its_name(printed):
    sheets, _ = printed('chapter_resnet/resnet.html?tab=mxnet')
    text = '\n'.join(sheets)
    for touched in '본문으로', '함수 클래스의 크기', '내려받기':
        assert touched not in text
    for tab, framework in FRAMEWORKS.items():
        rows = len(re.findall(f'^{framework.name} *$', text, re.MULTILINE))
        assert bool(rows) == (tab == 'mxnet')
    assert not [sheet for sheet in sheets
                if sheet.rstrip().endswith('\nMXNet')]
