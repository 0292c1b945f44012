"""A framework, numbers and small data sets for a test."""

import contextlib
import functools
import gzip
import resource
import struct

import numpy as np
import pytest

from backends import BACKENDS, INSTALLED
from d2l.core import fashion_mnist


@functools.cache
def make_backend(name):
    return BACKENDS[name]()


@pytest.fixture(params=INSTALLED)
def backend(request):
    """Every framework of this environment in turn, with a fixed seed."""
    backend = make_backend(request.param)
    backend.seed(0)
    return backend


@contextlib.contextmanager
def full_disk(num_bytes):
    """Let no file grow beyond `num_bytes`: writing more raises OSError."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def write_idx(file, array):
    """Write unsigned bytes in the IDX format, gzipped if `file` says so."""
    content = struct.pack(f'>BBBB{array.ndim}I', 0, 0, 8, array.ndim,
                          *array.shape) + array.astype(np.uint8).tobytes()
    file.write_bytes(gzip.compress(content, mtime=0)
                     if file.suffix == '.gz' else content)


def write_data_set(folder, train, val, suffix='.gz'):
    """Write a data set: `train` and `val` are images and labels."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in zip(fashion_mnist.SHA256, (*train, *val), strict=True):
        write_idx(folder / (name + suffix), array)
    return folder


@pytest.fixture
def tiny(tmp_path, rng):
    """A folder with 20 training and 10 validation images of 4×4 noise."""
    def images_and_labels(n):
        return (rng.integers(0, 256, (n, 4, 4)), np.arange(n) % 10)

    return write_data_set(tmp_path / 'tiny', images_and_labels(20),
                          images_and_labels(10))


@pytest.fixture(scope='session')
def real(tmp_path_factory):
    """A folder with the first 800 and 400 images of the real data set."""
    train, val = fashion_mnist.load('data')
    return write_data_set(tmp_path_factory.mktemp('real'),
                          [a[:800] for a in train], [a[:400] for a in val])
