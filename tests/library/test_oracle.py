"""The oracle itself: its gradient is the slope of its loss."""

import numpy as np
import pytest

import oracle

MODELS = {
    'residual': lambda rng: oracle.residual(rng, 3, 3),
    'residual, halving': lambda rng: oracle.residual(rng, 3, 4, True, 2),
    'resnext': lambda rng: oracle.resnext_block(rng, 6, 6, 2, 1),
    'resnext, halving': lambda rng: oracle.resnext_block(rng, 3, 8, 2, 0.5,
                                                         True, 2),
    'resnet': lambda rng: oracle.resnet(rng, ((1, 64), (1, 4)), 3, 5)}


@pytest.mark.parametrize('name', MODELS)
def test_gradient_is_the_slope(rng, name):
    """Along a random direction of all weights and of the input."""
    model = MODELS[name](rng)
    c_in = 6 if name == 'resnext' else 3
    X = rng.normal(size=(4, c_in, 9, 7))
    weights = {key: t for key, t in model.tensors().items()
               if 'running' not in key}
    dL = None

    def loss():
        nonlocal dL
        Y = model.forward(X, training=True)
        if Y.ndim == 2:
            value, dL = oracle.cross_entropy(Y, np.arange(4))
        else:
            value, dL = (Y**2).sum() / 2, Y
        return value

    loss()
    dX = model.backward(dL)
    gradients = model.tensors('d')
    assert gradients.keys() == weights.keys()
    directions = {key: rng.normal(size=t.shape) for key, t in weights.items()}
    direction_X = rng.normal(size=X.shape)
    slope = (dX * direction_X).sum() + sum(
        (gradients[key] * directions[key]).sum() for key in weights)
    step = 1e-6
    values = []
    for sign in (1, -2):        # from 0 to +1 step, then to -1 step
        for key, t in weights.items():
            t += sign * step * directions[key]
        X += sign * step * direction_X
        values.append(loss())
    assert (values[0] - values[1]) / (2 * step) == pytest.approx(slope,
                                                                 rel=1e-5)
