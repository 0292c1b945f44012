"""All frameworks compute what the oracle computes, and train as it trains."""

import re
from pathlib import Path

import numpy as np
import pytest

import equality
import oracle


@pytest.mark.parametrize('dtype', equality.TOLERANCE)
@pytest.mark.parametrize('case', equality.CASES)
def test_equals_the_oracle(backend, case, dtype):
    """And is about as near to it as the section says."""
    errors = equality.errors(backend, case, dtype)
    section = Path('chapter_resnet/interchange.md').read_text()
    told, = re.findall(
        rf'^\| {equality.NAMES[backend.name]} \| `{dtype}` \| (.*) \|$',
        section, re.MULTILINE)
    told = dict(zip(equality.QUANTITIES, map(float, told.split(' | ')),
                    strict=True))
    assert set(errors) == set(equality.QUANTITIES)
    for quantity, error in errors.items():
        tolerance = equality.TOLERANCE[dtype]
        if backend.momentum_in_float32 and 'running' in quantity:
            tolerance = equality.TOLERANCE['float32']
        assert error <= tolerance, quantity
        # It tells of one release; another one rounds a little differently.
        assert backend.is_keras_2 or error <= 30 * told[quantity], quantity


def test_fifty_steps_train_alike(backend):
    """The same losses and the same weights as the oracle's own SGD."""
    arch, lr, steps = ((1, 64), (1, 8)), 0.01, 50
    rng = np.random.default_rng(8)
    X = rng.normal(size=(steps * 8, 1, 16, 16)).astype('float32')
    y = rng.integers(0, 10, len(X))
    unbiased = backend.keeps_unbiased_variance('float32')
    reference = oracle.resnet(rng, arch, unbiased=unbiased)
    model = backend.d2l.ResNet(arch=arch, lr=lr)
    model.plot_train_per_epoch = steps
    equality.load(backend, model, reference, 'float32')
    data = backend.loader(X, y, batch_size=8)
    data.val_dataloader = lambda: None
    backend.d2l.Trainer(max_epochs=1, precision='float32').fit(model, data)

    losses = []
    for start in range(0, len(X), 8):
        rows = slice(start, start + 8)
        loss, dY = oracle.cross_entropy(reference.forward(X[rows], True),
                                        y[rows])
        losses.append(loss)
        reference.backward(dY)
        weights = reference.tensors()
        for name, gradient in reference.tensors('d').items():
            weights[name] -= lr * gradient
    found = [point.y for point in model.board.data['train_loss']]
    np.testing.assert_allclose(found, losses, rtol=1e-3)
    for name, tensor in equality.weights_of(backend, model).items():
        assert equality.relative(tensor, reference.tensors()[name]) < 1e-3, (
            name)
