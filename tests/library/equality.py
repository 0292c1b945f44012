"""How far the frameworks are from the oracle: `make equality`.

Each quantity is compared as a whole: the largest difference, relative to the
largest value of the oracle's.
"""

import contextlib
import io
import tempfile
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

import oracle
from backends import BACKENDS, INSTALLED

TOLERANCE = {'float32': 1e-4, 'float64': 1e-9}
QUANTITIES = {  # and what the section calls them
    'logits in inference': '추론 로짓', 'logits in training': '훈련 로짓',
    'loss': '손실', 'gradient': '그래디언트', 'running mean': '이동 평균',
    'running variance': '이동 분산'}
NAMES = {'torch': 'PyTorch', 'jax': 'JAX', 'tensorflow': 'TensorFlow',
         'mxnet': 'MXNet'}
CASES = {   # name: architecture, block, channels, height and width
    'ResNet, 32×32': (((1, 64), (1, 8)), 'Residual', 1, (32, 32)),
    'ResNet, 3 channels, 33×29': (((2, 64), (1, 12)), 'Residual', 3, (33, 29)),
    'ResNet, 7×9': (((1, 64), (1, 8)), 'Residual', 2, (7, 9)),
    'ResNeXt, 30×31': (((1, 64), (2, 16)), 'ResNeXtBlock', 1, (30, 31))}
GROUP_WIDTH, BOT_MUL = 4, 0.5
LR = 64.0


def models(backend, case, dtype, lr=0.0):
    """Return the same model by the oracle and by a framework."""
    arch, block, channels, _ = CASES[case]
    rng = np.random.default_rng(5)

    def resnext_block(rng, c_in, c, projection, stride, **norm):
        return oracle.resnext_block(rng, c_in, c, GROUP_WIDTH, BOT_MUL,
                                    projection, stride, **norm)

    reference = oracle.resnet(
        rng, arch, channels,
        block=resnext_block if block == 'ResNeXtBlock' else oracle.residual,
        unbiased=backend.keeps_unbiased_variance(dtype))
    model = backend.d2l.ResNet(arch=arch, lr=lr)
    load(backend, model, reference, 'float32')
    backend.cast(model, dtype)
    load(backend, model, reference, dtype)
    return reference, model


@contextlib.contextmanager
def built_of(backend, block):
    """Let ResNet build its stages of this block instead of Residual."""
    d2l = backend.d2l
    residual, one = d2l.Residual, backend.strides(1)

    def resnext_block(c, use_1x1conv=False, strides=one, **kwargs):
        return d2l.ResNeXtBlock(c, GROUP_WIDTH, BOT_MUL, use_1x1conv,
                                strides, **kwargs)

    if block == 'ResNeXtBlock':
        d2l.Residual = resnext_block
    try:
        yield
    finally:
        d2l.Residual = residual


def load(backend, model, reference, dtype):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, 'weights.safetensors')
        save_file({name: np.ascontiguousarray(t, dtype) for name, t
                   in reference.tensors().items()}, file)
        backend.d2l.load_weights(model, file)


def weights_of(backend, model):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, 'weights.safetensors')
        backend.d2l.save_weights(model, file)
        return load_file(file)


def relative(found, expected, scale=0.0):
    """Return the largest difference, relative to the largest value.

    What vanishes next to `scale` is held against that: the gradient of a bias
    that batch normalization takes away again is zero but for rounding.
    """
    largest = np.abs(expected).max()
    if largest < 1e-9 * scale:
        largest = scale
    return float(np.abs(found - expected).max() / largest)


def errors(backend, case, dtype):
    """Return the relative error of every quantity."""
    rng = np.random.default_rng(6)
    X = rng.normal(size=(6, *CASES[case][2:3], *CASES[case][3])).astype(dtype)
    y = rng.integers(0, 10, len(X))
    data = backend.loader(X, y, batch_size=len(X))
    data.val_dataloader = lambda: None
    error = {}
    with backend.precision(dtype), built_of(backend, CASES[case][1]):
        reference, model = models(backend, case, dtype)
        for quantity, training in [('logits in inference', False),
                                   ('logits in training', True)]:
            error[quantity] = relative(
                backend.logits(model, X, training),
                reference.forward(X, training))

        # The gradient is what one step of SGD takes away.
        reference, model = models(backend, case, dtype, LR)
        before = {name: t.copy() for name, t in reference.tensors().items()}
        loss, dY = oracle.cross_entropy(reference.forward(X, True), y)
        reference.backward(dY)
        backend.d2l.Trainer(max_epochs=1, precision='float32').fit(model,
                                                                   data)
        after = weights_of(backend, model)
        gradient = reference.tensors('d')
        scale = max(np.abs(t).max() for t in gradient.values())
        error['loss'] = relative(model.board.data['train_loss'][0].y, loss)
        error['gradient'] = max(
            relative((before[name] - after[name]) / LR, t, scale)
            for name, t in gradient.items())

        for quantity, part in [('running mean', 'running_mean'),
                               ('running variance', 'running_var')]:
            error[quantity] = max(
                relative(after[name], t)
                for name, t in reference.tensors().items() if part in name)
    return error


def main():
    """Print the table that stands in `chapter_resnet/interchange.md`."""
    if 'mxnet' not in INSTALLED:    # MXNet's environment goes on with it
        print(row('프레임워크', '정밀도', *QUANTITIES.values()))
        print(row(*['---'] * 8))
    for name in INSTALLED:
        for dtype in TOLERANCE:
            worst = dict.fromkeys(QUANTITIES, 0.0)
            for case in CASES:
                with contextlib.redirect_stdout(io.StringIO()):
                    found = errors(BACKENDS[name](), case, dtype)
                worst = {q: max(worst[q], found[q]) for q in QUANTITIES}
            print(row(NAMES[name], f'`{dtype}`',
                      *(f'{worst[q]:.1e}' for q in QUANTITIES)))


def row(*cells):
    return f'| {" | ".join(cells)} |'


if __name__ == '__main__':
    main()
