"""Train by d2l-train with PyTorch, for the other frameworks to do the same.

`python train_pictures.py FOLDER` writes pictures, weights of a short training,
what they predict, and the weights of another that begins with them.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image

from d2l.train import recipe
from d2l.train.__main__ import main

SMALL = [   # a fraction of what people use
    '--image-size', '32', '--workers', '2', '--precision', 'float32',
    '--num-gpus', '0', '--warmup-epochs', '0', '--batch-size', '12']
AGAIN = [   # numbers that show in the weights if a framework forgets them
    *SMALL, '--epochs', '2', '--weight-decay', '0.05', '--label-smoothing',
    '0.2', '--momentum', '0.5', '--clip-norm', '2']


def write_pictures(root):
    """Write noise of three colours, in ImageNet's layout."""
    rng = np.random.default_rng(0)
    for split, number in ('train', 8), ('val', 4):
        for channel, name in enumerate(('red', 'green', 'blue')):
            folder = root / split / name
            folder.mkdir(parents=True)
            for i in range(number):
                pixels = rng.integers(0, 256, (50, 40 + i, 3), 'u1')
                pixels[..., channel] |= 192
                Image.fromarray(pixels).save(folder / f'{i}.jpg')
    return root


def small_resnet(d2l):
    """Return a stand-in for `d2l.resnet`: two stages of one bottleneck."""
    return lambda depth: d2l.BottleneckResNet(
        ((1, 64, 16, 1/4), (1, 32, 8, 1/2)))


def do_alike(patch, framework):
    """Take from a training what the frameworks draw or decide differently.

    The seed of an epoch, and how momentum and a changing rate go together.
    """
    patch(framework.d2l, 'resnet', small_resnet(framework.d2l))
    patch(framework.Data, 'get_seed', staticmethod(lambda: 7))
    patch(recipe, 'rate', lambda options, epoch: 0.05)


def prepare(folder):
    from d2l.train import torch as framework
    d2l = framework.d2l
    do_alike(setattr, framework)
    data = str(write_pictures(folder / 'pictures'))
    main(['torch', '--data', data, '--out', str(folder / 'first'), *SMALL,
          '--epochs', '4'])
    first = str(folder / 'first' / 'weights.safetensors')
    main(['torch', '--data', data, '--out', str(folder / 'second'), *AGAIN,
          '--weights', first])
    model = d2l.BottleneckResNet(small_resnet(d2l)(0).arch, num_classes=3)
    d2l.load_weights(model, first)
    logits = model.eval()(d2l.tensor(images()))
    np.save(folder / 'logits.npy', logits.detach().numpy())


def images():
    """Return images that are none, for which models give some logits."""
    return np.random.default_rng(1).normal(size=(5, 3, 32, 32)).astype('f4')


if __name__ == '__main__':
    prepare(Path(sys.argv[1]))
