"""The data set: found, checked, decoded, downloaded, resized, batched."""

import contextlib
import functools
import gzip
import hashlib
import http.server
import itertools
import math
import os
import re
import shutil
import struct
import subprocess
import sys
import threading
import tracemalloc
import zlib
from types import SimpleNamespace
from unittest import mock

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from conftest import full_disk, write_data_set, write_idx
from d2l.core import checks, download, fashion_mnist, hardware
from d2l.core import data as data_module

TRAIN_IMAGES, TRAIN_LABELS, VAL_IMAGES, VAL_LABELS = fashion_mnist.SHA256


@pytest.fixture(autouse=True)
def nowhere_else(monkeypatch, request):
    """Hide the machine's own copy, and the network, from these tests."""
    if 'real' not in request.fixturenames:
        monkeypatch.delenv('D2L_DATA', raising=False)
        monkeypatch.setattr(fashion_mnist, 'DEBIAN',
                            fashion_mnist.Path('/nonexistent'))
        monkeypatch.setattr(fashion_mnist, 'PUBLISHERS',
                            ['http://127.0.0.1:9/'])    # nobody listens


@pytest.fixture(params=['in memory', 'streamed'])
def held(request, monkeypatch):
    """A set that fits in memory, then one that is too large to."""
    if request.param == 'streamed':
        monkeypatch.setattr(fashion_mnist, 'STREAMED_SHARE', 0)
    return request.param


@contextlib.contextmanager
def serving(handler):
    """Serve on this machine, at the address that is yielded."""
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.01,)).start()
    try:
        yield f'http://127.0.0.1:{server.server_port}/'
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def publisher(tiny, monkeypatch):
    """A server of the tiny set on this machine, and what it was asked for."""
    asked, six = [], threading.Barrier(6, timeout=60)

    class Handler(http.server.SimpleHTTPRequestHandler):
        def do_GET(self):
            if self.path == '/together':
                six.wait()
                self.path = '/'
            super().do_GET()

        def log_message(self, *args):
            asked.append(self.path)

    packed = {name: (tiny / f'{name}.gz').read_bytes()
              for name in fashion_mnist.SHA256}
    monkeypatch.setattr(fashion_mnist, 'SHA256', {
        name: hashlib.sha256(content).hexdigest()
        for name, content in packed.items()})
    monkeypatch.setattr(fashion_mnist, 'LENGTHS', {
        name: len(content) for name, content in packed.items()})
    with serving(functools.partial(Handler, directory=tiny)) as address:
        monkeypatch.setattr(fashion_mnist, 'PUBLISHERS', [address])
        yield asked


@pytest.fixture
def drops():
    """A byte now and then, until the test is over."""
    over = threading.Event()

    def drops():
        while not over.wait(0.05):
            yield b'0'

    yield drops
    over.set()


def test_the_real_set_has_six_thousand_images_a_class(real):
    (X_train, y_train), (X_val, y_val) = fashion_mnist.load('data')
    assert X_train.shape == (60000, 28, 28) and X_val.shape == (10000, 28, 28)
    assert np.bincount(y_train).tolist() == [6000] * 10
    assert np.bincount(y_val).tolist() == [1000] * 10


PROGRAM = '''
import sys
import urllib.request
from concurrent.futures import ThreadPoolExecutor

from d2l.core import download, fashion_mnist

root, publisher, *facts = sys.argv[1:]
fetch = download.fetch

def fetch_together(*args):
    fetch(*args)
    urllib.request.urlopen(f'{publisher}together').close()

download.fetch = fetch_together
fashion_mnist.DEBIAN = fashion_mnist.Path('/nonexistent')
fashion_mnist.PUBLISHERS = [publisher]
fashion_mnist.SHA256.update(zip(fashion_mnist.SHA256, facts))
fashion_mnist.LENGTHS.update(zip(fashion_mnist.SHA256, map(int, facts[4:])))
with ThreadPoolExecutor(2) as pool:
    for train, _ in pool.map(fashion_mnist.load, [root] * 2):
        print(len(train[0]))
'''


def test_several_programs_may_download_at_once(tmp_path, publisher):
    """All have fetched a file before the first one puts it in its place."""
    root = tmp_path / 'new'
    programs = [subprocess.Popen(
        [sys.executable, '-c', PROGRAM, root, fashion_mnist.PUBLISHERS[0],
         *fashion_mnist.SHA256.values(),
         *map(str, fashion_mnist.LENGTHS.values())], text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(3)]
    said = [program.communicate(timeout=60) for program in programs]
    assert said == [('20\n20\n', '')] * 3
    assert {file.name for file in root.iterdir()} == {
        f'{name}.gz' for name in fashion_mnist.SHA256}


def test_an_interrupted_download_leaves_nothing(tmp_path, publisher,
                                                monkeypatch):
    def interrupted(url, file, length):
        file.write_bytes(b'half')
        raise KeyboardInterrupt

    monkeypatch.setattr(download, 'fetch', interrupted)
    with pytest.raises(KeyboardInterrupt):
        fashion_mnist.load(tmp_path / 'new')
    assert not (tmp_path / 'new').exists()


def test_what_a_killed_download_left_goes(tmp_path, publisher):
    """After an hour: before, it may be another's that is under way."""
    left, under_way = (tmp_path / f'{TRAIN_IMAGES}.gz.{name}.partial'
                       for name in ('left', 'under way'))
    left.touch()
    under_way.touch()
    os.utime(left, (0, 0))
    fashion_mnist.load(tmp_path)
    assert {file.name for file in tmp_path.glob('*.partial')} == {
        under_way.name}


@pytest.mark.parametrize('suffix', ['', '.gz'])
def test_plain_and_gzipped_files_are_the_same(tmp_path, rng, suffix, held):
    X, y = rng.integers(0, 256, (6, 5, 7)), np.array([0, 9, 3, 4, 4, 1])
    folder = write_data_set(tmp_path, (X, y), (X[:2], y[:2]), suffix)
    (X_train, y_train), (X_val, y_val) = fashion_mnist.load(folder)
    np.testing.assert_array_equal(X_train, X)
    np.testing.assert_array_equal(y_train, y)
    np.testing.assert_array_equal(X_val, X[:2])
    np.testing.assert_array_equal(y_val, y[:2])
    assert is_mapped(X_train) == (held == 'streamed')


def is_mapped(array):
    """Tell whether an array lies in a file that is read as it is used."""
    return array is not None and (isinstance(array, np.memmap) or is_mapped(
        getattr(array, 'base', None)))


def test_a_set_larger_than_its_share_of_memory_is_streamed(
        tmp_path, rng, monkeypatch):
    X, y = rng.integers(0, 256, (40, 5, 5)), np.arange(40) % 10
    folder = write_data_set(tmp_path, (X, y), (X[:2], y[:2]))
    monkeypatch.setattr(hardware, 'num_bytes', lambda: 3999)
    (X_train, y_train), (X_val, _) = fashion_mnist.load(folder)
    assert is_mapped(X_train)       # 1000 of 3999 bytes
    assert not is_mapped(y_train) and not is_mapped(X_val)


def test_is_decoded_once(tiny):
    assert fashion_mnist.load(tiny)[0][0] is fashion_mnist.load(tiny)[0][0]


def test_is_found_where_the_user_says(tiny, tmp_path, monkeypatch):
    monkeypatch.setenv('D2L_DATA', str(tiny))
    assert len(fashion_mnist.load(tmp_path / 'empty')[0][0]) == 20
    assert not (tmp_path / 'empty').exists()


def test_a_tilde_is_the_home_folder(tiny, monkeypatch):
    monkeypatch.setenv('HOME', str(tiny.parent))
    assert len(fashion_mnist.load(f'~/{tiny.name}')[0][0]) == 20
    monkeypatch.setenv('D2L_DATA', f'~/{tiny.name}')
    assert len(fashion_mnist.load('nowhere')[0][0]) == 20


@pytest.mark.parametrize('size', [0, -3, None, (96,), (96, 96, 1), (96, 0.5),
                                  '96'])
def test_a_size_that_is_none_is_refused_at_once(backend, tiny, size):
    with pytest.raises(ValueError, match=re.escape(f'resize={size!r} must')):
        backend.d2l.FashionMNIST(resize=size, root=tiny)


@pytest.mark.parametrize('size, shape', [
    (np.int64(6), (6, 6)), ([5, 7], (5, 7)), ((3, 8), (3, 8))])
def test_sizes(backend, tiny, size, shape):
    data = backend.d2l.FashionMNIST(resize=size, root=tiny)
    X, _ = next(iter(data.val_dataloader()))
    assert backend.numpy_images(X).shape == (10, 1, *shape)


def test_says_where_it_looked_and_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv('D2L_DATA', '/my/data')
    with pytest.raises(FileNotFoundError) as error:
        fashion_mnist.load(tmp_path / 'data')
    for part in (str(tmp_path / 'data'), '/my/data', '/nonexistent',
                 'apt install dataset-fashion-mnist', 'set D2L_DATA'):
        assert part in str(error.value)
    assert not (tmp_path / 'data').exists()


def truncate_gzip(file):
    file.write_bytes(file.read_bytes()[:-20])


def not_gzip(file):
    file.write_bytes(b'<html>Not found</html>')


def wrong_magic(file):
    content = gzip.decompress(file.read_bytes())
    file.write_bytes(gzip.compress(b'\0\0\x0d' + content[3:]))


def too_short(file):
    content = gzip.decompress(file.read_bytes())
    file.write_bytes(gzip.compress(content[:-1]))


def too_long(file):
    content = gzip.decompress(file.read_bytes())
    file.write_bytes(gzip.compress(content + b'\0'))


def too_much(file):
    file.write_bytes(gzip.compress(bytes([0, 0, 8, 3]) + b'\xff' * 12))


def only_a_header(file):
    file.write_bytes(gzip.compress(b'\0\0'))


def holds_nothing(file):
    write_idx(file, np.zeros((0, 4, 4)))


@pytest.mark.parametrize('harm, said', [
    (truncate_gzip, 'cannot be decompressed'),
    (not_gzip, 'cannot be decompressed'),
    (wrong_magic, 'begins with the bytes 00000d03, not 00000803'),
    (too_short, 'announces 320 bytes of shape (20, 4, 4), but 319 follow'),
    (too_long, 'announces 320 bytes of shape (20, 4, 4), but more follow'),
    (too_much, 'but at most '),
    (only_a_header, 'begins with the bytes 0000, not 00000803'),
    (holds_nothing, 'its shape (0, 4, 4) holds nothing')])
def test_a_bad_file_is_named(tiny, harm, said, held):
    file = tiny / f'{TRAIN_IMAGES}.gz'
    harm(file)
    with pytest.raises(ValueError) as error:
        fashion_mnist.load(tiny)
    assert str(file) in str(error.value) and said in str(error.value)


def test_a_bomb_is_unpacked_as_far_as_it_announces(tiny, held):
    """Neither memory nor disk takes the 64 MB that 290 kB unpack to."""
    file = tiny / f'{TRAIN_IMAGES}.gz'
    file.write_bytes(gzip.compress(
        gzip.decompress(file.read_bytes()) + bytes(1 << 26), 1))
    tracemalloc.start()
    with full_disk(1 << 20), pytest.raises(ValueError, match='but more foll'):
        fashion_mnist.load(tiny)
    assert tracemalloc.get_traced_memory()[1] < 1 << 22
    tracemalloc.stop()


def test_no_room_to_unpack(tiny, monkeypatch):
    monkeypatch.setattr(fashion_mnist, 'STREAMED_SHARE', 0)
    with monkeypatch.context() as full:
        full.setattr(shutil, 'disk_usage', lambda _: SimpleNamespace(free=99))
        with pytest.raises(OSError, match=(
                f'{TRAIN_IMAGES}.gz unpacks to 337 bytes, more than are free '
                f'in .* set TMPDIR')):
            fashion_mnist.load(tiny)
    assert len(fashion_mnist.load(tiny)[0][0]) == 20


def decode(content, packed):
    """Return the images of a file as the format has them, or None."""
    try:
        content = gzip.decompress(content) if packed else content
    except (OSError, EOFError, zlib.error):
        return None
    shape = struct.unpack('>3I', content[4:16].ljust(12, b'\0'))
    return (np.frombuffer(content, np.uint8, offset=16).reshape(shape)
            if content.startswith(b'\0\0\x08\3')
            and math.prod(shape) == len(content) - 16 > 0 else None)


@settings(deadline=None)
@given(shape=st.tuples(*[st.integers(0, 5)] * 3), at=st.integers(0, 140),
       cut=st.integers(0, 40), more=st.binary(max_size=40),
       packed=st.booleans(), after_packing=st.booleans(),
       streamed=st.booleans())
@example((1, 1, 1), 4, 12, struct.pack('>3I', 999, 999, 99), True, False, 0)
@example((1, 1, 1), 4, 12, struct.pack('>3I', 999, 999, 99), False, False, 0)
def test_any_bytes_are_images_or_refused(tmp_path_factory, shape, at, cut,
                                         more, packed, after_packing,
                                         streamed):
    """In little memory, whatever they announce."""
    content = struct.pack('>4B3I', 0, 0, 8, 3, *shape) + bytes(range(
        math.prod(shape)))
    pack = functools.partial(gzip.compress, mtime=0) if packed else bytes
    if after_packing:
        content = pack(content)
    content = content[:at] + more + content[at + cut:]
    if not after_packing:
        content = pack(content)
    file = tmp_path_factory.getbasetemp() / (TRAIN_IMAGES + '.gz' * packed)
    file.write_bytes(content)
    expected = decode(content, packed)
    tracemalloc.start()
    try:
        with mock.patch.object(fashion_mnist, 'STREAMED_SHARE',
                               0 if streamed else 1/4):
            found = fashion_mnist._read(file)
    except ValueError as error:
        assert str(file) in str(error) and expected is None
    else:
        assert found.tolist() == expected.tolist()
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()


def test_images_and_labels_must_be_as_many(tiny):
    write_idx(tiny / f'{VAL_LABELS}.gz', np.arange(9))
    with pytest.raises(ValueError, match='10 images, but .* 9 labels'):
        fashion_mnist.load(tiny)


def test_labels_must_be_classes(tiny):
    write_idx(tiny / f'{TRAIN_LABELS}.gz', np.arange(20))
    with pytest.raises(ValueError, match='label 19 at position 19'):
        fashion_mnist.load(tiny)


def test_downloads_what_is_missing(tmp_path, tiny, publisher):
    root = tmp_path / 'new' / 'data'
    np.testing.assert_array_equal(fashion_mnist.load(root)[0][0],
                                  fashion_mnist.load(tiny)[0][0])
    assert sorted(file.name for file in root.iterdir()) == sorted(
        f'{name}.gz' for name in fashion_mnist.SHA256)
    publisher.clear()
    fashion_mnist.load(root)
    assert not publisher


def test_the_mirror_helps_out(tmp_path, tiny, publisher, monkeypatch):
    monkeypatch.setattr(
        fashion_mnist, 'PUBLISHERS',
        ['http://127.0.0.1:9/', *fashion_mnist.PUBLISHERS])
    assert len(fashion_mnist.load(tmp_path / 'data')[0][0]) == 20


OK = b'HTTP/1.0 200 OK\r\n'


@pytest.mark.parametrize('begin, go_on, said', [
    (b'', (), 'closed connection without response'),
    (OK + b'Content-Length: many\r\n\r\nfew', (), 'but 3 came'),
    (OK + b'Content-Length: 99999\r\n\r\nfew', (), 'but 3 came'),
    (b'HTTP/1.0 302 Found\r\nLocation: http://[\r\n\r\n', (),
     'Invalid IPv6 URL'),
    (OK + b'\r\n', itertools.repeat(bytes(1 << 16)), 'but more came'),
    (OK + b'\r\n', 'drops', 'took more than 0.5 seconds'),
    (OK + b'Server: ', 'drops', 'took more than 0.5 seconds')])
def test_a_hostile_publisher_gives_way_to_the_next(
        tmp_path, publisher, drops, monkeypatch, begin, go_on, said):
    class Hostile(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            with contextlib.suppress(OSError):      # the other hangs up
                self.wfile.write(begin)
                for part in drops() if go_on == 'drops' else go_on:
                    self.wfile.write(part)

        def log_message(self, *args):
            pass

    monkeypatch.setattr(download, 'DEADLINE', 0.5)
    good = fashion_mnist.PUBLISHERS
    with serving(Hostile) as hostile:
        monkeypatch.setattr(fashion_mnist, 'PUBLISHERS', [hostile])
        with pytest.raises(FileNotFoundError, match=said):
            fashion_mnist.load(tmp_path / 'new')
        assert not (tmp_path / 'new').exists()
        monkeypatch.setattr(fashion_mnist, 'PUBLISHERS', [hostile, *good])
        monkeypatch.setattr(fashion_mnist, 'SHA256', {
            TRAIN_LABELS: fashion_mnist.SHA256[TRAIN_LABELS]})
        fashion_mnist.download(tmp_path / 'new')
    assert [file.name for file in (tmp_path / 'new').iterdir()] == [
        f'{TRAIN_LABELS}.gz']


def test_a_wrong_download_is_not_kept(tmp_path, tiny, publisher):
    file = tiny / f'{VAL_LABELS}.gz'
    file.write_bytes(file.read_bytes()[:-1] + b'?')
    with pytest.raises(FileNotFoundError, match='its SHA-256 is'):
        fashion_mnist.load(tmp_path / 'data')
    assert sorted(f.name for f in (tmp_path / 'data').iterdir()) == sorted(
        f'{name}.gz' for name in fashion_mnist.SHA256 if name != VAL_LABELS)


@pytest.mark.parametrize('size', [(96, 96), (28, 28), (14, 14), (20, 50), 32])
def test_resizes_as_pillow_does(rng, size):
    images = rng.integers(0, 256, (3, 28, 28)).astype(np.uint8)
    height, width = (size, size) if isinstance(size, int) else size
    expected = np.stack([
        Image.fromarray(image).resize((width, height),
                                      Image.Resampling.BILINEAR)
        for image in images]) / 255
    resized = fashion_mnist.resize(images, size)
    assert resized.dtype == np.float32
    # Pillow rounds to whole levels after each of its two passes.
    np.testing.assert_allclose(resized, expected, atol=1.01 / 255)


def test_batches(backend, tiny, held):
    d2l = backend.d2l
    data = d2l.FashionMNIST(batch_size=8, resize=(6, 9), root=tiny)
    loader = data.val_dataloader()
    assert len(loader) == 2
    (X, y), (X_last, y_last) = loader
    assert tuple(X.shape) == ((8, 6, 9, 1) if backend.channels_last
                              else (8, 1, 6, 9))
    assert len(X_last) == len(y_last) == 2
    assert backend.numpy(X).dtype == np.float32
    assert backend.numpy(y).dtype.kind == 'i'
    assert backend.numpy(y).tolist() == list(range(8))
    images = fashion_mnist.load(tiny)[1][0]
    np.testing.assert_allclose(backend.numpy_images(X)[:, 0],
                               fashion_mnist.resize(images[:8], (6, 9)),
                               atol=1e-6)


@pytest.fixture
def gpu(backend, monkeypatch):
    """Let trainers take the CPU for the first GPU."""
    if backend.name == 'mxnet':     # on a CPU it would resize with NumPy
        from d2l.core import mxnet
        monkeypatch.setattr(mxnet, 'cpu', lambda: None)
    monkeypatch.setattr(backend.d2l.Trainer, 'all_gpus',
                        staticmethod(lambda: [backend.d2l.cpu()]))
    return functools.partial(backend.d2l.Trainer, max_epochs=2, num_gpus=1,
                             precision='float32')


def epoch_of(backend, loader, seed=3):
    """Return the images and the labels of an epoch as NumPy arrays."""
    backend.seed(seed)
    return [np.concatenate(parts) for parts in zip(*(
        (backend.numpy_images(X), backend.numpy(y)) for X, y in loader),
        strict=True)]


@pytest.mark.parametrize('room', [0, 2**30])
def test_batches_made_on_a_device_are_those_of_the_host(
        backend, gpu, tiny, held, room, monkeypatch):
    """The same rows in the same order, from a set there, or in part here."""
    monkeypatch.setattr(data_module, 'DEVICE_BYTES', room)
    data = backend.d2l.FashionMNIST(batch_size=8, resize=(6, 9), root=tiny)
    expected = epoch_of(backend, data.train_dataloader())
    trainer, moved = gpu(), []

    def to_device(array):
        moved.append((array.dtype.name, array.shape))
        return type(trainer).to_device(trainer, array)

    trainer.to_device = to_device
    trainer.prepare_data(data)
    there = held == 'in memory' and room > 0
    assert moved == there * [
        ('uint8', (20, 4, 4)), ('uint8', (20,)),
        ('uint8', (10, 4, 4)), ('uint8', (10,))]
    moved.clear()
    for found, wanted in zip(epoch_of(backend, trainer.train_dataloader),
                             expected, strict=True):
        np.testing.assert_array_equal(found, wanted)
    # Once an epoch the order of the rows, or else bytes for every batch.
    assert moved == ([('int64', (20,))] if there else [
        ('uint8', shape) for n in (8, 8, 4) for shape in ((n, 4, 4), (n,))])


def test_a_set_that_lies_on_a_device_trains_as_from_the_host(
        backend, gpu, tiny, monkeypatch):
    """And no step waits for the device to look at labels."""
    def parameters(make):
        trainer = make()
        trainer.seed_all(5)
        data = backend.d2l.FashionMNIST(batch_size=8, root=tiny)
        model = backend.d2l.SoftmaxRegression(num_outputs=10, lr=0.1)
        with monkeypatch.context() as patch:
            patch.setattr(trainer, 'as_numpy', lambda labels: (
                labels if isinstance(labels, np.ndarray)
                else read.append(labels)))
            patch.setattr(trainer, 'watch_weights', lambda: None)
            patch.setattr(trainer, 'without_numbers', set)
            trainer.fit(model, data)
        return backend.parameters(model), trainer.train_dataloader.on_device

    read = []
    found, there = parameters(gpu)
    assert there and not read
    monkeypatch.setattr(checks, 'unknown_label', lambda *_: None)
    expected, there = parameters(functools.partial(gpu, num_gpus=0))
    assert not there
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_labels_on_a_device_that_are_no_classes(backend, gpu, tiny):
    data = backend.d2l.FashionMNIST(batch_size=8, root=tiny)
    model = backend.d2l.SoftmaxRegression(num_outputs=9, lr=0.1)
    with pytest.raises(ValueError, match='A label is 9, but Softmax'):
        gpu().fit(model, data)


def test_a_convert_of_ones_own_gets_arrays_on_a_gpu_too(backend, gpu, tiny):
    class Flipped(backend.d2l.FashionMNIST):
        def convert(self, images, labels):
            assert type(images) is type(labels) is np.ndarray
            return super().convert(np.flip(images, 2), labels)

    plain = backend.d2l.FashionMNIST(batch_size=8, root=tiny, resize=5)
    flipped, trainer = Flipped(batch_size=8, root=tiny, resize=5), gpu()
    trainer.prepare_data(flipped)
    found, _ = epoch_of(backend, trainer.val_dataloader)
    expected, _ = epoch_of(backend, plain.val_dataloader())
    np.testing.assert_allclose(found, expected[..., ::-1], atol=1e-6)


def test_training_batches_are_shuffled_anew(backend, tiny):
    data = backend.d2l.FashionMNIST(batch_size=20, resize=(4, 4), root=tiny)
    loader = data.train_dataloader()
    images = fashion_mnist.load(tiny)[0][0]
    orders = []
    for _ in range(2):
        [(X, y)] = loader
        pixels = np.rint(backend.numpy_images(X)[:, 0] * 255).astype(np.uint8)
        order = [(images == p).all(axis=(1, 2)).argmax() for p in pixels]
        assert sorted(order) == list(range(20))
        assert backend.numpy(y).tolist() == [i % 10 for i in order]
        orders.append(order)
    assert orders[0] != orders[1] != list(range(20))


def test_a_seed_repeats_the_order(backend, tiny):
    data = backend.d2l.FashionMNIST(batch_size=20, root=tiny)
    orders = []
    for _ in range(2):
        backend.seed(7)
        [(_, y)] = data.train_dataloader()
        orders.append(backend.numpy(y).tolist())
    assert orders[0] == orders[1]


def test_items_and_lengths_as_in_d2l(backend, tiny):
    data = backend.d2l.FashionMNIST(resize=(6, 6), root=tiny)
    if backend.channels_last:   # TensorFlow and JAX keep the two arrays
        assert len(data.train[0]) == 20 and len(data.val[1]) == 10
        assert data.train[0][0].shape == (4, 4)
    else:                       # PyTorch and MXNet a data set of items
        assert len(data.train) == 20 and len(data.val) == 10
        assert tuple(data.train[0][0].shape) == (1, 6, 6)
        assert int(data.val[7][1]) == 7


def test_text_labels_and_visualize(backend, tiny, monkeypatch):
    from matplotlib import pyplot as plt
    data = backend.d2l.FashionMNIST(batch_size=8, root=tiny)
    batch = next(iter(data.val_dataloader()))
    assert data.text_labels([0, 9]) == ['t-shirt', 'ankle boot']
    plt.close('all')
    data.visualize(batch, nrows=2, ncols=4)
    assert [axes.get_title() for axes in plt.gcf().axes] == (
        fashion_mnist.LABELS[:8])
    plt.close('all')
