"""Several processes train as one does: same curve, same weights, said once."""

import json
import os
import socket
import subprocess
import sys
from contextlib import ExitStack, closing

import numpy as np
import pytest
from safetensors.numpy import load_file

from test_training import batch_of

PROGRAM = 'tests/library/train_together.py'


def free_ports(n):
    """Return numbers of ports that nobody listens on."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(closing(socket.socket()))
                   for _ in range(n)]
        for s in sockets:
            s.bind(('localhost', 0))
        return [s.getsockname()[1] for s in sockets]


def environments(name, n):
    """Return what a framework's launcher tells each of n processes."""
    first, *_ = ports = free_ports(n)
    if name == 'torch':         # as torchrun does
        return [{'MASTER_ADDR': 'localhost', 'MASTER_PORT': str(first),
                 'RANK': str(i), 'WORLD_SIZE': str(n)} for i in range(n)]
    if name == 'jax':
        return [{'JAX_COORDINATOR_ADDRESS': f'localhost:{first}',
                 'JAX_NUM_PROCESSES': str(n), 'JAX_PROCESS_ID': str(i)}
                for i in range(n)]
    if name == 'tensorflow':
        workers = [f'localhost:{port}' for port in ports]
        return [{'TF_CONFIG': json.dumps({
            'cluster': {'worker': workers},
            'task': {'type': 'worker', 'index': i}})} for i in range(n)]
    return [{'DMLC_PS_ROOT_URI': '127.0.0.1', 'DMLC_ROLE': role,
             'DMLC_PS_ROOT_PORT': str(first), 'DMLC_NUM_WORKER': str(n),
             'DMLC_NUM_SERVER': '1'}
            for role in [*['worker'] * n, 'server', 'scheduler']]


def train(name, folder, n, epochs, *options, **variables):
    """Train with n processes; return what each printed, the most first."""
    processes = [subprocess.Popen(
        [sys.executable, PROGRAM, name, folder, str(epochs), *options],
        env={**os.environ, **environment, **variables,
             'PYTHONPATH': os.getcwd(), 'OMP_NUM_THREADS': '1',
             'TF_CPP_MIN_LOG_LEVEL': '3'},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for environment in (environments(name, n) if n > 1 else [{}])]
    try:
        outputs = [process.communicate(timeout=110) for process in processes]
    finally:
        for process in processes:
            process.kill()
    assert not any(process.returncode for process in processes), outputs
    return sorted((out for out, _ in outputs[:n]), key=len, reverse=True)


def seen(folder, rank, *keys):
    """Return what a process has written down."""
    return json.loads((folder / f'{rank}.json').read_text())


def means(told):
    """Return the losses and accuracies of each epoch."""
    return [[epoch[key] for key in ('train_loss', 'val_loss', 'val_acc')]
            for epoch in told['history']]


@pytest.fixture(scope='module')
def alone(tmp_path_factory):
    """Give the folder of a training of three epochs with one process."""
    folders = {}

    def alone(name, *options):
        key = name, 'linear=true' in options
        if key not in folders:
            folders[key] = tmp_path_factory.mktemp(name)
            train(name, folders[key], 1, 3, *options)
        return folders[key]

    return alone


def test_two_processes_train_as_one(backend, alone, tmp_path):
    """Two epochs with two processes, then the third with one."""
    name = backend.name         # MXNet does not synchronize the statistics
    options = ['linear=true' if name == 'mxnet' else 'sync_batch_norm=true']
    expected = alone(name, *options)
    first, second = train(name, tmp_path, 2, 2, *options)
    assert first.count('epoch 1/2') == 1 and 'with 2 processes' in first
    assert 'epoch' not in second and 'Training' not in second
    told = [seen(tmp_path, rank) for rank in (0, 1)]
    assert means(told[0]) == means(told[1])
    assert told[0]['points'] == told[1]['points']
    # Every batch is cut but the one of 11, which can't be: both have it.
    parts = zip(*(process['seen'][-5:] for process in told), strict=True)
    assert [a if a == b else a + b for a, b in parts] == (
        seen(expected, 0)['seen'][-10:-5])
    train(name, tmp_path, 1, 3, *options)
    assert len(list((tmp_path / 'fit-1').glob('epoch-*'))) == 2
    np.testing.assert_allclose(means(seen(tmp_path, 0)),
                               means(seen(expected, 0)), rtol=1e-4)
    for found, array in both(tmp_path, expected, 3):
        np.testing.assert_allclose(found, array, rtol=1e-3, atol=1e-4)


def test_two_devices_of_one_process_train_as_one(backend, alone, tmp_path):
    """Two CPUs stand in for GPUs."""
    if backend.name in ('torch', 'mxnet'):
        return      # a device a process: test_places.py
    expected = alone(backend.name)
    said, = train(backend.name, tmp_path, 1, 1, 'sync_batch_norm=true',
                  'num_gpus=2', XLA_FLAGS=(
                      '--xla_force_host_platform_device_count=2'))
    assert 'training on 2 GPUs' in said
    np.testing.assert_allclose(means(seen(tmp_path, 0)),
                               means(seen(expected, 0))[:1], rtol=1e-4)


def test_a_batch_that_cannot_be_cut_is_refused(backend, rng):
    X, y = batch_of(rng, 12)
    job = type(backend.d2l.Trainer.job)()
    job.size = job.num_devices = 3
    loader = backend.loader(X, y, batch_size=4).train_dataloader()
    with pytest.raises(ValueError, match='batch_size=4 cannot be cut evenly '
                                         'for 3 devices: .* such as 6'):
        job.sharded(loader, None, None)


def test_a_loader_of_ones_own_is_cut(backend):
    """Each process shuffles alike, and takes its rows of every batch."""
    rng = np.random.default_rng()

    class Loader:
        def __iter__(self):
            rows = rng.permutation(8)
            return iter([[rows[:6], {'label': rows[:6]}, 'name'],
                         [rows[6:], {'label': rows[6:]}, 'name']])

        def __len__(self):
            return 2

    def seed(number):
        nonlocal rng
        rng = np.random.default_rng(number)

    parts = []
    for rank in range(3):
        job = type(backend.d2l.Trainer.job)()
        job.size = job.num_devices = 3
        job.rank, job.agreed = rank, lambda number: 7
        shard = job.sharded(Loader(), seed, lambda rank=rank: rank)
        assert len(shard) == 2
        parts.append([(list(X), list(labels['label']), name, job.num_examples)
                      for X, labels, name in shard])
    seed(7)
    rows = rng.permutation(8).tolist()
    assert [row for part in parts for row in part[0][0]] == rows[:6]
    for _, last in parts:       # of two rows, for three
        assert last == (rows[6:], rows[6:], 'name', 2)


def both(one, other, epoch):
    """Pair the arrays of two trainings after an epoch."""
    found, expected = (
        load_file(folder / 'fit-1' / f'epoch-{epoch}' / 'state.safetensors')
        for folder in (one, other))
    assert found.keys() == expected.keys()
    return [(found[name], expected[name]) for name in expected]


def test_statistics_of_each_device(backend, alone, tmp_path):
    """Without `sync_batch_norm`, another curve: nearly the same at first."""
    train(backend.name, tmp_path, 2, 1)
    found, expected = (seen(folder, 0)['history'][0]['train_loss']
                       for folder in (tmp_path, alone(backend.name)))
    assert found != pytest.approx(expected, rel=1e-4)
    assert found == pytest.approx(expected, rel=0.2)
