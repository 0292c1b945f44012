"""Time what reads pictures, beside what each framework's examples read with.

`python bench/input.py 20000` writes that many JPEG files once, to
_build/pictures, and prints a line a loader: pictures a second, pictures a
second of computing time on one core, and the memory after each epoch. All
read 224×224 in batches of 64; `train` cuts and mirrors at random, `val` takes
the middle. An epoch is gone through before the ones that count.
"""

import importlib
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

sys.path.append(str(Path(__file__).resolve().parents[1]))   # where book/ is

from book.frameworks import FRAMEWORKS
from d2l.core.progress import progress_bar

PICTURES = Path('_build/pictures')
SIZE, BATCH, EPOCHS = 224, 64, 3


def write_pictures(number):
    """Write JPEG files as large as ImageNet's are: 500×375, 100 kB."""
    root = PICTURES / str(number)
    if root.exists():
        return root
    rng = np.random.default_rng(0)
    for i in progress_bar(iterable=range(number), desc='writing'):
        folder = root / 'train' / f'class-{i % 10}'
        folder.mkdir(parents=True, exist_ok=True)
        rough = Image.fromarray(rng.integers(0, 256, (24, 32, 3), 'u1'))
        fine = rng.normal(0, 12, (375, 500, 3))
        pixels = np.asarray(rough.resize((500, 375))) + fine
        Image.fromarray(pixels.clip(0, 255).astype('u1')).save(
            folder / f'{i}.jpg', quality=85)
    (root / 'val').symlink_to('train')
    return root


def ours(module, root, workers):
    """Yield the library's loader, and those of d2l-train."""
    from d2l.train.__main__ import parsed
    d2l = importlib.import_module(f'd2l.{module}')
    data = d2l.ImageFolder(root, BATCH, SIZE, workers)
    yield f'd2l.{module}.ImageFolder', data.train_dataloader()
    data = importlib.import_module(f'd2l.train.{module}').Data(parsed([
        module, '--data', str(root), '--batch-size', str(BATCH),
        '--workers', str(workers)]))
    yield f'd2l-train {module}, train', data.train_dataloader()
    yield f'd2l-train {module}, val', data.val_dataloader()


def torch_peer(root, workers):
    import torch
    if not hasattr(torch.ops.torchvision, 'nms'):
        # Beside a build for the CPU the operators of torchvision may be
        # missing, which reading does not need.
        library = torch.library.Library('torchvision', 'FRAGMENT')
        for name in ('nms', 'qnms'):
            library.define(f'{name}(Tensor dets, Tensor scores, '
                           f'float iou_threshold) -> Tensor')
        globals()['kept'] = library
    from torch.utils.data import DataLoader
    from torchvision.datasets import ImageFolder
    from torchvision.transforms import v2
    transform = v2.Compose([
        v2.RandomResizedCrop(SIZE), v2.RandomHorizontalFlip(), v2.ToImage(),
        v2.ToDtype(torch.float32, scale=True),
        v2.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])])
    yield 'torchvision ImageFolder, v2, DataLoader: train', DataLoader(
        ImageFolder(root / 'train', transform), BATCH, shuffle=True,
        num_workers=workers)


def tensorflow_peer(root, workers):
    import tensorflow as tf
    yield 'image_dataset_from_directory: the whole', (
        tf.keras.utils.image_dataset_from_directory(
            root / 'train', batch_size=BATCH, image_size=(SIZE, SIZE),
            verbose=False).prefetch(2))


def mxnet_peer(root, workers):
    from mxnet.gluon.data import DataLoader
    from mxnet.gluon.data.vision import ImageFolderDataset, transforms
    transform = transforms.Compose([
        transforms.RandomResizedCrop(SIZE),
        transforms.RandomFlipLeftRight(), transforms.ToTensor()])
    yield 'Gluon ImageFolderDataset, DataLoader: train', DataLoader(
        ImageFolderDataset(str(root / 'train')).transform_first(transform),
        BATCH, shuffle=True, num_workers=workers)


PEERS = {'torch': torch_peer, 'tensorflow': tensorflow_peer,
         'mxnet': mxnet_peer}       # JAX has none of its own


def seconds():
    """Return the time, and the computing time of this process and others."""
    used = [resource.getrusage(who) for who in
            (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    alive = [child.cpu_times() for child in
             psutil.Process().children(recursive=True)]
    return time.perf_counter(), (
        sum(u.ru_utime + u.ru_stime for u in used)
        + sum(child.user + child.system for child in alive))


def measure(name, loader):
    memory = []
    for epoch in range(EPOCHS + 1):
        if epoch == 1:
            start = seconds()
            number = 0
        for batch in loader:
            number = (number if epoch else 0) + len(batch[1])
        psutil.heap_trim()
        memory.append(psutil.Process().memory_info().rss / 1e6)
    wall, computing = np.subtract(seconds(), start)
    print(f'| {name} | {number / wall:.0f} | {number / computing:.0f} | '
          f'{", ".join(f"{m:.0f}" for m in memory)} |', flush=True)


def main(number='2000', module=''):
    root = write_pictures(int(number))
    if not module:
        print('| loader | images/s | images/s of a core | MB, by epochs |\n'
              '|---|--:|--:|---|', flush=True)
        for framework in FRAMEWORKS.values():   # in its own environment
            subprocess.run([framework.python, __file__, number,
                            framework.module], check=True)
        return
    for loaders in ours, lambda _, *rest: PEERS.get(
            module, lambda *_: ())(*rest):
        for name, loader in loaders(module, root, os.cpu_count()):
            measure(name, loader)


if __name__ == '__main__':
    main(*sys.argv[1:])
