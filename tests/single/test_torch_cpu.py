"""Convolutions in another form are the same, and train a model the same."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from d2l.core.cpu import torch as torch_cpu

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
    size = [(k - 1) * dilation + m for k, m in zip(kernel, more, strict=True)]
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
                    torch.autograd.grad((expected * weights).sum(), inputs),
                    strict=True):
        torch.testing.assert_close(a, c)


@pytest.mark.parametrize('size, rounded, way', [
    (3, False, 'conv2d_by_points'), (3, True, 'conv2d_by_patches'),
    (4, False, 'conv2d_by_patches'), (5, False, None)])
def test_small_images_are_multiplied(monkeypatch, size, rounded, way):
    """Rounded to bfloat16, values at points would be too rough."""
    taken = []
    for name in ('conv2d_by_points', 'conv2d_by_patches'):
        monkeypatch.setattr(torch_cpu, name, noting(taken, name))
    conv = torch.nn.Conv2d(3, 8, 3, padding=1)
    with (torch.autocast('cpu', torch.bfloat16, enabled=rounded),
          torch_cpu.MatrixConvolutions()):
        assert conv(torch.ones(2, 3, size, size)).shape == (2, 8, size, size)
    assert taken == [way] * bool(way)


def noting(taken, name):
    function = getattr(torch_cpu, name)
    return lambda *args: taken.append(name) or function(*args)


@pytest.mark.parametrize('size', [2, 3])
def test_points_lose_less_than_a_digit(size):
    torch.manual_seed(0)
    X = torch.rand(16, 256, size, size, requires_grad=True)
    W = torch.randn(256, 256, 3, 3, requires_grad=True)
    weights = torch.randn(16, 256, size, size, dtype=torch.float64)

    def results(X, W):
        Y = F.conv2d(X, W, padding=1)
        return Y, *torch.autograd.grad((Y * weights).sum(), (X, W))

    exact = results(X.double(), W.double())

    def errors(found):
        return [(a - b).norm() / b.norm()
                for a, b in zip(found, exact, strict=True)]

    with torch_cpu.MatrixConvolutions():
        found = results(X, W)
    for error, usual in zip(errors(found), errors(results(X, W)), strict=True):
        assert error < 10 * usual
