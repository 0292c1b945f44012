"""The PDF of every framework, as a reader opens it."""

import re
from collections import Counter

import pypdf
import pytest

from book.formats import pdf
from book.frameworks import FRAMEWORKS
from conftest import book, outputs_of

TABS = {'pytorch': 'from torch import nn', 'jax': 'from flax import linen',
        'tensorflow': 'import tensorflow', 'mxnet': 'from mxnet import'}


@pytest.fixture(params=TABS, scope='module')
def tab(request):
    return request.param


@pytest.fixture(scope='module')
def reader(build_folder, tab):
    return pypdf.PdfReader(build_folder / f'pdf/d2l-resnet-ko-{tab}.pdf')


@pytest.fixture(scope='module')
def text(reader):
    """The text without its spaces: lines end anywhere."""
    text = ''.join(page.extract_text() for page in reader.pages)
    return re.sub(r'\s', '', text).replace('\N{NON-BREAKING HYPHEN}', '-')


def resources(reader, kind):
    """Return the resources of a kind, also those inside of figures."""
    found, todo = {}, [page['/Resources'] for page in reader.pages]
    while todo:
        of_page = todo.pop()
        for ref in of_page.get(kind, {}).values():
            found[getattr(ref, 'idnum', id(ref))] = ref.get_object()
        for form in of_page.get('/XObject', {}).values():
            if '/Resources' in form.get_object():
                todo.append(form.get_object()['/Resources'])
    return list(found.values())


def test_fonts_are_embedded(reader):
    fonts = [font for parent in resources(reader, '/Font')
             for font in parent.get('/DescendantFonts', [parent])]
    names = ' '.join(str(font.get_object()['/BaseFont']) for font in fonts)
    assert 'NotoSerifCJK' in names and 'NotoSansCJK' in names
    for font in fonts:
        descriptor = font.get_object()['/FontDescriptor']
        assert any(f'/FontFile{kind}' in descriptor for kind in ('', 2, 3))


def test_text_can_be_searched(text, tab):
    for sentence in ('층을하나더하면네트워크가표현할수있는것이어떻게'
                     '달라질까요?',
                     '새로더한층이입력을그대로통과시킬수있으면'
                     '클래스가중첩됩니다.'):
        assert sentence in text
    for other, line in TABS.items():
        assert (line.replace(' ', '') in text) == (other == tab)


def test_sources_of_one_year_are_told_apart(text):
    for year in '2016a', '2016b':
        assert f'Heetal.,{year}' in text and f'({year})' in text


def test_nothing_is_undefined_or_of_the_web(text):
    assert '??' not in text and '[?]' not in text
    for mark in '탭을누르면', 'begin_tab', ':numref:', 'roletabpanel', '#@tab':
        assert mark not in text


def test_figures_and_curves_are_there_as_vectors(site, reader, text, tab):
    images, lines = outputs_of(site, tab)
    forms = {ref.idnum for page in reader.pages
             for ref in page['/Resources'].get('/XObject', {}).values()}
    objects = [reader.get_object(number) for number in forms]
    kinds = Counter(found['/Subtype'] for found in objects)
    assert kinds['/Image'] == images['image/png']       # which were no vectors
    assert kinds['/Form'] == images['image/svg+xml'] + 2 >= 7   # two covers
    for number in range(1, 8):
        assert f'그림1.{number}:' in text
    assert lines
    for line in lines:
        assert re.sub(r'\s', '', line) in text


def test_it_has_a_cover(reader, tab):
    first = reader.pages[0]
    assert '잔차 네트워크' in first.extract_text()
    assert FRAMEWORKS[tab].name in first.extract_text()
    assert first['/Resources']['/XObject']


def test_it_has_pages_bookmarks_and_metadata(reader):
    assert 18 <= len(reader.pages) <= 150
    assert reader.metadata.title.startswith('잔차 네트워크: ')

    def titles(outline):
        for entry in outline:
            yield from titles(entry) if isinstance(entry, list) else [
                entry.title]

    marks = ' '.join(titles(reader.outline))
    for title in '잔차 네트워크(ResNet)와 ResNeXt', '함수 클래스', '참고 문헌':
        assert title in marks


def test_links_lead_somewhere(reader):
    inside, outside = [], []
    for page in reader.pages:
        for ref in page.get('/Annots', []):
            action = ref.get_object().get('/A', ref.get_object())
            if '/URI' in action:
                outside.append(action['/URI'])
            else:
                inside.append(action.get('/D', action.get('/Dest')))
    assert len(inside) > 50 and outside
    assert {str(name) for name in inside} <= set(reader.named_destinations)
    assert all(uri.startswith('https://') for uri in outside)


def test_the_log_is_read():
    log = ('Overfull \\hbox (4.9pt too wide) in paragraph at lines 1--2\n'
           'Overfull \\hbox (5.2pt too wide) in paragraph at lines 3--4\n'
           "LaTeX Warning: Hyper reference `a' on page 1 undefined on input "
           'line 5.\n'
           'Missing character: There is no 뷁 in font nullfont!\n')
    assert len(pdf.mistakes(log)) == 3
    assert pdf.mistakes(log.splitlines()[0]) == []


def test_missing_programs_are_named():
    result = book('.', 'pdf', PATH='/nonexistent')
    assert result.returncode != 0
    for part in 'xelatex', 'latexmk', 'rsvg-convert', 'apt install':
        assert part in result.stdout
    assert 'Traceback' not in result.stdout
