"""What the bases ask of a framework, and what the four have in common."""

import ast
import typing
from pathlib import Path

import numpy as np
import pytest

from d2l.core import data, trainer
from test_training import batch_of, small_model


@pytest.mark.parametrize('base, names', [
    (trainer.Trainer, {'cpu', 'all_gpus', 'get_seed', 'seed', 'set_training',
                       'train_step', 'validation_step', 'as_numpy',
                       'to_device', 'arrays', 'set_arrays', 'save_weights'}),
    (data.DataModule, {'get_seed', 'to_tensor', 'to_numpy', 'take', 'cast',
                       'moveaxis', 'resized'})])
def test_a_base_declares_what_it_needs(base, names):
    assert base.__abstractmethods__ == names
    for name in names:
        assert getattr(base, name).__doc__, name


@pytest.mark.parametrize('name', ['torch', 'jax', 'tensorflow', 'mxnet'])
def test_what_is_shared_stands_once(name):
    tree = ast.parse(Path(f'd2l/core/{name}.py').read_text())
    functions = {node.name for node in tree.body
                 if isinstance(node, ast.FunctionDef)}
    assert not functions & {'try_gpu', 'try_all_gpus',
                            'load_data_fashion_mnist'}
    synthetic = next(node for node in tree.body
                     if getattr(node, 'name', '') == 'SyntheticRegressionData')
    assert [node.name for node in synthetic.body
            if isinstance(node, ast.FunctionDef)] == ['__init__']


@pytest.mark.parametrize('name', ['torch', 'jax', 'tensorflow', 'mxnet'])
def test_only_imports_stand_above_what_is_generated(name):
    header = Path(f'd2l/{name}.py').read_text().partition('####')[0]
    doc, *rest = ast.parse(header).body
    assert all(isinstance(node, (ast.Import, ast.ImportFrom, ast.Assign))
               for node in rest)


def test_core_does_not_import_what_is_generated():
    for file in Path('d2l/core').rglob('*.py'):
        for node in ast.parse(file.read_text()).body:
            if isinstance(node, ast.ImportFrom):
                assert node.module not in {'d2l.torch', 'd2l.jax',
                                           'd2l.tensorflow', 'd2l.mxnet'}


def test_the_four_define_the_same_in_the_same_order():
    """But for what one framework has alone."""
    def defined(name):
        return [node.name for node in
                ast.parse(Path(f'd2l/core/{name}.py').read_text()).body
                if isinstance(node, (ast.FunctionDef, ast.ClassDef))
                and not node.name.startswith('_')]

    files = [defined(name) for name in ('torch', 'jax', 'tensorflow',
                                        'mxnet')]
    common = set.intersection(*map(set, files))
    orders = [[name for name in names if name in common] for names in files]
    assert len(common) > 20 and all(order == orders[0] for order in orders)


def test_init_reaches_every_layer(backend, rng):
    """A chapter's `init` for convolutions, however deep they are."""
    X, _ = batch_of(rng, 2)
    model = small_model(backend)
    if backend.name == 'jax':       # takes a key: layers know their own init
        model.apply_init([backend.images(X)], key=backend.d2l.get_key())
        return
    if backend.name == 'mxnet':
        from mxnet import init
        model.apply_init([backend.images(X)], init.Constant(0.5))
        kernels = [p for p in backend.parameters(model) if p.ndim == 4]
        assert len(kernels) == 6
        assert all((kernel == 0.5).all() for kernel in kernels)
        return
    seen = []
    model.apply_init([backend.images(X)], seen.append)
    convs = [layer for layer in seen if 'Conv2' in type(layer).__name__]
    norms = [layer for layer in seen if 'BatchNorm' in type(layer).__name__]
    # The stem's; the first block's two; the second's three.
    assert (len(convs), len(norms)) == (6, 5)
    assert len({id(layer) for layer in seen}) == len(seen)


def test_sgd_takes_a_generator(backend):
    """Its parameters are there in the second step, too."""
    if backend.name not in ('torch', 'mxnet'):
        return      # theirs are handed to every step
    w = backend.tensor(np.ones(1, 'float32'))
    if backend.name == 'torch':
        w.requires_grad_()
    else:
        w.attach_grad()
    sgd = backend.d2l.SGD((param for param in [w]), lr=0.1)
    found = []
    for _ in range(2):
        if backend.name == 'torch':
            import torch
            sgd.zero_grad()
            (w * w / 2).sum().backward()
            with torch.no_grad():
                sgd.step()
        else:
            from mxnet import autograd
            with autograd.record():
                l = (w * w / 2).sum()
            l.backward()
            sgd.step(1)
        found.append(float(backend.numpy(w)[0]))
    assert found == pytest.approx([0.9, 0.81])


def returned(function):
    """Return the class that a function's annotation names."""
    hint = typing.get_type_hints(function)['return']
    return typing.get_origin(hint) or hint


def test_annotations_say_what_is_returned(backend, rng, tiny):
    d2l = backend.d2l
    images = d2l.FashionMNIST(batch_size=4, root=tiny)
    split = images.split(np.zeros((2, 4, 4), 'uint8'), np.zeros(2, 'int64'))
    assert isinstance(split, returned(d2l.FashionMNIST.split))
    model = d2l.LinearRegression(lr=0.1)
    fit = d2l.Trainer(max_epochs=1)
    fit.fit(model, d2l.SyntheticRegressionData(
        backend.tensor(np.ones(2, 'float32')), 0.0, num_train=8, num_val=8))
    w_b = model.get_w_b(*([fit.state] if backend.name == 'jax' else []))
    hints = typing.get_args(
        typing.get_type_hints(d2l.LinearRegression.get_w_b)['return'])
    assert all(isinstance(a, hint)
               for a, hint in zip(w_b, hints, strict=True))
    batch = next(iter(fit.val_dataloader))
    logged = fit.validation_step(batch)
    hint = returned(type(fit).validation_step)
    assert isinstance(logged, hint)


def test_the_squared_loss_is_the_frameworks(backend):
    """Halved in JAX and MXNet, as D2L 1.0.3 has it, and the docstring says so.

    Of the errors 1 and 3 the mean square is 5.
    """
    y_hat, y = np.array([[1.0], [3.0]], 'float32'), np.zeros((2, 1), 'float32')
    model = backend.d2l.LinearRegression(lr=0.1)
    if backend.name == 'jax':
        class State:
            apply_fn = staticmethod(lambda variables, X: X)

        loss = model.loss({}, [backend.tensor(y_hat)], backend.tensor(y),
                          State)
    else:
        loss = model.loss(backend.tensor(y_hat), backend.tensor(y))
    halved = backend.name in ('jax', 'mxnet')
    assert float(loss) == (2.5 if halved else 5)
    said = ' '.join(backend.d2l.LinearRegression.loss.__doc__.split())
    assert ('half the mean' in said) == halved


def test_evaluating_leaves_the_mode(backend, rng):
    """A model in training infers while it is evaluated, then trains on."""
    X, y = batch_of(rng, 8)
    model = small_model(backend, lr=0.1)
    backend.build(model, X)
    expected = (backend.logits(model, X).argmax(1) == y).mean()
    before = backend.logits(model, X)
    net = model
    if backend.name == 'jax':       # a net is a function of images there
        def net(X):
            return model.apply(model.weights, X)
    if backend.name == 'torch':
        model.train()
    elif backend.name == 'tensorflow':
        model.training = True
    found = backend.d2l.evaluate_accuracy_gpu(
        net, [(backend.images(X), backend.labels(y))])
    assert found == expected
    if backend.name in ('torch', 'tensorflow'):
        assert model.training is True
    np.testing.assert_array_equal(backend.logits(model, X), before)
