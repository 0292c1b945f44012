"""What the section of the basics says: costs, and layers from scratch."""

import re
from pathlib import Path

import numpy as np
import pytest

TAB = {'torch': 'pytorch'}
CELLS = re.findall(r'^```\{\.python \.input\}\n%%tab ([\w, ]+)\n(.*?)^```',
                   Path('chapter_resnet/background.md').read_text(),
                   re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize('groups', [1, 2, 4])
def test_conv_cost_counts_what_is_multiplied(backend, groups):
    """By the matrix that a grouped convolution is at a kernel's place."""
    c_in, c_out, k, h, w = 8, 12, 3, 5, 7
    group_in, group_out = (np.arange(c) * groups // c for c in (c_in, c_out))
    weights = k**2 * (group_in[:, None] == group_out).sum()
    assert (backend.d2l.conv_cost(c_in, c_out, k, groups, h, w)
            == (weights, weights * h * w))


def test_conv_cost_is_that_of_the_stem(backend):
    d2l = backend.d2l
    X = np.zeros((1, 3, 32, 32), np.float32)
    (_, _, mult_adds), *_ = d2l.layer_costs(
        d2l.ResNet(((1, 64),)), tuple(backend.images(X).shape))
    assert d2l.conv_cost(3, 64, 7, 1, 16, 16) == (9408, mult_adds)


def test_layers_from_scratch_are_those_of_the_framework(backend):
    """The cells' own comparisons, but for the trainings and GoogLeNet."""
    tab = TAB.get(backend.name, backend.name)
    differences, names = {}, {}

    def agree(what, A, B):
        differences[what] = float(np.abs(np.asarray(A) - np.asarray(B)).max())

    for tabs, code in CELLS:
        if ((tabs == 'all' or tab in tabs.split(', '))
                and not re.search('FashionMNIST|GoogLeNet', code)):
            exec(code, names)
            names['agree'] = agree
    assert differences.pop('정규화가 없을 때 10배로 키우면') > 1
    assert {'합성곱층 뒤, 훈련할 때 프레임워크의 층과',
            '합성곱층 뒤, 추론할 때 프레임워크의 층과'} <= set(differences)
    assert len(differences) == 13
    assert max(differences.values()) < 1e-5, differences
