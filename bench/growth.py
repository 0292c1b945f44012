"""Measure how time and memory grow: `python bench/growth.py [FRAMEWORK]`.

One thing grows at a time: the images in the data set, their height and width,
the batch, the epochs. Every point is a process of its own.
"""

import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from tqdm import tqdm

from d2l.core import fashion_mnist
from report import BY_MODULE, RESULTS, ROOT

BASE = {'num': 512, 'size': 64, 'batch_size': 64, 'epochs': 2}
GROWS = {'num': [256, 1024, 2048], 'size': [32, 96, 128],
         'batch_size': [16, 256], 'epochs': [4]}


def measure(framework, num, size, batch_size, epochs):
    """Train, and print the seconds an image of the last epoch and the peak."""
    d2l = importlib.import_module(f'd2l.{framework}')
    times = []

    class Trainer(d2l.Trainer):
        def fit_epoch(self):
            super().fit_epoch()     # its last line waits for the device
            times.append(time.perf_counter())

    with tempfile.TemporaryDirectory() as folder:
        write_subset(Path(folder), num)
        data = d2l.FashionMNIST(batch_size, (size, size), root=folder)
        data.val_dataloader = lambda: None
        Trainer(max_epochs=epochs).fit(d2l.ResNet18(lr=0.01), data)
    peak = Path('/proc/self/status').read_text().partition('VmHWM:')[2]
    return {'seconds_an_image': (times[-1] - times[-2]) / num,
            'bytes': 1024 * int(peak.split()[0])}


def write_subset(folder, num):
    """Write the first images of the data set in its own format."""
    train, val = fashion_mnist.load('data')
    for name, array in zip(fashion_mnist.SHA256, (*train, *val), strict=True):
        part = np.asarray(array[:num])
        header = np.array([0x800 + part.ndim, *part.shape], '>u4')
        (folder / name).write_bytes(header.tobytes() + part.tobytes())


def main():
    points = [('base', BASE), *((axis, {**BASE, axis: value})
                                for axis, values in GROWS.items()
                                for value in values)]
    file = RESULTS / 'growth.json'
    results = json.loads(file.read_text()) if file.exists() else {}
    for framework in sys.argv[1:2] or BY_MODULE:
        results[framework] = []
        for axis, point in tqdm(points, framework):
            output = subprocess.run(
                [ROOT / BY_MODULE[framework].python, __file__,
                 framework, *map(str, point.values())], check=True,
                capture_output=True, text=True, cwd=ROOT,
                env={**os.environ, 'TF_CPP_MIN_LOG_LEVEL': '3'}).stdout
            results[framework].append(
                {'axis': axis, **point, **json.loads(output.splitlines()[-1])})
        file.write_text(json.dumps(results, indent=1))


if __name__ == '__main__':
    if len(sys.argv) > 2:       # a point, in a process of its own
        print(json.dumps(measure(sys.argv[1], *map(int, sys.argv[2:]))))
    else:
        main()
