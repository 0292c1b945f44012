"""The benches say what they measured, and what they cannot measure."""

import os
import re
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

BENCH = Path(__file__).resolve().parents[2] / 'bench'


@pytest.fixture
def report(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCH))
    import report
    return report


def rounds(*rates, **costs):
    return {'epoch': list(rates), 'data': [1000.], 'first_step': 2.,
            'bytes': 10**9, **costs}


@pytest.fixture
def results():
    """A machine that halves its speed in the second of three rounds."""
    training = {'d2l 1.0.3': rounds(50., 25., 50.),
                'auto': rounds(200., 100., 204., first_step=1., **{
                    'gain when silent': [1.01, 0.9, 1.3]}),
                'float32': rounds(100., 50., 110.),
                'bare float32': rounds(100., 50., 100.),
                'bare bfloat16': rounds(250., 125., 250.),
                'matmul float32': rounds(3e11, 3e11, 3e11),
                'matmul bfloat16': rounds(2e12, 2e12, 2e12)}
    imports = {'d2l 1.0.3': 7., 'ours': 2.2, 'framework': 2.1}
    return {'torch': {'training': training, 'import': imports}}


def test_ratios_are_those_of_each_round(report, results):
    *_, rounded, exact = report.training_table(results).splitlines()
    assert rounded.startswith('| PyTorch | bfloat16 | 50 | **200** | '
                              '**4.00** ')
    assert '| 250 | 0.80 |' in rounded and '| +1.0 % |' in rounded
    assert exact.startswith('| PyTorch | float32 | 50 | **100** | **2.00** '
                            '(2.00, 2.20) | 100 | 1.00 |')
    assert report.costs_table(results).splitlines()[-1] == (
        '| PyTorch | 2.0 → **1.0** | 1.0 → **1.0** | 7.0 → **2.2** '
        '(framework alone 2.1) | 1,000 → **1,000** |')


def test_machines_stand_side_by_side(report, results):
    machines = {'one': report.medians(results),
                'two': {'torch': {'float32': {'ours': 30, 'bare loop': 40}}}}
    table = report.machines_table(machines)
    assert table.startswith('1. one\n2. two\n')
    ceiling = 3e11 / report.FLOPS_AN_IMAGE
    assert (f'| PyTorch | float32 | 1 | 100 | {100 / ceiling:.0%} | 1.00 | '
            f'2.00 |\n| PyTorch | float32 | 2 | 30 |  | 0.75 |  |') in table


def test_what_forms_are_worth(report):
    table = report.rewrites_table({'jax': {'tiles': {
        'in company': [1.5, 1.1, 1.4], 'alone': [1.2, 0.9, 1.02]}}})
    assert table.splitlines()[-1].startswith('| JAX | `tiles` | 3×3 ')
    assert table.endswith('| +40 % | +2 % |')


def test_pictures_show_every_framework(report, results, tmp_path):
    report.draw_speed(results, tmp_path / 'speed.svg')
    point = {'num': 1, 'size': 2, 'batch_size': 3, 'epochs': 4,
             'seconds_an_image': 0.1, 'bytes': 10**9}
    report.draw_growth({'jax': [{**point, 'axis': 'base'}]},
                       tmp_path / 'growth.svg')
    assert 'PyTorch' in (tmp_path / 'speed.svg').read_text()
    assert 'JAX' in (tmp_path / 'growth.svg').read_text()


def test_the_readme_shows_results(report):
    text = (BENCH / 'README.md').read_text()
    for part in ('machine', 'machines', 'training', 'costs', 'precision',
                 'rewrites'):
        _, _, rest = text.partition(f'<!-- {part} -->')
        content, found, _ = rest.partition(f'<!-- /{part} -->')
        assert found and content.strip()
    for framework in report.BY_MODULE.values():
        assert f'| {framework.name} | ' in text


def test_without_a_gpu_the_gpu_bench_says_so():
    run = subprocess.run([sys.executable, BENCH / 'gpu.py', 'torch'],
                         env={**os.environ, 'CUDA_VISIBLE_DEVICES': ''},
                         capture_output=True, text=True)
    assert run.returncode == 1
    assert run.stderr.startswith('torch finds no GPU on this machine')


@pytest.fixture
def small_set(tmp_path):
    """A folder with a data set of four images to train on."""
    for name, array in {
            'train-images-idx3-ubyte': np.eye(28)[None].repeat(4, 0),
            'train-labels-idx1-ubyte': np.arange(4),
            't10k-images-idx3-ubyte': np.eye(28)[None].repeat(2, 0),
            't10k-labels-idx1-ubyte': np.arange(2)}.items():
        (tmp_path / name).write_bytes(
            struct.pack(f'>4B{array.ndim}I', 0, 0, 8, array.ndim,
                        *array.shape) + array.astype('u1').tobytes())
    return tmp_path


def test_the_gpu_bench_runs_to_its_end_on_a_cpu(small_set):
    run = subprocess.run(
        [sys.executable, BENCH / 'gpu.py', 'torch', '--device', 'cpu',
         '--batches', '1', '--epochs', '1'], cwd=small_set,
        env={**os.environ, 'D2L_DATA': str(small_set),
             'PYTHONPATH': str(BENCH.parent)},
        capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    for said in ('1 epoch.s. in .* s, the first step after .* s',
                 'training .* images/s, .*% of a matrix product',
                 'data take .*% of an epoch; alone .* images/s',
                 'bare loop .* images/s, .*%: ours is .* of it',
                 'ten epochs of 60,000 images are 1.15 PFLOP, .* s'):
        assert re.search(said, run.stdout), said


def test_operators_of_a_step(small_set):
    run = subprocess.run(
        [sys.executable, BENCH / 'operators.py', 'torch', '--size', '32',
         '--batch-size', '1'], cwd=small_set,
        env={**os.environ, 'D2L_DATA': str(small_set),
             'PYTHONPATH': str(BENCH.parent)},
        capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    shares = re.findall(r'^ *([0-9.]+)%  +[0-9.]+ ms  (.+)$', run.stdout,
                        re.MULTILINE)
    assert len(shares) > 5 and 99 > sum(float(n) for n, _ in shares) > 50
    assert 'conv' in ' '.join(name for _, name in shares)
