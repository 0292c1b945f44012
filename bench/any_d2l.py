"""What a bench asks of any d2l, ours or 1.0.3: the one this Python has."""

import ast
import importlib
from pathlib import Path

CHAPTER = Path(__file__).resolve().parents[1] / 'd2l'


def library(framework):
    """Import d2l, ours or 1.0.3."""
    if framework == 'torch':
        import torch
        if not torch.version.cuda:  # PyPI's torchvision is made for CUDA
            library.operators = torch.library.Library('torchvision',
                                                      'FRAGMENT')
            for name in ('nms', 'qnms'):
                library.operators.define(f'{name}(Tensor dets, Tensor scores, '
                                         f'float iou_threshold) -> Tensor')
    d2l = importlib.import_module(f'd2l.{framework}')
    if framework == 'mxnet':
        from mxnet import npx
        from mxnet.gluon import utils
        npx.set_np()    # as the chapters of d2l 1.0.3 do
        utils.check_sha1 = lambda *_: True  # the data set may be packed anew
    return d2l


def chapter_class(name, framework, d2l):
    """Return a class of the chapter: d2l 1.0.3 lacks it and gets our code."""
    if hasattr(d2l, name):
        return getattr(d2l, name)
    tree = ast.parse((CHAPTER / f'{framework}.py').read_text())
    tree.body = [node for node in tree.body
                 if getattr(node, 'name', '') in ('ResNet', name)]
    namespace = {**vars(d2l), 'd2l': d2l}
    exec(compile(tree, framework, 'exec'), namespace)
    return namespace[name]


def waiter(framework):
    """Return what waits until all work of a trainer is done."""
    if framework == 'jax':
        import jax
        return lambda trainer: jax.block_until_ready(trainer.state.params)
    if framework == 'mxnet':
        from mxnet import npx
        return lambda trainer: npx.waitall()
    if framework == 'tensorflow':
        return lambda trainer: trainer.model.trainable_variables[0].numpy()
    return lambda trainer: next(trainer.model.parameters()).sum().item()
