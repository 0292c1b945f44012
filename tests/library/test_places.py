"""Where a trainer trains: what num_gpus means, and what is said about it."""

import subprocess
import sys
import textwrap

import numpy as np
import pytest

from backends import INSTALLED
from test_training import batch_of, small_model

# A stand-in for a machine whose framework computes on a GPU by default: its
# default device is another one than d2l.cpu().
DEFAULT_ELSEWHERE = {
    'jax': '''
        import os
        os.environ['XLA_FLAGS'] = '--xla_force_host_platform_device_count=2'
        import jax
        other = jax.devices()[1]
        jax.config.update('jax_default_device', other)
        def devices_of(array):
            return {f'cpu:{device.id}' for device in array.devices()}
        def weights(model):
            return jax.tree_util.tree_leaves(model.trainer.state)
        ''',
    'tensorflow': '''
        import tensorflow as tf
        tf.config.set_logical_device_configuration(
            tf.config.list_physical_devices('CPU')[0],
            [tf.config.LogicalDeviceConfiguration()] * 2)
        other = tf.device('/CPU:1')
        other.__enter__()
        def devices_of(array):
            return {getattr(array, 'value', array).device[-5:]}
        def weights(model):
            return model.trainer.variables().values()
        ''',
    'mxnet': '''
        from d2l import mxnet as d2l
        import mxnet
        other = mxnet.cpu(1)
        other.__enter__()
        def devices_of(array):
            return {getattr(array, 'ctx', None)}
        def weights(model):
            return [p.data(p.list_ctx()[0])
                    for p in model.collect_params().values()]
        '''}
FIT = '''
from d2l import {name} as d2l
import numpy as np

logged = []

class Trainer(d2l.Trainer):
    all_gpus = staticmethod(lambda: [other])

    def log(self, label, value):
        if self.captured is None:   # else a step is traced
            logged.append(value)
        super().log(label, value)

class Data(d2l.DataModule):
    batch_size = 4

    def get_dataloader(self, train):
        X = np.ones((8, 1, 6, 6) if {name!r} == 'mxnet' else (8, 6, 6, 1),
                    'float32')
        return self.get_tensorloader((X, np.zeros(8, 'int32')), train)

for num_gpus in 0, 1:
    model = d2l.ResNet(((1, 64),), lr=0.1)
    if {name!r} == 'mxnet' and num_gpus == 0:   # as if made on the GPU
        model.net.initialize(ctx=other, force_reinit=True)
    logged.clear()
    Trainer(max_epochs=1, num_gpus=num_gpus).fit(model, Data())
    found = set()
    for array in [*weights(model), *logged]:
        found |= devices_of(array)
    print(*sorted(map(str, found)))
'''


@pytest.mark.parametrize('name', [n for n in INSTALLED if n != 'torch'])
def test_everything_is_on_the_device(name):
    """Weights, optimizer and losses: on the CPU with 0 GPUs, else the GPU."""
    cpu, gpu = {'jax': ('cpu:0', 'cpu:1'),
                'tensorflow': ('CPU:0', 'CPU:1'),
                'mxnet': ('cpu(0)', 'cpu(1)')}[name]
    run = subprocess.run(
        [sys.executable, '-c', textwrap.dedent(DEFAULT_ELSEWHERE[name])
         + FIT.format(name=name)], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    said = [line for line in run.stdout.splitlines() if 'epoch' not in line]
    assert said == ['num_gpus=0: training on the CPU.', cpu,
                    'num_gpus=1: training on the first GPU.', gpu]


@pytest.mark.parametrize('num_gpus, available, said', [
    (0, 0, ''),
    (0, 2, 'num_gpus=0: training on the CPU.\n'),
    (1, 2, 'num_gpus=1: training on the first GPU.\n'),
    (2, 1, 'num_gpus=2, but this machine has 1: training on the first '
           'GPU.\n'),
    (1, 0, 'num_gpus=1, but this machine has none: training on the CPU.\n')])
def test_says_where_it_trains(backend, monkeypatch, capsys, num_gpus,
                              available, said):
    gpus = [f'GPU {i}' for i in range(available)]
    monkeypatch.setattr(backend.d2l.Trainer, 'all_gpus',
                        staticmethod(lambda: gpus))
    trainer = backend.d2l.Trainer(max_epochs=1, num_gpus=num_gpus)
    assert capsys.readouterr().out == said
    if num_gpus and available:
        assert trainer.device == 'GPU 0'
    else:
        assert str(trainer.device) == str(backend.d2l.cpu()) or (
            backend.name == 'tensorflow')   # made anew, without a name


def test_two_gpus_are_used_or_told_how_to(backend, monkeypatch, capsys):
    """Where a process has one GPU, a line says how two are used."""
    monkeypatch.setattr(backend.d2l.Trainer, 'all_gpus',
                        staticmethod(lambda: ['GPU 0', 'GPU 1']))
    trainer = backend.d2l.Trainer(max_epochs=1, num_gpus=2)
    *told, last = capsys.readouterr().out.splitlines()
    if backend.name in ('jax', 'tensorflow'):
        assert (told, last) == ([], 'num_gpus=2: training on 2 GPUs.')
        assert trainer.job.num_devices == 2
    else:
        assert 'trains on 2 GPUs in as many processes' in told[0]
        assert last == 'num_gpus=2: training on the first GPU.'
        assert trainer.gpus == ['GPU 0'] and trainer.job.num_devices == 1


def test_a_gpu_that_cannot_round_refuses(backend, monkeypatch):
    """TensorFlow's option rounds the CPU's layers only, MXNet's none."""
    monkeypatch.setattr(backend.d2l.Trainer, 'all_gpus',
                        staticmethod(lambda: ['a GPU']))
    if backend.name in ('torch', 'jax'):
        backend.d2l.Trainer(1, num_gpus=1, precision='bfloat16')
        return
    with pytest.raises(ValueError, match=(
            "precision='bfloat16' must be one of 'auto', 'float32' here, on "
            "the first GPU")):
        backend.d2l.Trainer(1, num_gpus=1, precision='bfloat16')


def test_devices_are_chosen(backend, monkeypatch):
    """`try_gpu` and `try_all_gpus` of a machine with two GPUs, and of none."""
    from d2l.core import devices
    for num, chosen, every in (2, 'gpu 1', ['gpu 0', 'gpu 1']), (1, 'cpu', [
            'gpu 0']):
        try_gpu, try_all_gpus = devices.choices(
            lambda: 'cpu', lambda i: f'gpu {i}', lambda num=num: num)
        assert (try_gpu(1), try_all_gpus()) == (chosen, every)
    assert len(backend.d2l.try_all_gpus()) == backend.d2l.num_gpus()


def test_a_model_on_another_device_is_moved(backend, rng):
    """With 0 GPUs to the CPU, where PyTorch's and MXNet's may not be."""
    model = small_model(backend, lr=0.1)
    if backend.name == 'torch':
        moved = []
        model.to = lambda device: moved.append(str(device)) or model
    backend.d2l.Trainer(max_epochs=1).fit(
        model, backend.loader(*batch_of(rng, 4), batch_size=4))
    if backend.name == 'torch':
        assert moved == ['cpu']
    assert np.isfinite(model.board.data['train_loss'][0].y)
