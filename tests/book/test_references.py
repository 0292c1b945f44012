"""The list of references: years, links, the way there and back."""

import pytest
from playwright.sync_api import expect
from pybtex.database import parse_string

from book.pages.citations import Style

SOURCES = '''
@article{first, author = {Kim, A. and Lee, B. and Park, C.}, title = {Beta},
  journal = {arXiv:1234.56789}, year = {2001}}
@book{second, author = {Kim, A. and Lee, B. and Park, C.}, title = {Alpha},
  publisher = {House}, year = {2001}}
@inproceedings{third, author = {Kim, A. and Lee, B. and Park, C.},
  title = {Gamma}, booktitle = {Talks}, year = {2002}, doi = {10.1/x}}
@misc{fourth, author = {Choi, D.}, title = {Undated}}
'''


def test_years_and_links():
    style = Style()
    entries = style.sort(parse_string(SOURCES, 'bibtex').entries.values())
    formatted = {
        entry.key: style.format_entry(label, entry) for entry, label in
        zip(entries, style.format_labels(entries), strict=True)}
    for key, year in [('first', '2001b'), ('second', '2001a'),
                      ('third', '2002')]:
        assert formatted[key].label == f'Kim et al., {year}'
        assert f'({year})' in str(formatted[key].text)
    assert formatted['fourth'].label == 'Choi, n.d.'
    for key, address in [('first', 'https://arxiv.org/abs/1234.56789'),
                         ('third', 'https://doi.org/10.1/x')]:
        assert f'href="{address}"' in formatted[key].text.render_as('html')


@pytest.mark.parametrize('cited, title', [
    ('2016a', 'Deep residual learning'), ('2016b', 'Identity mappings')])
def test_there_and_back(page, address, cited, title):
    page.goto(f'{address}/chapter_resnet/variants.html')
    there = page.locator('.bibtex-citation', has_text=cited).first
    place = there.get_attribute('id')
    there.get_by_role('link').click()
    source = page.locator('.citation:target')
    expect(source).to_contain_text(title)
    expect(source).to_contain_text(f'({cited})')
    expect(source.locator('a[href^="https://doi.org/10."]')).to_be_visible()
    assert source.locator('.cited a').first.inner_text().endswith('절')
    source.locator(f'.cited a[href$="variants.html#{place}"]').click()
    expect(page.locator(f'#{place}')).to_be_in_viewport()
    assert page.url.endswith(f'variants.html#{place}')
