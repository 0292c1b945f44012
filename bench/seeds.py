"""Do a section's experiments again with other random numbers.

`python bench/seeds.py jax why-residual 1 2`: the section's cells are executed
whole in the tab, once a seed, and what those print that depend on training is
printed. What the text says of a recording (seed 0) should hold there, too.
"""

import ast
import sys
from pathlib import Path

from IPython.core.inputtransformer2 import TransformerManager
from tqdm import tqdm

sys.path.append(str(Path(__file__).resolve().parents[1]))   # where book/ is

from book.content.builder import open_book
from book.content.execution import execute
from book.content.sections import code_cells
from book.content.verify import depend_on_training


class Reseed(ast.NodeTransformer):
    """Add a number to every seed in the code."""

    def __init__(self, seed):
        self.seed = seed

    def added(self, node):
        if isinstance(node, ast.Constant) and isinstance(node.value, int):
            return ast.Constant(node.value + self.seed)
        return node

    def visit_Call(self, node):
        self.generic_visit(node)
        if (isinstance(node.func, ast.Attribute)
                and node.func.attr in ('seed', 'default_rng')):
            node.args = [self.added(arg) for arg in node.args]
        return node

    def visit_arguments(self, node):
        self.generic_visit(node)
        names = node.args[len(node.args) - len(node.defaults):]
        node.defaults = [
            self.added(default) if name.arg == 'seed' else default
            for name, default in zip(names, node.defaults, strict=True)]
        return node

    def visit_ImportFrom(self, node):
        """Seed the framework where it is imported."""
        if node.module != 'd2l':
            return node
        return [node, *ast.parse(f'd2l.Trainer.seed({self.seed})').body]


def main(tab, section, *seeds):
    for seed in map(int, seeds):
        [(nb, path, _)] = [found for found in open_book().notebooks([tab])
                           if found[1].stem == section]
        trained = list(depend_on_training(code_cells(nb)))
        for cell in code_cells(nb):
            source = TransformerManager().transform_cell(cell.source)
            tree = Reseed(seed).visit(ast.parse(source))
            cell.source = ast.unparse(ast.fix_missing_locations(tree))
        with tqdm(total=len(trained), unit='cell') as bar:
            execute(nb, path, tab, bar)
        print(f'\n== {tab}, {section}, seed {seed}')
        for cell, shown in zip(code_cells(nb), trained, strict=True):
            for output in cell.outputs if shown else []:
                print(output.get('text', ''), end='', flush=True)


if __name__ == '__main__':
    main(*sys.argv[1:])
