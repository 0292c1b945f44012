"""The sources: the library is fresh, references hold, terms are right."""

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from book.frameworks import BY_MODULE, FRAMEWORKS
from book.pages import costs
from book.pages.api import lines
from conftest import copy_sources

SECTIONS = sorted([Path('index.md'), *Path('chapter_resnet').glob('*.md')])
TEXT = '\n'.join(path.read_text() for path in SECTIONS)
SAVED = {'Residual', 'ResNeXtBlock', 'ResNet', 'ResNet18',
         'BottleneckResNet', 'resnet', 'resnext50', 'conv_cost', 'AnyNet',
         'RegNetX32', 'Plain'}


def code_cells(text):
    return re.findall(r'^```\{\.python \.input\}\n(.*?)^```', text,
                      re.DOTALL | re.MULTILINE)


def without_code(path):
    return re.sub(r'^```.*?^```', '', path.read_text(),
                  flags=re.DOTALL | re.MULTILINE)


def prose(path):
    """Return the text of a section without its code and its marks."""
    return re.sub(r':\w+:`[^`]*`|\$[^$]*\$|`[^`]*`', '', without_code(path))


def test_the_library_is_fresh(tmp_path):
    """`make lib` would change nothing."""
    folder = copy_sources(tmp_path / 'book')
    program = Path(sys.executable).with_name('d2lbook')
    subprocess.run([program, 'build', 'lib'], cwd=folder, check=True,
                   capture_output=True)
    for file in sorted(Path('d2l').glob('*.py')):
        assert (folder / file).read_text() == file.read_text(), (
            f'{file} is stale: make lib')


def saved_in(tab):
    """Return the names that the sections save in a tab."""
    saved = set()
    for cell in code_cells(TEXT):
        tabs = re.match(r'%%tab ([\w, ]+)', cell)
        if tabs and tab in tabs[1].split(', '):
            saved |= set(re.findall(r'^(?:class|def) (\w+).*#@save', cell,
                                    re.MULTILINE))
    return saved


def test_what_is_saved_is_known():
    assert set.union(*map(saved_in, FRAMEWORKS)) == SAVED


@pytest.mark.parametrize('tab', FRAMEWORKS)
def test_every_saved_name_is_exported(tab):
    saved = saved_in(tab)
    defined = {node.name for node in ast.parse(
        Path(f'd2l/{FRAMEWORKS[tab].module}.py').read_text()).body
        if isinstance(node, (ast.ClassDef, ast.FunctionDef))}
    assert saved == defined


@pytest.mark.parametrize('tab', FRAMEWORKS)
def test_every_saved_name_says_what_it_is(tab):
    library = Path(f'd2l/{FRAMEWORKS[tab].module}.py').read_text()
    for node in ast.parse(library).body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            said = ast.get_docstring(node)
            assert said and not said.startswith('Defined in'), node.name


def test_every_label_is_defined_once():
    labels = re.findall(r':(?:eq)?label:`([^`]+)`', TEXT)
    assert len(labels) == len(set(labels)) > 20
    asked = set(re.findall(r':(?:num|eq)ref:`([^`]+)`', TEXT))
    assert asked <= {*labels, costs.LABEL}


def test_every_heading_has_a_label():
    """So that its address does not count the headings before it."""
    for path in SECTIONS:
        bare = [heading for heading, mark in re.findall(
            r'^(#+ .*)\n(:label:)?', without_code(path), re.MULTILINE)
            if not mark]
        assert not bare, f'{path}: {bare}'


def test_every_citation_is_in_the_bibliography():
    keys = re.findall(r'^@\w+\{(.+),$', Path('references.bib').read_text(),
                      re.MULTILINE)
    assert len(keys) == len(set(keys))
    cited = {key for keys in re.findall(r':cite[tp]?:`([^`]+)`', TEXT)
             for key in keys.split(',')}
    assert cited == set(keys)


def test_the_chapter_has_its_labels_and_figures():
    for label in ('sec_resnet', 'subsec_residual-blks', 'subsec_resnext',
                  'fig_functionclasses', 'fig_residual_block',
                  'fig_resnet_block', 'fig_resnet18', 'fig_resnext_block',
                  'sec_channels', 'sec_batch_norm', 'sec_googlenet',
                  'fig_inception', 'sec_resnet-variants', 'sec_cnn-design',
                  'chap_resnet'):
        assert f':label:`{label}`' in TEXT
    for image in re.findall(r'\]\(\.\./(img/[^)]+)\)', TEXT):
        assert Path(image).exists()


def test_tabs_are_known_and_sources_hold_no_outputs():
    program = Path(sys.executable).with_name('d2lbook')
    for check in ('tabcheck', 'outputcheck'):
        subprocess.run([program, 'build', check], check=True,
                       capture_output=True)


def test_code_fits_the_page():
    for cell in code_cells(TEXT):
        for line in cell.splitlines():
            assert len(line) <= 78, line


def test_terms_are_those_of_the_glossary():
    glossary = Path('chapter_resnet/glossary.md').read_text()
    rows = [[cell.strip() for cell in row.strip('|').split('|')]
            for row in glossary.splitlines() if row.startswith('| ')][1:]
    terms = [row[0] for row in rows]
    assert terms == sorted(terms) and len(terms) > 25
    avoided = [word.strip() for row in rows for word in row[3].split(',')
               if word.strip()]
    for path in SECTIONS:
        if path.name != 'glossary.md':
            strays = [word for word in avoided if word in prose(path)]
            assert not strays, f'{path}: {strays}'


def test_the_text_speaks_in_one_register():
    """합쇼체: no sentence ends in 해요체 or 해라체."""
    for path in SECTIONS:
        strays = re.findall(
            r'\S*(?:세요|에요|예요|어요|아요|니까요|한다|이다)\.', prose(path))
        assert not strays, f'{path}: {strays}'


def test_the_figures_are_as_drawn(tmp_path):
    """`make figures` would change nothing, after a new recording either."""
    shutil.copy('img/draw.py', tmp_path)
    subprocess.run([sys.executable, tmp_path / 'draw.py'], check=True,
                   env=os.environ | {'PYTHONPATH': str(Path.cwd())})
    figures = sorted(Path('img').glob('*.svg'))
    assert [figure.name for figure in figures] == sorted(
        figure.name for figure in tmp_path.glob('*.svg'))
    for figure in figures:
        assert (tmp_path / figure.name).read_text() == figure.read_text()


@pytest.mark.parametrize('module', BY_MODULE)
def test_every_public_name_is_on_the_api_page(module):
    text = ''.join(Path('api', file).read_text() for file in
                   ('common.rst', 'names.inc', f'{module}.rst'))
    assert text.count('\n.. saved::\n') == 1
    text += '\n'.join(lines(Path('d2l', f'{module}.py').read_text()))
    names = re.findall(r'auto(?:class|function):: (\w+)', text)
    assert len(names) == len(set(names))
    public = {node.name for node in ast.parse(
        Path('d2l', f'{module}.py').read_text()).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    for file in module, 'hyperparameters', 'timing', 'plotting':
        [exported] = [      # not imported: MXNet is in another environment
            ast.literal_eval(node.value) for node in
            ast.parse(Path(f'd2l/core/{file}.py').read_text()).body
            if isinstance(node, ast.Assign)
            and ast.unparse(node.targets[0]) == '__all__']
        public |= set(exported)
    assert set(names) == public
