"""What the runner and d2l say of cells that fail."""

import textwrap
from pathlib import Path

import pytest

from run_cells import run


def test_a_cell_that_fails_does_not_stop_the_rest(tmp_path, data):
    section = tmp_path / 'section.md'
    section.write_text(textwrap.dedent('''
        # A section

        ```{.python .input}
        %%tab pytorch
        from d2l import torch as d2l
        raise ValueError('one',
                         'two')
        ```

        ```{.python .input}
        %%tab pytorch
        d2l.num_gpus()
        ```

        ```{.python .input}
        %%tab pytorch
        import types
        jax = types.ModuleType('jax')
        y = jax.tree_map(abs, [1])
        ```

        ```{.python .input}
        %%tab pytorch
        import torch
        d2l.Residual(3)(torch.ones((1, 4, 6, 6)))
        ```
    '''))
    *found, block = run(section, 'pytorch', data)
    assert found == [
        "ValueError: ('one', 'two')", None,
        "AttributeError: module 'jax' has no attribute 'tree_map' d2l: in `y "
        "= jax.tree_map(abs, [1])`: JAX calls it jax.tree.map now."]
    assert ('d2l: Residual cannot add its input, of shape (1, 4, 6, 6), to '
            'its output, of shape (1, 3, 6, 6): give it use_1x1conv=') in block
    assert run(section, 'jax', data) is None


@pytest.mark.parametrize('tab', ['jax', 'tensorflow'])
def test_an_outdated_line_gets_a_hint(data, tab):
    """The error names the line and the change that mends it."""
    ready, *outdated = run(
        Path(__file__).parent / 'outdated/lines.md', tab, data)
    assert ready is None
    assert [error for error in outdated
            if not error or ' d2l: in `' not in error] == []
