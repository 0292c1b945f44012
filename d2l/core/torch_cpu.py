"""Convolutions that PyTorch computes slowly on CPUs, computed another way.

Where images have become small and channels many, a convolution is a matrix
product with few rows. On two cores with AMX the 3×3 convolutions of the last
stage of ResNet-18 at 96×96 (3×3 pixels, 512 channels) take PyTorch 2.13 almost
three times as long in bfloat16 as the product does; `bench/` measures it.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

MAX_PIXELS = 16         # of an output image: above, PyTorch's way is as fast
MIN_WEIGHTS = 256 * 512     # at a place of the kernel: below, too


class MatrixConvolutions(TorchFunctionMode):
    """The context in which such convolutions are matrix products."""

    def __torch_function__(self, function: Callable, types: Iterable,
                           args: tuple = (),
                           kwargs: Mapping[str, Any] | None = None) -> Any:
        if function is F.conv2d:
            return conv2d(*args, **(kwargs or {}))
        return function(*args, **(kwargs or {}))


def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1,
           groups=1):
    """Return `torch.nn.functional.conv2d` of the same arguments."""
    if (input.ndim == 4 and not isinstance(padding, str)
            and groups == 1 and set(_pair(dilation)) == {1}
            and weight[..., 0, 0].numel() >= MIN_WEIGHTS):
        (down, right), (top, left) = _pair(stride), _pair(padding)
        height, width = weight.shape[2:]
        rows = (input.shape[2] + 2 * top - height) // down + 1
        columns = (input.shape[3] + 2 * left - width) // right + 1
        if 0 < rows * columns <= MAX_PIXELS:
            X = F.pad(input.permute(0, 2, 3, 1),
                      (0, 0, left, left, top, top))
            patches = torch.cat([
                X[:, i:i + (rows - 1) * down + 1:down,
                  j:j + (columns - 1) * right + 1:right]
                for i in range(height) for j in range(width)], dim=-1)
            Y = F.linear(patches, weight.permute(0, 2, 3, 1).flatten(1), bias)
            return Y.permute(0, 3, 1, 2)
    return F.conv2d(input, weight, bias, stride, padding, dilation, groups)


def _pair(value):
    return (value, value) if isinstance(value, int) else tuple(value)
