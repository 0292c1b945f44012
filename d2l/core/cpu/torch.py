"""Convolutions that PyTorch computes slowly on CPUs, computed another way.

Where images have become small and channels many, a convolution is better
done as matrix products. On two cores with AMX the 3×3 convolutions of the last
stage of ResNet-18 at 96×96 (3×3 pixels, 512 channels) take PyTorch 2.13 three
times as long, forward and backward.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import torch
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from d2l.core.cpu import uses

MAX_PIXELS = 16         # of an output image: above, PyTorch's way is as fast
MIN_WEIGHTS = 256 * 512     # at a place of the kernel: below, too
# Where polynomials are evaluated. Of a few simple fractions these lose the
# fewest digits; more points would lose more.
POINTS = 0, 3 / 4, -3 / 4, 3, -3


class MatrixConvolutions(TorchFunctionMode):
    """The context in which such convolutions are matrix products."""

    def __torch_function__(self, function: Callable, types: Iterable,
                           args: tuple = (),
                           kwargs: Mapping[str, Any] | None = None) -> Any:
        if function is F.conv2d:
            return conv2d(*args, **(kwargs or {}))
        return function(*args, **(kwargs or {}))


class Axis(NamedTuple):
    """What a convolution does along the height or the width."""
    size: int
    kernel: int
    stride: int
    padding: int

    @property
    def outputs(self):
        """How many outputs there are along the axis."""
        return (self.size + 2 * self.padding - self.kernel) // self.stride + 1

    @property
    def points(self):
        """How many coefficients the product of the polynomials has."""
        return self.size + self.kernel - 1


def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1,
           groups=1):
    """Return `torch.nn.functional.conv2d` of the same arguments."""
    if (input.ndim == 4 and not isinstance(padding, str)
            and groups == 1 and set(_pair(dilation)) == {1}
            and weight[..., 0, 0].numel() >= MIN_WEIGHTS):
        rows, columns = map(Axis, input.shape[2:], weight.shape[2:],
                            _pair(stride), _pair(padding))
        if 0 < rows.outputs * columns.outputs <= MAX_PIXELS:
            if uses('points') and _is_better_by_points(input, rows, columns):
                return conv2d_by_points(input, weight, bias, rows, columns)
            if uses('patches'):
                return conv2d_by_patches(input, weight, bias, rows, columns)
    return F.conv2d(input, weight, bias, stride, padding, dilation, groups)


def conv2d_by_patches(X, W, b, rows, columns):
    """Multiply the patch of the image below each place of the kernel."""
    X = F.pad(X.permute(0, 2, 3, 1), (0, 0, columns.padding, columns.padding,
                                      rows.padding, rows.padding))
    height, width = ((axis.outputs - 1) * axis.stride + 1
                     for axis in (rows, columns))
    patches = torch.cat([
        X[:, i:i + height:rows.stride, j:j + width:columns.stride]
        for i in range(rows.kernel) for j in range(columns.kernel)], dim=-1)
    Y = F.linear(patches, W.permute(0, 2, 3, 1).flatten(1), b)
    return Y.permute(0, 3, 1, 2)


def conv2d_by_points(X, W, b, rows, columns):
    """Multiply images and kernels as polynomials, by their values at points.

    With pixels as coefficients, an image of 3×3 pixels times a kernel of 3×3
    has 5×5 coefficients, which its values at as many points determine: 25
    products a channel, for 81 of the patches. This is the algorithm of Toom
    and Cook; Lavin and Gray, "Fast algorithms for convolutional neural
    networks" (CVPR 2016), use its kin for convolutions.
    """
    image, kernel, product = (
        torch.from_numpy(np.kron(*matrices)).to(X.dtype)
        for matrices in zip(_at_points(*rows), _at_points(*columns),
                            strict=True))
    X = image @ X.permute(0, 2, 3, 1).flatten(1, 2)     # (N, points, in)
    num_out, num_in = W.shape[:2]
    W = (kernel @ W.permute(2, 3, 0, 1).reshape(len(kernel[0]), -1)).view(
        -1, num_out, num_in)                            # (points, out, in)
    Y = torch.bmm(X.transpose(0, 1), W.transpose(1, 2))     # (points, N, out)
    Y = product @ Y.transpose(0, 1)                     # (N, pixels, out)
    if b is not None:
        Y = Y + b
    return Y.transpose(1, 2).unflatten(2, (rows.outputs, columns.outputs))


def _is_better_by_points(X, rows, columns):
    """Tell whether points take fewer products, in at least float32."""
    products = rows.outputs * rows.kernel * columns.outputs * columns.kernel
    computed_in = torch.mm(X.new_ones(1, 1), X.new_ones(1, 1)).dtype
    return (computed_in in (torch.float32, torch.float64)
            and all(axis.stride == 1 and axis.padding < axis.kernel
                    and axis.points <= len(POINTS) for axis in (rows, columns))
            and rows.points * columns.points < products)


@cache
def _at_points(size, kernel, stride, padding):
    """Return three matrices for an axis.

    They lead from the pixels of an image, and from those of a kernel, to
    values at points, and from the values of the product to the outputs.
    """
    num_points = size + kernel - 1

    def values(num_coefficients):
        return np.vander(POINTS[:num_points], num_coefficients,
                         increasing=True)

    first = kernel - 1 - padding    # the coefficient that is the first output
    outputs = slice(first, num_points - first)
    # As the kernel slides forward, its coefficients go backward.
    return (values(size), values(kernel)[:, ::-1],
            np.linalg.inv(values(num_points))[outputs])


def _pair(value):
    # PyTorch takes (2,) for (2, 2), too.
    return (value, value) if isinstance(value, int) else (*value, *value)[:2]
