"""Convolutions in another form are the same, and train a model the same."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from d2l.core import torch_cpu

sizes = st.integers(1, 4)


@pytest.fixture(autouse=True)
def whatever_the_size(monkeypatch):
    monkeypatch.setattr(torch_cpu, 'MIN_WEIGHTS', 1)


@settings(max_examples=60, deadline=None)
@given(kernel=st.tuples(sizes, sizes), stride=st.tuples(sizes, sizes),
       padding=st.tuples(sizes, sizes), more=st.tuples(sizes, sizes),
       dilation=st.integers(1, 2), groups=st.integers(1, 2),
       has_bias=st.booleans())
def test_any_convolution(kernel, stride, padding, more, dilation, groups,
                         has_bias):
    torch.manual_seed(0)
    size = [(k - 1) * dilation + m for k, m in zip(kernel, more)]
    X = torch.randn(2, 4, *size, dtype=torch.float64, requires_grad=True)
    W = torch.randn(6, 4 // groups, *kernel, dtype=torch.float64,
                    requires_grad=True)
    b = torch.randn(6, dtype=torch.float64, requires_grad=True)
    args = (X, W, b if has_bias else None, stride, padding, dilation, groups)
    expected = F.conv2d(*args)
    with torch_cpu.MatrixConvolutions():
        found = F.conv2d(*args)
    torch.testing.assert_close(found, expected)
    weights = torch.randn_like(expected)
    inputs = (X, W, b) if has_bias else (X, W)
    for a, c in zip(torch.autograd.grad((found * weights).sum(), inputs),
                    torch.autograd.grad((expected * weights).sum(), inputs)):
        torch.testing.assert_close(a, c)


@pytest.mark.parametrize('size, is_product', [(4, True), (5, False)])
def test_only_small_images_are_multiplied(monkeypatch, size, is_product):
    multiplied = []
    monkeypatch.setattr(torch_cpu.F, 'linear',
                        lambda *args: multiplied.append(1) or linear(*args))
    conv = torch.nn.Conv2d(3, 8, 3, padding=1)
    with torch_cpu.MatrixConvolutions():
        assert conv(torch.ones(2, 3, size, size)).shape == (2, 8, size, size)
    assert bool(multiplied) == is_product


linear = F.linear
