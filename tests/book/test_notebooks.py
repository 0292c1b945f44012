"""Notebooks for readers: a zip, Colab and SageMaker."""

import re
import zipfile
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup

from book.formats import notebooks
from book.frameworks import FRAMEWORKS
from conftest import book

TABS = {tab: framework.module for tab, framework in FRAMEWORKS.items()}
SECTIONS = [path.stem for path in sorted(Path('chapter_resnet').glob('*.md'))]


def read(folder):
    """Return every notebook under a folder, by its path, and check it."""
    notebooks = {path: nbformat.read(path, as_version=4)
                 for path in sorted(folder.rglob('*.ipynb'))}
    for nb in notebooks.values():
        nbformat.validate(nb)
    return notebooks


def text_of(nb):
    return '\n\n'.join(cell.source for cell in nb.cells
                       if cell.cell_type == 'markdown')


def code_of(nb):
    return '\n'.join(cell.source for cell in nb.cells
                     if cell.cell_type == 'code')


def test_the_zip_holds_every_section_of_every_framework(unpacked):
    for tab, module in TABS.items():
        paths = {path.relative_to(unpacked / tab).as_posix()
                 for path in (unpacked / tab).rglob('*.ipynb')}
        assert paths == {'index.ipynb', *(f'chapter_resnet/{section}.ipynb'
                                          for section in SECTIONS)}
        nb = nbformat.read(unpacked / tab / 'chapter_resnet/resnet.ipynb', 4)
        assert f'from d2l import {module} as d2l' in code_of(nb)
        for other in set(TABS.values()) - {module}:
            assert f'from d2l import {other}' not in code_of(nb)


@pytest.mark.parametrize('tab, module', TABS.items())
def test_the_zip_installs_what_its_notebooks_need(unpacked, tab, module):
    """What it lists is the package in it, and the framework."""
    readme = (unpacked / 'README.md').read_text('utf-8')
    assert 'pip install -r requirements-' in readme and f'`{tab}`' in readme
    package, *others = (unpacked / f'requirements-{tab}.txt'
                        ).read_text().splitlines()
    wheel, _, extra = package.partition('[')
    assert extra == 'notebook]' and (unpacked / wheel).is_file()
    assert wheel.removeprefix('./') in readme
    assert module in {re.split('[=<]', other)[0] for other in others}
    with zipfile.ZipFile(unpacked / wheel) as archive:
        assert f'd2l/{module}.py' in archive.namelist()


def test_no_mark_of_the_book_is_left(unpacked):
    for path, nb in read(unpacked).items():
        assert nb.metadata.kernelspec.name == 'python3'
        assert nb.metadata.kernelspec.display_name == 'Python 3'
        assert nb.metadata.language_info.name == 'python'
        text = re.sub(r'^```bibtex.*?^```', '', text_of(nb),
                      flags=re.DOTALL | re.MULTILINE)
        assert not re.search(r':\w+:|\.\. \w|```|\[\*\*|\*\*\]|\(\*\*|\*\*\)',
                             text), path
        assert not re.search(r'%%tab|interact_select|d2lbook|tab\.selected',
                             code_of(nb)), path


def test_links_and_figures_lead_somewhere(unpacked):
    notebooks = read(unpacked)
    number = 0
    for path, nb in notebooks.items():
        for address in re.findall(r'\]\(([^)]+)\)', text_of(nb)):
            if re.match('https?:', address):
                continue
            file, _, place = address.partition('#')
            target = (path.parent / file).resolve() if file else path
            assert target.exists(), f'{path}: {address}'
            if place:
                number += 1
                assert f'<a id="{place}"></a>' in text_of(notebooks[target])
    assert number > 200


@pytest.mark.parametrize('section', ['index', *(
    f'chapter_resnet/{section}' for section in SECTIONS)])
def test_the_numbers_are_those_of_the_page(site, unpacked, section):
    """References, headings and captions say what the web page says."""
    html = BeautifulSoup((site / f'{section}.html').read_text(), 'html.parser')
    article = html.find('article') or html
    for other in article.select(
            'a.headerlink, [role=tabpanel]:not([data-tab=pytorch])'):
        other.decompose()
    page = {'references': [span.text for span in
                           article.select('span.std-numref')],
            'headings': [re.match(r'[\d.]*', heading.text)[0] for heading in
                         article.select('section > :is(h1, h2, h3, h4)')],
            'captions': [span.text.strip() for span in
                         article.select('span.caption-number')],
            'equations': [span.text for span in article.select('span.eqno')],
            'citations': [f'{link.text}' for link in article.select(
                'span.bibtex-citation a')]}
    text = text_of(nbformat.read(unpacked / f'pytorch/{section}.ipynb', 4))
    notebook = {
        'references': re.findall(r'\[((?:그림|표) [\d.]+|[\d.]+절)\]', text),
        'headings': [number or '' for number in re.findall(
            r'^#+ ([\d.]+\.)?(?=.)', text, re.MULTILINE)],
        'captions': re.findall(r'^\*\*((?:그림|표) [\d.]+)\*\*', text,
                               re.MULTILINE),
        'equations': [f'({number})' for number in
                      re.findall(r'\\tag\{(.+?)\}', text)],
        'citations': re.findall(r'\[([^][]+)\]\((?:\.\./)?(?:chapter_resnet/)?'
                                r'references\.ipynb#', text)}
    assert notebook == page


def test_outputs_are_there_or_cleared(site, build_folder):
    """And with them the lines that say where they come from."""
    path = build_folder / 'notebooks/jax/chapter_resnet/resnet.ipynb'
    nb = nbformat.read(path, 4)
    assert any(cell.get('outputs') for cell in nb.cells)
    assert re.search(r'\n\*JAX [\d.]+ · .* · 훈련 .*\*', text_of(nb))
    assert '끝까지 훈련한 결과가 아닙니다' in text_of(nb)
    code = code_of(nb)
    result = book(build_folder.parent, 'notebooks', '--no-outputs')
    assert result.returncode == 0, result.stdout
    nb = nbformat.read(path, 4)
    assert code_of(nb) == code
    assert not any(cell.get('outputs') for cell in nb.cells)
    assert '끝까지 훈련한 결과가 아닙니다' not in text_of(nb)


def test_colab_installs_the_package_and_shows_the_figures(build_folder):
    """In the same order in every build."""
    for nb in read(build_folder / 'colab').values():
        text, code = text_of(nb), code_of(nb)
        if 'from d2l import' in code:
            first = next(cell.source for cell in nb.cells
                         if cell.cell_type == 'code')
            assert first.splitlines() == sorted(first.splitlines())
            assert re.search(r'^!pip install .*https://.*/d2l-2\S*\.whl$',
                             first, re.MULTILINE)
        assert ('.fit(' in code) == (nb.metadata.get('accelerator') == 'GPU')
        assert nb.metadata.kernelspec.name == 'python3'
        assert 'colab' in nb.metadata
        for address in re.findall(r'\]\(([^)]+)\)', text):
            assert re.match(r'https?://|#|data:image/png;base64,', address)
    assert 'data:image/png;base64,iVBOR' in text_of(nbformat.read(
        build_folder / 'colab/jax/chapter_resnet/resnet.ipynb', 4))


def test_sagemaker_installs_the_package_and_the_framework(build_folder):
    for tab, module in TABS.items():
        nb = nbformat.read(
            build_folder / f'sagemaker/{tab}/chapter_resnet/resnet.ipynb', 4)
        nbformat.validate(nb)
        first = next(cell.source for cell in nb.cells
                     if cell.cell_type == 'code')
        assert re.search(r'^!pip install .*/d2l-2\S*\.whl$', first,
                         re.MULTILINE)
        assert re.search(rf'^!pip install --quiet {module}\b', first,
                         re.MULTILINE)
        assert nb.metadata.kernelspec.name == 'conda_python3'


class Names:
    """References to labels that are called by their names."""

    def link(self, page, role, target):
        return f'[{target}](#{target})'

    def name(self, page, role, target):
        return f'({target})' if role == 'eqref' else target


@pytest.mark.parametrize('text, read', [
    ('## 설치\n\n```bash\n# 먼저\n```\n\n## 사용\n:label:`a`\n',
     '## 1.1. 설치\n\n```bash\n# 먼저\n```\n\n'
     '<a id="a"></a>\n\n## 1.2. 사용\n'),
    ('```markdown\n:numref:`a`\n```\n\n`` :ref:`a` ``, :ref:`a`\n',
     '```markdown\n:numref:`a`\n```\n\n`` :ref:`a` ``, [a](#a)\n'),
    ('# 절\n\n:label:`a`\n', '<a id="a"></a>\n\n# 1.1. 절\n'),
    ('![:numref:`a`의 $x$](x.svg)\n:label:`b`\n',
     '<a id="b"></a>\n\n![a의 x](x.svg)\n\n**b** [a](#a)의 $x$\n'),
    ('![](x.svg)\n', '![](x.svg)\n'),
    (':표\n\n| a |\n|---|\n| :ref:`b` |\n:label:`c`\n',
     '<a id="c"></a>\n\n**c** 표\n\n| a |\n|---|\n| [b](#b) |\n'),
    ('$$x\n= y$$\n:eqlabel:`a`\n\n:cite:`k` $$z$$\n',
     '<a id="equation-a"></a>\n\n$$x\n= y \\tag{a}$$\n\n[k](#k) $$z$$\n'),
    ('- :ref:`a`\n- `:ref:` :ref:`a`, :other:`a`\n',
     '- [a](#a)\n- `:ref:` [a](#a), :other:`a`\n')])
def test_only_what_is_markup_is_changed(text, read):
    assert notebooks.readable(text, 'x', Names(), iter(['1.1', '1.2'])) == read
