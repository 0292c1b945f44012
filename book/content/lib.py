"""d2lbook's `lib` and its aliases, on parsers: ast, tokenize, markdown-it.

A section's cells mark with `#@save` what the package exports. d2lbook finds
the marks, the docstrings and the aliases in the text of a line: it takes a
string for a mark and `d2l.normalize` for `d2l.normal`, cuts decorators off,
and names the section before as the one in which a name is defined.
"""

import ast
import contextlib
import importlib.util
import io
import os
import sys
import tempfile
import tokenize
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from d2lbook import build, config, library, notebook
from nbformat import NotebookNode

from book.content import document, files


class Block(NamedTuple):
    """What a cell saves: statements, and the label of their section."""
    source: str
    label: str


def lib() -> None:
    """Write the library of every tab, as `d2lbook build lib` does.

    It stays as it is if a section needs what no section saves any more.
    """
    settings = config.Config()
    try:
        documents = documents_of(settings)
        modules = {tab: Module(settings, tab, documents)
                   for tab in settings.tabs if has_library(settings, tab)}
    except ValueError as error:
        sys.exit(f'{error}\nThe library stays as it is.')
    if missing := needed(modules.values(), documents):
        sys.exit('\n\n'.join([*missing, 'The library stays as it is. Save '
                               'the names again with #@save, or change what '
                               'needs them.']))
    for module in modules.values():
        files.write(module.file, module.text.encode())
    library.save_version(settings.project['release'],
                         settings.library['version_file'])


def outdated(settings: config.Config) -> list[Path]:
    """Return the files of the library that sections would write otherwise."""
    documents = documents_of(settings)
    modules = [Module(settings, tab, documents) for tab in settings.tabs
               if has_library(settings, tab)]
    return [module.file for module in modules if module.text != module.old]


def has_library(settings: config.Config, tab: str) -> bool:
    return 'lib_file' in settings.library.get(tab, {})


def documents_of(settings: config.Config) -> list[document.Document]:
    """Return the sections in the order of the tables of contents."""
    enabled, _, _ = build.Builder(settings)._find_md_files()
    root = os.path.join(settings.src_dir, settings.build['index'] + '.md')
    return [document.read(Path(path)) for path in notebook.get_toc(root)
            if path in enabled]


class Module:
    """A tab's module: what it is, `old`, and what sections make it, `text`.

    Raises ValueError where a cell that saves something is no Python.
    """

    def __init__(self, settings: config.Config, tab: str,
                 documents: list[document.Document]):
        self.tab, self.default_tab = tab, settings.default_tab
        self.file = Path(settings.library[tab]['lib_file'])
        self.old = (self.file.read_text(encoding='utf-8')
                    if self.file.exists() else '')
        self.text = header_of(self.old) + merged(
            block for doc in documents
            for block in saved_in(doc, tab, settings.default_tab))
        with tempfile.TemporaryDirectory() as folder:
            aliases = Path(folder, 'aliases')
            library.save_alias(settings.library[tab]
                               | {'lib_file': str(aliases)})
            if aliases.exists():
                self.text += aliases.read_text(encoding='utf-8')

    def missing(self, documents: list[document.Document]
                ) -> Iterator[tuple[str, str]]:
        """Return each name that is needed and would be gone, and where."""
        gone = {name for name in names_in(self.old)
                - names_in(self.text) if not is_imported(name, self.text)}
        for doc in documents if gone else []:
            for _, part in doc.parts_of(self.tab, self.default_tab):
                if isinstance(part, document.Cell):
                    source = code_of(part, self.tab)
                    for name in gone & used_in(source):
                        yield name, f'{doc.path}:{part.line} ({self.tab})'


def needed(modules: Iterable[Module],
           documents: list[document.Document]) -> list[str]:
    """Return a paragraph of each name that is needed and no more saved."""
    places: dict[str, list[str]] = {}
    for module in modules:
        for name, place in module.missing(documents):
            places.setdefault(name, []).append(place)
    return [f'd2l.{name} is saved by no section any more, but '
            f'{", ".join(found)} need it.' for name, found in places.items()]


def names_in(text: str) -> set[str]:
    """Return what a module defines itself."""
    names = set()
    for node in ast.parse(text).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef |
                      ast.AsyncFunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets
                      if isinstance(target, ast.Name)}
    return names


def is_imported(name: str, text: str) -> bool:
    """Tell whether a module takes a name from another of ours, by `*`."""
    for node in ast.parse(text).body:
        if isinstance(node, ast.ImportFrom) and node.names[0].name == '*':
            spec = importlib.util.find_spec(str(node.module))
            if spec and spec.origin and str(node.module).startswith('d2l.'):
                source = Path(spec.origin).read_text(encoding='utf-8')
                if name in names_in(source) or is_imported(name, source):
                    return True
    return False


def used_in(source: str) -> set[str]:
    """Return the names that code takes from d2l; none if it is no Python.

    What it saves stands in d2l, where other names are d2l's, too.
    """
    try:
        names = {alias(node) for node in ast.walk(ast.parse(
            without_magics(source)))}
        if '@save' in source:
            names |= {node.id for node in ast.walk(ast.parse(
                saved_source(source))) if isinstance(node, ast.Name)
                and isinstance(node.ctx, ast.Load)}
    except (SyntaxError, tokenize.TokenError):
        return set()
    return names


def write(file: Path, blocks: Iterable[Block]) -> None:
    """Write the blocks below the header that the file has."""
    text = file.read_text(encoding='utf-8') if file.exists() else ''
    file.write_text(header_of(text) + merged(blocks), encoding='utf-8')


def header_of(text: str) -> str:
    """Return what stands in a module above what the sections save."""
    generated = io.StringIO()
    library._write_header(generated)
    return text.partition(library.HEADER)[0] + generated.getvalue()


def saved(text: str, tab: str, default_tab: str,
          path: Path | str = 'a section') -> list[Block]:
    """Return what the cells of a section's text save in a tab."""
    return saved_in(document.parse(text, Path(path)), tab, default_tab)


def saved_in(doc: document.Document, tab: str,
             default_tab: str) -> list[Block]:
    """Return what a section's cells save in a tab.

    Raises ValueError where a cell that saves something is no Python.
    """
    blocks: list[Block] = []
    above: list[document.Heading] = []      # the outermost first
    for _, part in doc.parts_of(tab, default_tab):
        if isinstance(part, document.Prose):
            for block in part.blocks:
                if isinstance(block, document.Heading):
                    above = [heading for heading in above
                             if heading.level < block.level] + [block]
        elif '@save' in part.code:
            label = next((heading.labels[0] for heading in reversed(above)
                          if heading.labels), '')
            try:
                source = saved_source(code_of(part, tab))
            except (SyntaxError, tokenize.TokenError) as error:
                raise ValueError(
                    f'{doc.path}:{part.line}: a cell with #@save in the tab '
                    f'{tab} is no Python: {error}') from None
            if source:
                blocks.append(Block(source, label))
    return blocks


def code_of(cell: document.Cell, tab: str) -> str:
    """Return a cell's code for a tab: of `if tab.selected(…)` its branch.

    So with the older `if d2l.USE_PYTORCH`. Code that is no Python stays.
    """
    lines: list[str | None] = [*cell.code.split('\n')]
    python = without_magics(cell.code)
    try:
        tree = ast.parse(python)
    except SyntaxError:
        return cell.code
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and (tabs := tabs_of(node.test)):
            take_branch(lines, node, node.body if tab in tabs
                        else node.orelse, rows_in_strings(python))
    return '\n'.join(line for line in lines if line is not None)


def tabs_of(test: ast.expr) -> set[str]:
    """Return the tabs that a condition asks for, none if it asks for none."""
    if isinstance(test, ast.Call) and ast.unparse(
            test.func) == 'tab.selected':
        return {str(name.value) for argument in test.args
                for name in ast.walk(argument)
                if isinstance(name, ast.Constant)}
    name = ast.unparse(test)
    return ({name.removeprefix('d2l.USE_').lower()}
            if name.startswith('d2l.USE_') else set())


def take_branch(lines: list[str | None], node: ast.If,
                branch: list[ast.stmt], inside: set[int]) -> None:
    """Leave of an `if` one of its branches with its comments, dedented.

    `inside`: the rows that begin inside a string, which stay.
    """
    first, last = ((first_line(branch[0]), last_line(branch[-1]))
                   if branch else (0, 0))
    while first > node.lineno + 1 and str(lines[first - 2]).lstrip()[:1] in (
            '', '#'):
        first -= 1
    for row in range(node.lineno, last_line(node) + 1):
        line = lines[row - 1]
        if line is None or not first <= row <= last:
            lines[row - 1] = None
        elif row == node.lineno:        # if tab.selected('jax'): x = 1
            lines[row - 1] = line[:node.col_offset] + line[
                branch[0].col_offset:]
        elif row not in inside:
            indent = branch[0].col_offset - node.col_offset
            lines[row - 1] = line[min(indent, len(line) - len(line.lstrip())):]


def saved_source(source: str) -> str:
    """Return the statements of a cell that are marked, without the marks.

    A mark saves the statement, decorators and all, on one of whose lines it
    stands; on a line of its own, those below it up to an empty line.
    """
    python = without_magics(source)
    lines = source.split('\n')
    marks = [*marks_of(python)]
    for row, column in marks:
        lines[row - 1] = lines[row - 1][:column].rstrip()
    marked = {row for row, _ in marks}
    statements = [(first_line(node), last_line(node))
                  for node in ast.parse(python).body]
    blocks: list[str] = []
    before = None       # the last line of what was saved
    for start, end in statements:
        if marked & set(range(start, end + 1)):
            is_saved, goes_on = True, False
        elif start - 1 in marked and not any(
                first <= start - 1 <= last for first, last in statements):
            is_saved, goes_on = True, True
        else:
            is_saved = goes_on = before == start - 1
        if is_saved:
            blocks.append('\n'.join(lines[start - 1:end]))
        before = end if goes_on else None
    return '\n'.join(blocks)


def marks_of(python: str) -> Iterator[tuple[int, int]]:
    """Yield the row and column of each #@save."""
    for token in tokenize.generate_tokens(io.StringIO(python).readline):
        if token.type == tokenize.COMMENT and token.string.lstrip(
                '# ').split()[:1] == ['@save']:
            yield token.start


def without_marks(source: str) -> str:
    """Return code without #@save; a line that held nothing else is gone."""
    lines: list[str | None] = [*source.split('\n')]
    with contextlib.suppress(SyntaxError, tokenize.TokenError):
        for row, column in marks_of(without_magics(source)):
            lines[row - 1] = str(lines[row - 1])[:column].rstrip() or None
    return '\n'.join(line for line in lines if line is not None)


def first_line(node: ast.stmt) -> int:
    """Return the line on which a statement begins, with its decorators."""
    return min([node.lineno, *(decorator.lineno for decorator in
                               getattr(node, 'decorator_list', []))])


def last_line(node: ast.stmt | ast.expr) -> int:
    return node.end_lineno or node.lineno


def without_magics(source: str) -> str:
    """Return code whose lines for IPython are `pass`, in the same places."""
    lines = []
    for line in source.split('\n'):
        code = line.lstrip()
        indent = line[:len(line) - len(code)]
        lines.append(f'{indent}pass' if code.startswith(('%', '!')) else line)
    return '\n'.join(lines)


def merged(blocks: Iterable[Block]) -> str:
    """Return the library of the blocks: what is added to a class is in it."""
    texts: list[str] = []
    places: dict[str, int] = {}     # of the classes in `texts`
    for source, label in blocks:
        rest: list[str] = []
        was_long = False
        for statement in statements_of(with_label(source, label)):
            node = ast.parse(statement).body[0]
            name = added_to(node)
            if name and name in places:
                texts[places[name]] += '\n\n' + indented(
                    without_registration(statement))
            else:
                if rest and (hasattr(node, 'body') or was_long):
                    rest.append('')
                rest.append(statement)
                was_long = hasattr(node, 'body')
                if isinstance(node, ast.ClassDef):
                    places[node.name] = len(texts)
        if rest:
            texts.append('\n'.join(rest))
    return '\n\n'.join(texts)


def statements_of(source: str) -> Iterator[str]:
    """Yield the statements of a source, each with its lines, however many."""
    lines, done = source.split('\n'), 0
    for node in ast.parse(source).body:
        if last_line(node) > done:      # else it shares a line: a; b
            yield '\n'.join(lines[done:last_line(node)])
            done = last_line(node)


def added_to(node: ast.stmt) -> str | None:
    """Return the class that a function is registered in by a decorator."""
    for call in getattr(node, 'decorator_list', []):
        if is_registration(call):
            return ast.unparse(call.args[0]).rpartition('.')[2]
    return None


def is_registration(decorator: ast.expr) -> bool:
    """Tell whether a decorator is `d2l.add_to_class(...)`."""
    return (isinstance(decorator, ast.Call) and len(decorator.args) == 1
            and ast.unparse(decorator.func) in ('d2l.add_to_class',
                                                'add_to_class'))


def without_registration(statement: str) -> str:
    """Return a function without the decorator that registers it."""
    lines = statement.split('\n')
    [function] = ast.parse(statement).body
    for decorator in getattr(function, 'decorator_list', []):
        if is_registration(decorator):
            del lines[decorator.lineno - 1:decorator.end_lineno]
    return '\n'.join(lines)


def indented(statement: str) -> str:
    """Return a function as a method: strings over lines stay as they are."""
    inside = rows_in_strings(statement)
    if doc := docstring(ast.parse(statement).body[0]):
        inside -= set(range(doc.lineno, last_line(doc) + 1))
    return '\n'.join(
        line if row in inside or not line else f'    {line}'
        for row, line in enumerate(statement.split('\n'), start=1))


def rows_in_strings(python: str) -> set[int]:
    """Return the rows of code that begin inside a string."""
    fstrings, inside = [], set()    # `fstrings`: the rows of their starts
    for token in tokenize.generate_tokens(io.StringIO(python).readline):
        (first, _), (last, _) = token.start, token.end
        kind = tokenize.tok_name[token.type]
        if kind == 'FSTRING_START':     # since Python 3.12
            fstrings.append(first)
        elif kind == 'FSTRING_END':
            inside |= set(range(fstrings.pop() + 1, last + 1))
        elif kind == 'STRING':
            inside |= set(range(first + 1, last + 1))
    return inside


def with_label(source: str, label: str) -> str:
    """Say in the docstring of each function and class where it is defined."""
    lines = source.split('\n')
    for node in reversed(ast.parse(source).body):
        if label and isinstance(node, ast.ClassDef | ast.FunctionDef |
                                ast.AsyncFunctionDef):
            add_label(lines, f'Defined in {label}', node)
    return '\n'.join(lines)


def add_label(lines: list[str], said: str, node: ast.ClassDef |
              ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    """Write into the lines of a function or class where it is defined."""
    doc, body = docstring(node), node.body[0]
    start = first_line(body)
    if doc is None:
        row = lines[start - 1]
        column = columns(row, body.col_offset)
        if row[:column].strip():        # def f(x): return x
            lines[start - 1:start] = [row[:column].rstrip(),
                                      f'    """{said}"""',
                                      f'    {row[column:]}']
        else:
            lines.insert(start - 1, f'{row[:column]}"""{said}"""')
        return
    start, stop = doc.lineno - 1, last_line(doc)
    first, row = lines[start], lines[stop - 1]
    end = columns(row, doc.end_col_offset or 0)
    quote = row[end - 3:end]
    indent = (' ' * doc.col_offset if not first[:columns(
        first, doc.col_offset)].strip() else '    ')
    if quote in ('"""', "'''"):
        text = '\n'.join([*lines[start:stop - 1], row[:end - 3]]).rstrip()
        after = row[end:]
    else:       # 'one line': quotes that take more
        text = (first[:columns(first, doc.col_offset)] + '"""'
                + str(doc.value).replace('\\', '\\\\').replace('"', '\\"'))
        quote, after = '"""', row[end:]
    lines[start:stop] = [
        *text.split('\n'), '', f'{indent}{said}{quote}{after}']


def docstring(node: ast.stmt) -> ast.Constant | None:
    """Return the docstring of a function or class as it stands in code."""
    body = getattr(node, 'body', [None])[0]
    if (isinstance(body, ast.Expr) and isinstance(body.value, ast.Constant)
            and isinstance(body.value.value, str)):
        return body.value
    return None


def columns(line: str, num_bytes: int) -> int:
    """Return how many characters as many bytes of a line are."""
    return len(line.encode()[:num_bytes].decode())


def replace_alias(nb: NotebookNode,
                  settings: Mapping[str, str]) -> NotebookNode:
    """Return a tab's notebook with d2l's aliases as the framework's names.

    `settings`: those of the tab, `[library-...]` in config.ini. A name is
    replaced whole, and only where it is code. In place of d2lbook's.
    """
    simple, fluent = {}, {}
    for name, new in library._parse_mapping_config(
            settings.get('reverse_alias', ''), split_line=False):
        if name.startswith('d2l.'):
            simple[name.removeprefix('d2l.')] = new
    if 'lib_name' in settings:
        for name, new in library._parse_mapping_config(
                settings.get('simple_alias', '')):
            simple[name.rstrip('(')] = f'{settings["lib_name"]}.' + (
                new.rstrip('('))
        fluent = dict(library._parse_mapping_config(
            settings.get('fluent_alias', '')))
    if settings.get('args_alias'):
        nb = library.replace_alias(nb, {
            name: settings[name] for name in ('lib_name', 'args_alias')})
    else:
        nb = nb.copy()
        nb.cells = [cell.copy() for cell in nb.cells]
    for cell in nb.cells:
        if cell.cell_type == 'code' and 'd2l.' in cell.source:
            cell.source = replaced(cell.source, simple, fluent)
    return nb


def replaced(source: str, simple: Mapping[str, str],
             fluent: Mapping[str, str]) -> str:
    """Return code with `d2l.name` as the framework's name.

    `simple`: name -> what it is; `fluent`: name of a function -> the method
    of its first argument. Code that is no Python stays as it is.
    """
    while True:     # one at a time: they may stand in each other
        try:
            tree = ast.parse(without_magics(source))
        except SyntaxError:
            return source
        for node in ast.walk(tree):
            if isinstance(node, ast.expr) and (new := replacement(
                    source, node, simple, fluent)) is not None:
                start, end = span(source, node)
                source = source[:start] + new + source[end:]
                break
        else:
            return source


def replacement(source: str, node: ast.expr, simple: Mapping[str, str],
                fluent: Mapping[str, str]) -> str | None:
    """Return what stands for an expression instead, None for itself."""
    name = alias(node)
    if name in simple:
        return simple[name]
    if isinstance(node, ast.Call) and alias(node.func) in fluent and (
            node.args and not isinstance(node.args[0], ast.Starred)):
        first, *rest = node.args
        text = text_of(source, first)
        if not isinstance(first, ast.Name | ast.Attribute | ast.Call |
                          ast.Subscript | ast.List | ast.Tuple):
            text = f'({text})'
        after: list[ast.expr | ast.keyword] = [*rest, *node.keywords]
        start = min((span(source, part)[0] for part in after), default=None)
        end = span(source, node)[1] - 1     # of the closing bracket
        arguments = '' if start is None else source[start:end]
        return f'{text}.{fluent[alias(node.func)]}({arguments})'
    return None


def alias(node: ast.AST) -> str:
    """Return the name of `d2l.name`, '' of anything else."""
    return (node.attr if isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name) and node.value.id == 'd2l'
            else '')


def text_of(source: str, node: ast.expr) -> str:
    start, end = span(source, node)
    return source[start:end]


def span(source: str, node: ast.expr | ast.keyword) -> tuple[int, int]:
    """Return where an expression begins and ends in the source."""
    lines = source.split('\n')

    def place(row, num_bytes):
        return (sum(len(line) + 1 for line in lines[:row - 1])
                + columns(lines[row - 1], num_bytes))

    return (place(node.lineno, node.col_offset),
            place(node.end_lineno, node.end_col_offset or 0))
