"""Four things that XLA computes slowly on CPUs, computed another way.

On two cores with AVX-512 the gradient of a 3×3 convolution of 24×24×64 images
with respect to its weights takes XLA 4.7 times as long as the convolution,
and the gradient of the stem's max-pooling 22 times as long as the pooling:
together more than a third of a training step of ResNet-18 at 96×96. Where
images are smaller than the kernel, as in its last stage at 64×64, XLA
convolves without its fast routine, 100 times as slowly. And the gradients of
a grouped convolution take 20 to 230 times as long (AMD EPYC, two cores; 3×3,
2 to 32 groups) as those of one convolution a group. `rewrite` finds these in
what JAX traced, whoever wrote the layers, and puts the same function in
another form in their place; `bench/` measures what ResNet-18 gains.
"""

import warnings
from collections.abc import Callable
from functools import partial
from math import prod

import jax
from jax import lax
from jax import numpy as jnp

PATCHES_BYTES = 5.5e6   # of a piece of the batch: what stays in the cache
MIN_PIXELS = 100        # an image: below, XLA's way is as fast
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
    if primitive.name == 'conv_general_dilated':
        out = eqn.outvars[0].aval
        if _num_groups(**params) > 1:
            closed = jax.make_jaxpr(partial(_grouped_convolution, primitive,
                                            **params))(*inputs)
            return _evaluate(closed.jaxpr, closed.consts, inputs)
        if _is_weight_gradient(*inputs, **params):
            return [_weight_gradient(*inputs, out, **params)]
        if _is_below_kernel(*inputs, **params):
            return [_matrix_convolution(*inputs, out, **params)]
    if primitive.name == 'select_and_scatter_add' and _is_max_pooling(
            *inputs, **params):
        return [_max_pooling_gradient(*inputs, **params)]
    params = primitive.get_bind_params(params)
    # Functions that an operation calls: beside its parameters until JAX 0.9.
    functions, params = params if isinstance(params, tuple) else ((), params)
    outputs = primitive.bind(*functions, *inputs, **params)
    return outputs if primitive.multiple_results else [outputs]


def _num_groups(*, feature_group_count, batch_group_count, **_):
    """Return of how many convolutions side by side this one consists."""
    return max(feature_group_count, batch_group_count)


def _grouped_convolution(primitive, X, K, **params):
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
            return primitive.bind(X, K, **alone)
        Y = _without_others(primitive.bind(X, K, **alone), together,
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


def _is_weight_gradient(X, G, *, window_strides, lhs_dilation,
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
                 batch_group_count} == {1}
            and prod(G.shape[1:3]) >= MIN_PIXELS)


def _weight_gradient(X, G, out, *, padding, rhs_dilation, precision, **_):
    """Return it as a sum, over pieces of the batch, of matrix products."""
    height, width, channels, _ = out.shape
    num_examples, *pixels, num_outputs = G.shape
    num_patches = height * width * channels
    size = max(int(PATCHES_BYTES / (4 * num_patches * prod(pixels))), 1)
    size = next(n for n in range(size, 0, -1) if num_examples % n == 0)
    X = lax.pad(X, jnp.zeros((), X.dtype),
                [(0, 0, 0), *((*p, 0) for p in padding), (0, 0, 0)])

    def add(total, piece):
        X, G = piece
        patches = jnp.concatenate([
            _window(X, (i, j), pixels, rhs_dilation)
            for i in range(height) for j in range(width)], axis=-1)
        return total + lax.dot_general(
            patches.reshape(-1, num_patches), G.reshape(-1, num_outputs),
            (([0], [0]), ([], [])), precision=precision), None

    pieces = (A.reshape(-1, size, *A.shape[1:]) for A in (X, G))
    total, _ = lax.scan(add, jnp.zeros((num_patches, num_outputs), X.dtype),
                        tuple(pieces))
    return total.reshape(out.shape)


def _is_below_kernel(X, K, *, dimension_numbers, feature_group_count,
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


def _is_max_pooling(G, X, *, select_prim, window_dimensions, window_strides,
                    **_):
    """Tell whether this is the gradient of max-pooling of (N, H, W, C)."""
    return (len(X.shape) == 4 and select_prim.name == 'ge'
            and {window_dimensions[axis] for axis in (0, 3)} == {1}
            and {window_strides[axis] for axis in (0, 3)} == {1})


def _max_pooling_gradient(G, X, *, window_dimensions, window_strides,
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

    def spread(A, place):
        """Put what a window takes out of an image back, zeros around it."""
        rows_columns = (
            (start, size - start - (n - 1) * stride - 1, stride - 1)
            for start, size, n, stride in zip(
                place, padded.shape[1:3], pixels, strides, strict=True))
        return lax.pad(A, jnp.zeros((), A.dtype),
                       [(0, 0, 0), *rows_columns, (0, 0, 0)])

    total = sum(spread(jnp.where(where == n, G, 0), place)
                for n, place in enumerate(places))
    return lax.pad(total, jnp.zeros((), total.dtype),
                   [(-before, -after, 0) for before, after in padding])


def _window(X, start, size, strides):
    """Return `size` pixels of each image, from `start`, `strides` apart."""
    (i, j), (height, width), (down, right) = start, size, strides
    return lax.slice(
        X, (0, i, j, 0),
        (X.shape[0], i + (height - 1) * down + 1,
         j + (width - 1) * right + 1, X.shape[3]), (1, down, right, 1))
