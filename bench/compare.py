"""Train ours beside d2l 1.0.3 and beside two floors: `make bench`.

Each of them is a process that waits until it is its turn; the turns go round,
so that a machine that slows down slows down all. Results go to `results.json`;
`report.py` makes the table and the picture of them.
"""

import argparse
import gzip
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from tqdm import tqdm

import report
from d2l.core import fashion_mnist, hardware
from report import BY_MODULE, RESULTS, ROOT

HERE = Path(__file__).resolve().parent
# Where d2l 1.0.3 and its frameworks look for the data, under HOME; gzipped?
PEER_DATA = {'torch': ('data/FashionMNIST/raw', False),
             'jax': ('.keras/datasets/fashion-mnist', True),
             'tensorflow': ('.keras/datasets/fashion-mnist', True),
             'mxnet': ('.mxnet/datasets/fashion-mnist', True)}
SETTLING = 3    # epochs until memory is what it stays


class WorkerProcess:
    """A process that trains when it is told to: `worker.py`."""

    def __init__(self, framework, who, precision, env=None):
        is_peer = who == 'peer'
        python = python_of(framework, is_peer)
        home = RESULTS / 'home'
        self.log = tempfile.TemporaryFile('w+')
        self.process = subprocess.Popen(
            [python, HERE / 'worker.py', framework,
             'd2l' if is_peer else who, precision],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log,
            text=True, cwd=home / 'work' if is_peer else ROOT,
            env={**os.environ, 'TF_CPP_MIN_LOG_LEVEL': '3', **(env or {}),
                 **({'HOME': str(home)} if is_peer else {})})

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            self.log.seek(0)
            raise RuntimeError(f'{self.process.args} ended:\n'
                               f'{self.log.read()[-2000:]}')
        return json.loads(line)

    def ask(self, what):
        self.process.stdin.write(f'{what}\n')
        self.process.stdin.flush()
        return self.read()

    def rate(self, what):
        answer = self.ask(what)
        return answer.get('images', answer.get('flops')) / answer['seconds']

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:   # d2l 1.0.3's workers
            self.process.kill()


def python_of(framework, is_peer=False):
    """Return the Python with a framework and ours, or d2l 1.0.3."""
    return (RESULTS / framework / 'bin' / 'python' if is_peer
            else ROOT / BY_MODULE[framework].python)


def make_peer(framework):
    """Make the environment of d2l 1.0.3 and put the data where it looks."""
    environment = RESULTS / framework
    if not (environment / 'done').exists():
        uv = ROOT / '.tools' / 'bin' / 'uv'
        subprocess.run([uv, 'venv', '--quiet', '--allow-existing', '--python',
                        sys.executable, environment], check=True)
        install = [uv, 'pip', 'install', '--quiet', '--compile-bytecode',
                   '--python', environment]
        subprocess.run([*install, '-r', HERE / 'peers' / f'{framework}.txt'],
                       check=True)
        subprocess.run([*install, '--no-deps', 'd2l==1.0.3'], check=True)
        (environment / 'done').touch()
    place, gzipped = PEER_DATA[framework]
    folder = RESULTS / 'home' / place
    folder.mkdir(parents=True, exist_ok=True)
    (RESULTS / 'home' / 'work').mkdir(exist_ok=True)
    source = fashion_mnist.find('data') or fashion_mnist.download(Path('data'))
    for name in fashion_mnist.SHA256:
        file, = source.glob(f'{name}*')
        content = file.read_bytes()
        if file.suffix == '.gz' and not gzipped:
            content = gzip.decompress(content)
        elif file.suffix != '.gz' and gzipped:
            content = gzip.compress(content)
        (folder / (f'{name}.gz' if gzipped else name)).write_bytes(content)


def compare(framework, repeats):
    """Return what the workers of a framework reached, by their names."""
    rounded = framework in ('torch', 'tensorflow') and (
        hardware.has_native_bfloat16())
    workers = {'d2l 1.0.3': ('peer', 'default'),
               'auto': ('d2l', 'auto'),
               'float32': ('d2l', 'float32'),
               'bare float32': ('bare', 'float32'),
               'matmul float32': ('matmul', 'float32')}
    if rounded:
        workers |= {'bare bfloat16': ('bare', 'bfloat16'),
                    'matmul bfloat16': ('matmul', 'bfloat16')}
    else:
        del workers['auto']     # it is float32
    results = {}
    with ExitStack() as stack:
        processes = {}
        for name, (who, precision) in tqdm(workers.items(),
                                           f'{framework}: start'):
            process = stack.enter_context(
                WorkerProcess(framework, who, precision))
            processes[name] = process
            results[name] = {'epoch': [], 'data': []}
            if who != 'matmul':
                results[name] |= process.read()
                for _ in range(SETTLING):
                    process.rate('epoch')
        for _ in tqdm(range(repeats), framework):
            for name, process in processes.items():
                results[name]['epoch'].append(process.rate('epoch'))
        default = 'auto' if rounded else 'float32'
        ask = processes[default].rate
        results[default]['gain when silent'] = [
            ask('silent') / ask('epoch')
            for _ in tqdm(range(3 * repeats), f'{framework}: silent')]
        for name in ('d2l 1.0.3', 'float32'):
            for _ in range(repeats):
                results[name]['data'].append(processes[name].rate('data'))
        for name, process in processes.items():
            results[name] |= process.ask('memory')
    return results


def import_seconds(framework, repeats):
    """Return the seconds to import d2l 1.0.3, ours, the framework alone."""
    peer = python_of(framework, is_peer=True), RESULTS / 'home' / 'work'
    ours = python_of(framework), ROOT
    d2l = f'import any_d2l; any_d2l.library("{framework}")'
    what = {'d2l 1.0.3': (*peer, d2l), 'ours': (*ours, d2l),
            'framework': (*ours, f'import {framework}')}
    seconds = {name: [] for name in what}
    for _ in range(repeats + 1):
        for name, (python, folder, code) in what.items():
            start = time.perf_counter()
            subprocess.run([python, '-c', code], check=True,
                           cwd=folder, stderr=subprocess.DEVNULL,
                           env={**os.environ, 'PYTHONPATH': str(HERE),
                                'TF_CPP_MIN_LOG_LEVEL': '3'})
            seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(times[1:])
            for name, times in seconds.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition(':')[0])
    parser.add_argument('--framework', choices=BY_MODULE, action='append')
    parser.add_argument('--repeats', type=int, default=5)
    arguments = parser.parse_args()
    file = RESULTS / 'results.json'
    results = json.loads(file.read_text()) if file.exists() else {}
    for framework in arguments.framework or BY_MODULE:
        make_peer(framework)
        results[framework] = {
            'training': compare(framework, arguments.repeats),
            'import': import_seconds(framework, arguments.repeats)}
        file.write_text(json.dumps(results, indent=1))
    report.main()


if __name__ == '__main__':
    main()
