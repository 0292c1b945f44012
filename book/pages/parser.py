"""Sphinx's parser of a page, a notebook: prose, code, outputs, raw HTML.

MyST-Parser makes nodes of CommonMark. Here stand only the marks and roles of
d2lbook's source format; nothing passes through reStructuredText but what an
author writes in a fence `eval_rst`.
"""

import zlib
from collections.abc import Callable
from functools import singledispatchmethod
from itertools import groupby
from pathlib import Path

import nbformat
from docutils import nodes
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode
from myst_parser.config.main import MdParserConfig
from myst_parser.mdit_to_docutils.base import token_line
from myst_parser.mdit_to_docutils.sphinx_ import SphinxRenderer
from sphinx.parsers import RSTParser

from book.content import document
from book.content.document import anchor
from book.content.provenance import Provenance
from book.pages import cells

REFERENCES = 'numref', 'ref', 'eqref'
ROLES = {'numref': 'numref', 'ref': 'ref', 'eqref': 'eq', 'cite': 'cite',
         'citet': 'cite:t', 'citep': 'cite:p', 'class': 'py:class',
         'func': 'py:func', 'mod': 'py:mod'}    # d2lbook's: Sphinx's
INLINE = nodes.Inline, nodes.Text


def setup(app):
    app.add_source_suffix('.ipynb', 'page')
    app.add_source_parser(PageParser)
    code = b''.join(file.read_bytes() for file in
                    sorted(Path(__file__).parent.glob('*.py')))
    return {'env_version': zlib.crc32(code),    # of another, nothing is kept
            'parallel_read_safe': True, 'parallel_write_safe': True}


class PageParser(RSTParser):
    """Makes a document of the notebook that a page is."""

    supported = 'page',

    def parse(self, inputstring, doc):
        page = nbformat.reads(inputstring, as_version=4)
        doc['source'] = page.metadata.get('source', doc['source'])
        renderer = Renderer(document.PARSER, super().parse)
        renderer.setup_render({'document': doc, 'myst_config': MdParserConfig(
            all_links_external=True)}, {})
        for i, cell in enumerate(cells.shown(page.cells)):
            if cell.cell_type == 'markdown':
                renderer.add_prose(cell)
            elif cell.cell_type == 'raw':       # HTML
                renderer.current_node += nodes.raw('', cell.source,
                                                   format='html')
            else:
                renderer.add_code(cell, i)


class Renderer(SphinxRenderer):
    """MyST-Parser's, with what this format has besides CommonMark.

    `parse_rst`: adds reStructuredText to the end of a document.
    """

    def __init__(self, parser: MarkdownIt,
                 parse_rst: Callable[[str, nodes.document], None]):
        super().__init__(parser)
        self.parse_rst = parse_rst

    def add_prose(self, cell: nbformat.NotebookNode) -> None:
        """Add the blocks of a text."""
        before = cell.metadata.get('line', 1) - 1
        for prose in document.parse(cell.source).prose:
            for block in prose.blocks:
                for token in block.tokens:
                    if token.map:
                        token.map = [line + before for line in token.map]
                self.add_block(block, before + block.line)

    def add_code(self, cell: nbformat.NotebookNode, number: int) -> None:
        """Add code, what it shows and what ran it.

        The page's metadata says which tabs have code.
        """
        page = Path(self.sphinx_env.srcdir, self.sphinx_env.docname)
        html = self.sphinx_env.app.builder.format == 'html'
        about = self.sphinx_env.metadata[self.sphinx_env.docname]
        about['tabs'] = {*about.get('tabs', ()), *cell.metadata['tab']}
        self.current_node += cells.code(cell.source)
        for i, output in enumerate(cell.outputs):
            self.current_node += cells.nodes_of(
                output, page.with_name(f'output_{page.name}_{number}_{i}'),
                html)
        if record := Provenance.read(cell):
            self.current_node += cells.provenance(record)

    @singledispatchmethod
    def add_block(self, block: document.Block, line: int) -> None:
        """Add a block that begins at a line."""
        self.render_blocks(block.tokens)
        if block.labels:
            self.name(self.current_node[-1], block.labels)

    @add_block.register
    def add_heading(self, block: document.Heading, line: int) -> None:
        if block.labels:
            block.tokens[0].attrSet('id', anchor(block.labels[0]))
        self.render_blocks(block.tokens)
        self.name(self.current_node, block.labels[1:])

    @add_block.register
    def add_figure(self, block: document.Figure, line: int) -> None:
        image = nodes.image(block.source, uri=block.target)
        figure = nodes.figure('', image)
        for node in image, figure:
            node.source, node.line = self.document['source'], line
        for mark in block.marks:
            if mark.name in ('width', 'height'):
                image[mark.name] = mark.value
        if block.caption:
            figure += self.inline(nodes.caption(), block.caption, line)
        self.name(figure, block.labels)
        self.current_node += figure

    @add_block.register
    def add_table(self, block: document.Table, line: int) -> None:
        self.render_blocks(block.tokens)
        table = self.current_node[-1]
        for text in [*table.findall(nodes.paragraph)]:
            if not text.children:       # of an empty entry
                text.parent.remove(text)
        if block.caption:
            table.insert(0, self.inline(nodes.title(), block.caption, line))
        self.name(table, block.labels)

    @add_block.register
    def add_equation(self, block: document.Equation, line: int) -> None:
        self.add_formula(block.tex, block.labels, line)

    def add_formula(self, tex: str, labels: list[str], line: int) -> None:
        tex = tex.strip()
        node = nodes.math_block(tex, tex, nowrap=False, number=None)
        node.source, node.line = self.document['source'], line
        if labels:
            node['label'] = anchor(labels[0])
            self.current_node += self.add_math_target(node)
        self.current_node += node

    @add_block.register
    def add_fence(self, block: document.Fence, line: int) -> None:
        if block.info == 'toc':
            self.current_node += self.run_directive(
                'toctree', '', block.content, line)
        elif block.info == 'eval_rst':
            self.add_rst(block.content)
        else:
            self.render_blocks(block.tokens)

    def add_rst(self, text: str) -> None:
        """Add what an author writes in reStructuredText."""
        number = len(self.document.children)
        self.parse_rst(text, self.document)
        added = self.document.children[number:]
        del self.document[number:]
        self.current_node += added

    def render_blocks(self, tokens: list[Token]) -> None:
        self._render_tokens(tokens)

    def name(self, node: nodes.Element, labels: list[str]) -> None:
        """Let references lead to a node by its labels."""
        names = node['names']
        node['names'] = [nodes.fully_normalize_name(anchor(label))
                         for label in labels]
        if labels:      # it notes all names that the node has now
            self.document.note_explicit_target(node, node)
        node['names'] = [*names, *node['names']]

    def inline(self, node: nodes.TextElement, text: str, line: int
               ) -> nodes.TextElement:
        """Return a node with a text in it."""
        with self.current_node_context(node):
            self.nested_render_text(text, line - 1, inline=True)
        node.source, node.line = self.document['source'], line
        return node

    def generate_heading_target(self, token, level, node, title_node):
        """Let links lead to a heading by its title as well, where it is free.

        A label comes first, so that the address of a section is its label.
        """
        super().generate_heading_target(token, level, node, title_node)
        name = nodes.make_id(title_node.astext())
        if name and name not in self.document.ids:
            node['ids'].append(name)
            self.document.ids[name] = node

    def render_paragraph(self, token):
        """Render a paragraph; a formula to display stands between two."""
        super().render_paragraph(token)
        paragraph = self.current_node.pop()
        for is_inline, children in groupby(paragraph.children, lambda node:
                                           isinstance(node, INLINE)):
            if is_inline:
                part = paragraph.copy()
                part += children
                self.current_node += part
            else:
                self.current_node += children

    def render_image(self, token):
        super().render_image(token)
        # Sphinx takes the line from an image without source
        self.current_node[-1].rawsource = token.content

    def render_fence(self, token):
        self.current_node += cells.block(
            'input', token.content.removesuffix('\n'),
            language=cells.language(token.info), force=True)

    render_code_block = render_fence

    def render_formula(self, token: SyntaxTreeNode) -> None:
        if token.meta['display']:
            self.add_formula(token.content, [], token_line(token, 0))
            return
        node = nodes.math(token.content, token.content)
        self.add_line_and_source_path(node, token)
        self.current_node += node

    def render_open_formula(self, token: SyntaxTreeNode) -> None:
        self.current_node += nodes.Text(token.content)

    def render_slide(self, token: SyntaxTreeNode) -> None:
        if not token.meta['hidden']:
            self.render_children(token)

    def render_s(self, token):
        """Strike a text out, which docutils has no node for."""
        for format, mark in ('html', '<s>'), ('latex', r'\sout{'):
            self.current_node += nodes.raw('', mark, format=format)
        self.render_children(token)
        for format, mark in ('html', '</s>'), ('latex', '}'):
            self.current_node += nodes.raw('', mark, format=format)

    def render_role(self, token: SyntaxTreeNode) -> None:
        name, target = token.meta['name'], token.meta['target']
        if name == 'bibliography':
            self.current_node += self.run_directive(
                'bibliography', '', '', token_line(token, 0))
        elif name in ('label', 'eqlabel'):
            node = nodes.target()
            self.current_node += node
            self.name(node, [target])
        elif name in ROLES:
            if name in REFERENCES:      # a label, or text <label>
                text, sign, label = target.rpartition('<')
                target = f'{text}{sign}{anchor(label)}'
            assert token.token
            token.token.content = target
            token.token.meta['name'] = ROLES[name]
            self.render_myst_role(token)
        elif name not in ('width', 'height'):
            self.current_node += [nodes.Text(f':{name}:'),
                                  nodes.literal(target, target)]
