"""What `make lib` takes out of sections, and how it names their places."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from d2lbook import config, library, notebook

from book.content import lib

MODULES = {'pytorch': 'torch', 'jax': 'jax', 'tensorflow': 'tensorflow',
           'mxnet': 'mxnet'}
SECTION = '''# A
:label:`sec_a`

```{.python .input}
%%tab pytorch
%matplotlib inline
text = """
#@save
"""
@functools.cache
def f(x):  #@save
    def inner(y):
        for i in (1, 2):
            pass
        return y
    return inner

@d2l.add_to_class(d2l.Kept)  #@save
def g(self): return 1

def shape(X): return X.shape  #@save
left_out = 1
```

## Without a label

```{.python .input}
%%tab pytorch
class K:  #@save
    'One "line".'
```

:label:`fig_x`

## B

:label:`subsec_b`

```{.python .input}
%%tab pytorch, jax
@d2l.add_to_class(K)  #@save
@property
def text(self):
    """Two

    lines."""
    return """a
b"""

#@save
x = 1
y = 2

z = 3
```
'''
EXPECTED = '''@functools.cache
def f(x):
    """Defined in sec_a"""
    def inner(y):
        for i in (1, 2):
            pass
        return y
    return inner

@d2l.add_to_class(d2l.Kept)
def g(self):
    """Defined in sec_a"""
    return 1

def shape(X):
    """Defined in sec_a"""
    return X.shape

class K:
    """One \\"line\\".

    Defined in sec_a"""

    @property
    def text(self):
        """Two

        lines.

        Defined in subsec_b"""
        return """a
b"""

x = 1
y = 2'''


def saved_in_chapter(tab):
    """Yield the names that a tab saves, each with its heading's label."""
    for path in sorted(Path('chapter_resnet').glob('*.md')):
        label, lines = None, path.read_text().split('\n')
        in_code = is_of_tab = False
        for line, after in zip(lines, lines[1:] + [''], strict=True):
            if line.startswith('```'):
                in_code = not in_code
            elif in_code and line.startswith('%%tab '):
                is_of_tab = tab in line[6:].split(', ') or line[6:] == 'all'
            elif not in_code and line.startswith('#'):
                assert after.startswith(':label:`')
                label = after[8:-1]
            elif in_code and is_of_tab and line.endswith('#@save'):
                words = line.replace('(', ' ').replace(':', ' ').split()
                if words[0] in ('def', 'class'):
                    yield words[1], label
                else:       # @d2l.add_to_class(ResNet)
                    yield (f'{words[1].strip(")")}.'
                           f'{after.split("(")[0].split()[1]}', label)


@pytest.mark.parametrize('tab', MODULES)
def test_every_saved_name_says_its_section(tab):
    found = {}
    tree = ast.parse(Path(f'd2l/{MODULES[tab]}.py').read_text())
    for node in tree.body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            found[node.name] = ast.get_docstring(node)
            for part in node.body:
                doc = (ast.get_docstring(part)
                       if isinstance(part, ast.FunctionDef) else None)
                if doc and 'Defined in' in doc:
                    found[f'{node.name}.{part.name}'] = doc
    expected = dict(saved_in_chapter(tab))
    assert len(expected) >= 8
    assert {name: doc.splitlines()[-1] for name, doc in found.items()} == {
        name: f'Defined in {label}'
        for name, label in expected.items()}


def test_what_is_marked_is_saved():
    blocks = lib.saved(SECTION, 'pytorch', 'pytorch')
    assert lib.merged(blocks) == EXPECTED
    compile(EXPECTED, 'library', 'exec')


def test_a_cell_that_is_no_python_is_named():
    section = '```{.python .input}\n%%tab jax\ndef f(:  #@save\n```\n'
    with pytest.raises(ValueError, match='x.md:1: a cell with #@save in '
                                         'the tab jax is no Python'):
        lib.saved(section, 'jax', 'pytorch', 'x.md')


def test_aliases_are_replaced_whole():
    nb = notebook.read_markdown(
        '```{.python .input}\nimport d2l.tensorflow\n'
        'd2l.normalize(x), d2l.log_loss(y), d2l.stack_outputs(x), d2l.exp(x)\n'
        "잔차 = d2l.numpy(d2l.reshape(a + b, (1,  2)))  # d2l.exp\n"
        "'d2l.exp', d2l.nn_Module, d2l.reshape\n```\n")
    found = lib.replace_alias(nb, config.Config().library['pytorch'])
    assert found.cells[0].source == (
        'import d2l.tensorflow\n'
        'd2l.normalize(x), d2l.log_loss(y), d2l.stack_outputs(x), '
        'torch.exp(x)\n'
        '잔차 = (a + b).reshape((1,  2)).detach().numpy()  # d2l.exp\n'
        "'d2l.exp', nn.Module, d2l.reshape")
    assert 'd2l.exp(x)' in nb.cells[0].source      # the notebook given is kept


def test_what_sections_still_need_is_not_lost(tmp_path):
    """A section saves fewer names: the library stays; it is said to be old."""
    subprocess.run(['cp', '-r', 'd2l', 'chapter_resnet', 'config.ini', 'img',
                    'index.md', 'api', 'references.bib', tmp_path], check=True)
    section = tmp_path / 'chapter_resnet/resnet.md'
    text = section.read_text()
    section.write_text(text.replace('def b1(self):',
                                    'def b1(self):  # the stem'))

    def book(*arguments):
        return subprocess.run(
            [sys.executable, '-m', 'book', *arguments], cwd=tmp_path,
            env=os.environ | {'PYTHONPATH': str(Path.cwd())}, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    old = {path: path.read_text() for path in tmp_path.glob('d2l/*.py')}
    said = book('check').stdout
    assert 'Run `make lib`' in said and 'd2l/torch.py, d2l/jax.py' in said
    section.write_text(re.sub(r'(class Residual\(.*\):)  #@save', r'\1', text))
    result = book('lib')
    assert result.returncode == 1
    assert 'd2l.Residual is saved by no section any more' in result.stdout
    assert 'chapter_resnet/variants.md:' in result.stdout
    assert {path: path.read_text() for path in old} == old

    section.write_text(text.replace('def b1(self):',
                                    'def b1(self):  # the stem'))
    assert book('lib').returncode == 0
    assert 'make lib' not in book('check').stdout
    assert '# the stem' in (tmp_path / 'd2l/torch.py').read_text()


def test_a_name_that_the_core_has_may_go(tmp_path, monkeypatch):
    """LeNet is saved by a chapter of D2L, and is in d2l.core as well."""
    monkeypatch.chdir(tmp_path)
    Path('index.md').write_text('# A\n\n```{.python .input}\n%%tab pytorch\n'
                                'd2l.LeNet(), d2l.own()\n```\n')
    Path('config.ini').write_text(
        '[project]\ntitle = A\n[build]\ntabs = pytorch\n'
        '[library-pytorch]\nlib_file = torch.py\n')
    Path('torch.py').write_text(
        f'from d2l.core.torch import *\n\n{library.HEADER}'
        'def LeNet(): ...\n\ndef own(): ...\n')
    settings = config.Config()
    documents = lib.documents_of(settings)
    module = lib.Module(settings, 'pytorch', documents)
    assert lib.names_in(module.text) == set()
    assert [*module.missing(documents)] == [('own', 'index.md:3 (pytorch)')]


def test_the_library_is_what_the_chapter_saves(tmp_path):
    """Written over, in a copy, it is the same."""
    subprocess.run(['cp', '-r', 'd2l', 'chapter_resnet', 'config.ini',
                    'index.md', tmp_path], check=True)
    subprocess.run(
        [sys.executable, '-c',
         'from book.content.lib import lib; lib()'], check=True,
        cwd=tmp_path, env={'PYTHONPATH': str(Path.cwd())},
        capture_output=True)
    for file in Path('d2l').glob('*.py'):
        assert (tmp_path / file).read_text() == file.read_text()


def test_lines_end_where_python_ends_them():
    """Not at what ends lines elsewhere."""
    text = 'a\u2028b\x85c\x0cd\x1ce'
    source = f'''x = '{text}'  # {text}
def f():  #@save
    return '{text}'

def g():  #@save
    """{text}"""
    return f()'''
    names: dict = {}
    exec(lib.merged([(lib.saved_source(source), 'sec_a')]), names)
    assert names['g']() == text and 'x' not in names
    assert names['g'].__doc__.split() == [*text.split(), *'Defined in sec_a'
                                          .split()]
    assert text in lib.without_marks(source).split('\n')[2]
