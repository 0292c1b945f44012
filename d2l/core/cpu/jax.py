"""Operations that XLA computes slowly on CPUs, computed another way.

On two cores with AVX-512 and 128 images, as a ResNet-18 at 96×96 has them:

* 3×3 convolutions on 24×24×64 to 3×3×512 images run at 0.4 to 0.9 of what
  matrix products allow, and their weight gradients at 0.1 to 0.7. By tiles
  both take a third of the multiplications.
* The weight gradients of other kernels, the stem's 7×7 among them, are
  matrix products of patches.
* The gradient of a convolution with strides multiplies the zeros that it puts
  between pixels. It falls into convolutions that skip them.
* Max-pooling and its gradient go through a window element by element.
* Where images are smaller than the kernel, as in the last stage at 64×64, XLA
  convolves without its fast routine, 100 times as slowly.
* The gradients of a grouped convolution take 20 to 230 times as long (AMD
  EPYC, two cores; 3×3, 2 to 32 groups) as those of one convolution a group.

`rewrite` finds these in what JAX traced, whoever wrote the layers, and puts
the same function in another form in their place.
"""

import warnings
from collections.abc import Callable
from functools import partial, reduce
from math import prod

import jax
import numpy as np
from jax import lax
from jax import numpy as jnp

from d2l.core.cpu import uses

PATCHES_BYTES = 256e6   # of a piece of the batch: more would be too much
MIN_TILE_CHANNELS = 48  # below, tiles cost more than they save
MIN_CHANNELS = 16       # of a convolution: below, groups are taken together


def rewrite(function: Callable) -> Callable:
    """Return the same function with the slow operations replaced.

    A release of JAX whose operations are not what they are taken for here
    gets the function as it is, and a warning says so.
    """
    def rewritten(*args):
        closed, shape = jax.make_jaxpr(function, return_shape=True)(*args)
        try:
            outputs = _evaluate(closed.jaxpr, closed.consts,
                                jax.tree_util.tree_leaves(args))
        except Exception as error:      # whatever: the reader can't mend it
            warnings.warn(f'd2l could not put faster operations into this '
                          f'step ({type(error).__name__}: {error}); it is '
                          f'compiled as it is.', stacklevel=2)
            return function(*args)
        return jax.tree_util.tree_unflatten(
            jax.tree_util.tree_structure(shape), outputs)

    return rewritten


def _evaluate(jaxpr, consts, args):
    """Run what JAX traced, operation by operation.

    Source: "Writing custom Jaxpr interpreters" in JAX's documentation.
    """
    values = dict(zip([*jaxpr.constvars, *jaxpr.invars],
                      [*consts, *args], strict=True))

    def value(variable):
        return variable.val if hasattr(variable, 'val') else values[variable]

    for eqn in jaxpr.eqns:
        inputs = [value(variable) for variable in eqn.invars]
        for variable, output in zip(eqn.outvars, _run(eqn, inputs),
                                    strict=True):
            values[variable] = output
    return [value(variable) for variable in jaxpr.outvars]


def _run(eqn, inputs):
    primitive, params = eqn.primitive, eqn.params
    if primitive.name in ('jit', 'pjit'):
        return _evaluate(params['jaxpr'].jaxpr, params['jaxpr'].consts, inputs)
    for name, operation, is_slow, form in FORMS:
        out = eqn.outvars[0].aval if eqn.outvars else None
        if (primitive.name == operation and uses(name)
                and is_slow(*inputs, out, **params)):
            # It may consist of operations that have another form as well.
            closed = jax.make_jaxpr(partial(form, out=out, **params))(*inputs)
            return _evaluate(closed.jaxpr, closed.consts, inputs)
    params = primitive.get_bind_params(params)
    # Functions that an operation calls: beside its parameters until JAX 0.9.
    functions, params = params if isinstance(params, tuple) else ((), params)
    outputs = primitive.bind(*functions, *inputs, **params)
    return outputs if primitive.multiple_results else [outputs]


def _is_grouped(X, K, out, **params):
    """Tell whether several convolutions lie side by side."""
    return _num_groups(**params) > 1


def _num_groups(*, feature_group_count, batch_group_count, **_):
    """Return of how many convolutions side by side this one consists."""
    return max(feature_group_count, batch_group_count)


def _grouped_convolution(X, K, out, **params):
    """Return it as convolutions without groups, side by side.

    Groups of few channels are taken together, with zeros in the kernel between
    them. JAX writes the weight gradient with groups of examples, since
    examples and channels have changed places there: what lies between the
    groups is left out of its result.
    """
    (examples, channels, *_), (outputs, inputs, *_), (images, features, *_) = (
        params['dimension_numbers'])
    of_channels = params['feature_group_count'] > 1
    axis = channels if of_channels else examples
    groups = _num_groups(**params)
    together = next(n for n in range(1, groups + 1) if groups % n == 0 and (
        n == groups or n * X.shape[axis] // groups >= MIN_CHANNELS))
    alone = params | {'feature_group_count': 1, 'batch_group_count': 1}

    def convolve(X, K):
        if of_channels:
            K = jnp.concatenate([K] * together, inputs)
            K = _without_others(K, together, inputs, outputs)
            return lax.conv_general_dilated_p.bind(X, K, **alone)
        Y = _without_others(
            lax.conv_general_dilated_p.bind(X, K, **alone), together,
                            images, features)
        return sum(jnp.split(Y, together, images))

    return jnp.concatenate(list(map(
        convolve, jnp.split(X, groups // together, axis),
        jnp.split(K, groups // together, outputs))), features)


def _without_others(A, groups, *axes):
    """Put zeros where the groups along the two axes are not the same."""
    one, other = (lax.broadcasted_iota('int32', A.shape, axis)
                  // (A.shape[axis] // groups) for axis in axes)
    return jnp.where(one == other, A, jnp.zeros((), A.dtype))


def _is_weight_gradient(X, G, out, *, window_strides, lhs_dilation,
                        dimension_numbers, feature_group_count,
                        batch_group_count, **_):
    """Tell whether a convolution is a weight gradient, of (N, H, W, C).

    JAX writes it as a convolution of the images `X` with the gradient `G` of
    its output, in which examples and channels have changed places.
    """
    return (tuple(dimension_numbers) == ((3, 0, 1, 2), (3, 0, 1, 2),
                                         (2, 3, 0, 1))
            and X.dtype == G.dtype == jnp.float32
            and {*window_strides, *lhs_dilation, feature_group_count,
                 batch_group_count} == {1})


def _weight_gradient(X, G, out, *, padding, rhs_dilation, precision, **_):
    """Return it as a sum, over pieces of the batch, of matrix products."""
    height, width, channels, _ = out.shape
    num_examples, *pixels, num_outputs = G.shape
    num_patches = height * width * channels
    size = max(int(PATCHES_BYTES / (4 * num_patches * prod(pixels))), 1)
    X = lax.pad(X, jnp.zeros((), X.dtype),
                [(0, 0, 0), *((*p, 0) for p in padding), (0, 0, 0)])

    def gradient(X, G):
        patches = jnp.concatenate([
            _window(X, (i, j), pixels, rhs_dilation)
            for i in range(height) for j in range(width)], axis=-1)
        return lax.dot_general(
            patches.reshape(-1, num_patches), G.reshape(-1, num_outputs),
            (([0], [0]), ([], [])), precision=precision)

    return sum(gradient(X[i:i + size], G[i:i + size])
               for i in range(0, num_examples, size)).reshape(out.shape)


def _winograd(points=(0, 1, -1, 2), kernel=3):
    """Return the matrices of Winograd's algorithm, F(3, 3), for one axis.

    They lead from five pixels, and from a kernel of three, to five factors,
    and from the five products of these to three outputs: a polynomial of
    degree four is known by its values at four points and at infinity. Source:
    Lavin and Gray, "Fast algorithms for convolutional neural networks", CVPR
    2016.
    """
    def values(num_coefficients):
        at_infinity = np.eye(num_coefficients)[-1:]
        return np.concatenate([np.vander(points, num_coefficients,
                                         increasing=True), at_infinity])

    of_image = np.linalg.inv(values(len(points) + 1)).T.round(12)
    scale = np.array([[abs(row[row != 0]).min()] for row in of_image])
    num_outputs = len(points) + 2 - kernel
    return of_image / scale, values(kernel) * scale, values(num_outputs).T


# For both axes at once: (factors, pixels of a tile), row by row.
OF_IMAGE, OF_KERNEL, OF_OUTPUTS = (
    np.kron(matrix, matrix).astype('f') for matrix in _winograd())
OVERLAP = 2     # of neighbouring tiles, in pixels
TILE = 3        # outputs along an axis


def _is_by_tiles(X, K, out, *, window_strides, lhs_dilation, rhs_dilation,
                 dimension_numbers, feature_group_count, batch_group_count,
                 **_):
    """Tell whether a 3×3 convolution, of (N, H, W, C), is better by tiles."""
    X_numbers, K_numbers, Y_numbers = dimension_numbers
    return (tuple(X_numbers) == tuple(Y_numbers) == (0, 3, 1, 2)
            and X.dtype == K.dtype == jnp.float32
            and {K.shape[axis] for axis in K_numbers[2:]} == {3}
            and {*window_strides, *lhs_dilation, *rhs_dilation,
                 feature_group_count, batch_group_count} == {1}
            and min(X.shape[3], out.shape[3]) >= MIN_TILE_CHANNELS
            and min(out.shape[1:3]) >= TILE)


def _is_gradient_by_tiles(X, G, out, *, rhs_dilation, **params):
    """Tell whether a weight gradient of a 3×3 convolution is, too."""
    return (_is_weight_gradient(X, G, out, **params)
            and out.shape[:2] == (3, 3) and set(rhs_dilation) == {1}
            and min(out.shape[2:]) >= MIN_TILE_CHANNELS
            and min(G.shape[1:3]) >= TILE)


def _convolution_by_tiles(X, K, out, *, padding, dimension_numbers,
                          precision, **_):
    """Return it by tiles of 3×3 outputs: 25 products each, instead of 81."""
    outputs, inputs, *places = dimension_numbers[1]
    K = K.transpose((*places, inputs, outputs))
    tiles = _num_tiles(out.shape)
    products = lax.dot_general(
        _apply(OF_IMAGE, _overlapping(X, tiles, padding)),
        _apply(OF_KERNEL, K.reshape(-1, *K.shape[2:])),
        (([2], [1]), ([0], [0])), precision=precision)
    Y = _apply(OF_OUTPUTS, products).reshape(
        TILE, TILE, len(X), *tiles, out.shape[3])
    Y = Y.transpose(2, 3, 0, 4, 1, 5).reshape(
        len(X), *(TILE * n for n in tiles), out.shape[3])
    return Y[:, :out.shape[1], :out.shape[2]]


def _weight_gradient_by_tiles(X, G, out, *, padding, precision, **_):
    """Return it by the same algorithm, transposed."""
    tiles = _num_tiles(G.shape)
    G = _tiles(G, tiles, [(0, 0), (0, 0)])
    products = lax.dot_general(
        _apply(OF_IMAGE, _overlapping(X, tiles, padding)),
        _apply(OF_OUTPUTS.T, G.reshape(TILE * TILE, -1, G.shape[-1])),
        (([1], [1]), ([0], [0])), precision=precision)
    return _apply(OF_KERNEL.T, products).reshape(out.shape)


def _apply(matrix, A):
    """Multiply arrays, along their first axis, with a matrix."""
    return (matrix @ A.reshape(len(A), -1)).reshape(-1, *A.shape[1:])


def _num_tiles(shape):
    """Return how many tiles cover the outputs, down and to the right."""
    return [-(-size // TILE) for size in shape[1:3]]


def _tiles(X, tiles, padding):
    """Return each place in the tiles of images that fill up with zeros.

    The result is (3, 3, N, tiles down, tiles right, C).
    """
    X = lax.pad(X, jnp.zeros((), X.dtype), [
        (0, 0, 0), *((low, TILE * n - size - low, 0) for (low, _), n, size
                     in zip(padding, tiles, X.shape[1:3], strict=True)),
        (0, 0, 0)])
    down, right = tiles
    return X.reshape(len(X), down, TILE, right, TILE, -1).transpose(
        2, 4, 0, 1, 3, 5)


def _overlapping(X, tiles, padding):
    """Return each place in the 5×5 pixels that a tile of outputs needs.

    They are a tile and the beginning of its neighbours; the result is
    (25, tiles of all images, C).
    """
    X = _tiles(X, [n + 1 for n in tiles], padding)
    for axis, n in zip((3, 4), tiles, strict=True):
        here = lax.slice_in_dim(X, 0, n, axis=axis)
        after = lax.slice_in_dim(X, 1, n + 1, axis=axis)
        X = jnp.concatenate([here, lax.slice_in_dim(
            after, 0, OVERLAP, axis=axis - 3)], axis - 3)
    return X.reshape(-1, prod(X.shape[2:5]), X.shape[5])


def _is_spread(X, K, out, *, window_strides, lhs_dilation, rhs_dilation,
               dimension_numbers, **_):
    """Tell whether zeros stand between the pixels, of (N, H, W, C).

    They do in the gradient of a convolution with strides.
    """
    X_numbers, _, Y_numbers = dimension_numbers
    return (tuple(X_numbers) == tuple(Y_numbers) == (0, 3, 1, 2)
            and max(lhs_dilation) > 1
            and {*window_strides, *rhs_dilation} == {1})


def _convolution_by_phases(X, K, out, *, padding, lhs_dilation,
                           dimension_numbers, **params):
    """Return it as convolutions side by side, which skip the zeros.

    Every second row of the outputs, say, meets every second row of the
    kernel. The outputs are put together in the end.
    """
    K_axes = dimension_numbers[1][2:]
    params = params | {'lhs_dilation': (1, 1),
                       'dimension_numbers': dimension_numbers}
    counts = [-(-size // step) for size, step
              in zip(out.shape[1:3], lhs_dilation, strict=True)]

    def phase(*starts):
        kernel, pads = K, []
        for start, axis, size, step, count, (low, _) in zip(
                starts, K_axes, X.shape[1:3], lhs_dilation, counts, padding,
                strict=True):
            first = (low - start) % step    # place in the kernel
            kernel = lax.slice_in_dim(kernel, min(first, K.shape[axis]), None,
                                      step, axis)
            before = (low - start - first) // step
            pads.append((before, count + kernel.shape[axis] - 1
                         - before - size))
        if 0 in kernel.shape:
            return jnp.zeros((len(X), *counts, out.shape[3]), out.dtype)
        return lax.conv_general_dilated_p.bind(X, kernel,
                                               padding=tuple(pads), **params)

    Y = _interleaved(phase, lhs_dilation)
    return Y[:, :out.shape[1], :out.shape[2]]


def _interleaved(phase, steps):
    """Return images (N, H, W, C) of which each phase has every n-th pixel.

    `phase`: called with the first row and column of one, returns it; `steps`:
    of its rows and columns.
    """
    down, right = steps
    Y = jnp.stack([jnp.stack([phase(i, j) for j in range(right)], 3)
                   for i in range(down)], 2)
    N, height, _, width, _, channels = Y.shape
    return Y.reshape(N, height * down, width * right, channels)


def _is_below_kernel(X, K, out, *, dimension_numbers, feature_group_count,
                     batch_group_count, **_):
    """Tell whether the kernel is larger than H or W, of (N, H, W, C).

    The padding does not count.
    """
    X_numbers, K_numbers, Y_numbers = dimension_numbers
    return (tuple(X_numbers) == tuple(Y_numbers) == (0, 3, 1, 2)
            and feature_group_count == batch_group_count == 1
            and any(X.shape[x] < K.shape[k]
                    for x, k in zip(X_numbers[2:], K_numbers[2:],
                                strict=True)))


def _matrix_convolution(X, K, out, *, padding, window_strides, lhs_dilation,
                        rhs_dilation, dimension_numbers, precision, **_):
    """Return it as a matrix product: few pixels make few rows."""
    outputs, inputs, *places = dimension_numbers[1]
    K = K.transpose((*places, inputs, outputs))
    X = lax.pad(X, jnp.zeros((), X.dtype), [
        (0, 0, 0), *((*pad, dilation - 1) for pad, dilation
                     in zip(padding, lhs_dilation, strict=True)),
        (0, 0, 0)])
    down, right = rhs_dilation
    patches = jnp.concatenate([
        _window(X, (i * down, j * right), out.shape[1:3], window_strides)
        for i in range(K.shape[0]) for j in range(K.shape[1])], axis=-1)
    return lax.dot_general(
        patches, K.reshape(-1, K.shape[-1]), (([3], [0]), ([], [])),
        precision=precision, preferred_element_type=out.dtype)


def _is_pooling(X, out, *, window_dimensions, window_strides, base_dilation,
                window_dilation, **_):
    """Tell whether this is pooling of (N, H, W, C)."""
    return (X.ndim == 4
            and {window_dimensions[axis] for axis in (0, 3)} == {1}
            and {window_strides[axis] for axis in (0, 3)} == {1}
            and {*base_dilation, *window_dilation} == {1}
            and jnp.issubdtype(X.dtype, jnp.floating))


def _max_pooling(X, out, *, window_dimensions, window_strides, padding, **_):
    """Return the maximum of what is in each place of the windows."""
    padded = lax.pad(X, jnp.array(-jnp.inf, X.dtype),
                     [(*p, 0) for p in padding])
    _, height, width, _ = window_dimensions
    return reduce(jnp.maximum, [
        _window(padded, (i, j), out.shape[1:3], window_strides[1:3])
        for i in range(height) for j in range(width)])


def _is_max_pooling(G, X, out, *, select_prim, window_dimensions,
                    window_strides, **_):
    """Tell whether this is the gradient of max-pooling of (N, H, W, C)."""
    return (len(X.shape) == 4 and select_prim.name == 'ge'
            and {window_dimensions[axis] for axis in (0, 3)} == {1}
            and {window_strides[axis] for axis in (0, 3)} == {1})


def _max_pooling_gradient(G, X, out, *, window_dimensions, window_strides,
                          padding, **_):
    """Return it as a sum over the places in a window where the maximum is.

    Like XLA's, the first of equal numbers is the maximum.
    """
    (_, height, width, _), strides = window_dimensions, window_strides[1:3]
    padded = lax.pad(X, jnp.array(-jnp.inf, X.dtype),
                     [(*p, 0) for p in padding])
    pixels = G.shape[1:3]
    places = [(i, j) for i in range(height) for j in range(width)]
    maximum = _window(padded, places[0], pixels, strides)
    where = jnp.zeros(G.shape, jnp.int32)
    for n, place in enumerate(places[1:], start=1):
        value = _window(padded, place, pixels, strides)
        where = jnp.where(value > maximum, n, where)
        maximum = jnp.maximum(value, maximum)

    counts = [-(-size // step) for size, step
              in zip(padded.shape[1:3], strides, strict=True)]

    def phase(*starts):
        """Sum over the places that lie in every n-th row and column."""
        total = jnp.zeros((len(G), *counts, G.shape[3]), G.dtype)
        for n, place in enumerate(places):
            before = [(i - start) // step for i, start, step
                      in zip(place, starts, strides, strict=True)]
            if all(i % step == start for i, start, step
                   in zip(place, starts, strides, strict=True)):
                total += lax.pad(
                    jnp.where(where == n, G, 0), jnp.zeros((), G.dtype),
                    [(0, 0, 0), *((i, count - size - i, 0) for i, count, size
                     in zip(before, counts, pixels, strict=True)), (0, 0, 0)])
        return total

    total = _interleaved(phase, strides)[:, :padded.shape[1],
                                         :padded.shape[2]]
    return lax.pad(total, jnp.zeros((), total.dtype),
                   [(-before, -after, 0) for before, after in padding])


def _window(X, start, size, strides):
    """Return `size` pixels of each image, from `start`, `strides` apart."""
    (i, j), (height, width), (down, right) = start, size, strides
    return lax.slice(
        X, (0, i, j, 0),
        (X.shape[0], i + (height - 1) * down + 1,
         j + (width - 1) * right + 1, X.shape[3]), (1, down, right, 1))


# In this order: the name in D2L_WITHOUT, JAX's operation, when, and how.
FORMS = [
    ('groups', 'conv_general_dilated', _is_grouped, _grouped_convolution),
    ('tiles', 'conv_general_dilated', _is_by_tiles, _convolution_by_tiles),
    ('tiles', 'conv_general_dilated', _is_gradient_by_tiles,
     _weight_gradient_by_tiles),
    ('patches', 'conv_general_dilated', _is_weight_gradient,
     _weight_gradient),
    ('phases', 'conv_general_dilated', _is_spread, _convolution_by_phases),
    ('small', 'conv_general_dilated', _is_below_kernel, _matrix_convolution),
    ('pooling', 'reduce_window_max', _is_pooling, _max_pooling),
    ('pooling', 'select_and_scatter_add', _is_max_pooling,
     _max_pooling_gradient),
]
