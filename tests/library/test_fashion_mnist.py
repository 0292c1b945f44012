"""The data set: found, checked, decoded, downloaded, resized, batched."""

import functools
import gzip
import hashlib
import http.server
import re
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from conftest import write_data_set, write_idx
from d2l.core import fashion_mnist, hardware

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


@pytest.fixture
def publisher(tmp_path, tiny, monkeypatch):
    """A server of the tiny set on this machine, and what it was asked for."""
    asked = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            asked.append(self.path)

    server = http.server.ThreadingHTTPServer(
        ('127.0.0.1', 0), functools.partial(Handler, directory=tiny))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(fashion_mnist, 'PUBLISHERS',
                        [f'http://127.0.0.1:{server.server_port}/'])
    monkeypatch.setattr(fashion_mnist, 'SHA256', {
        name: hashlib.sha256((tiny / f'{name}.gz').read_bytes()).hexdigest()
        for name in fashion_mnist.SHA256})
    yield asked
    server.shutdown()
    server.server_close()


def test_the_real_set_has_six_thousand_images_a_class(real):
    (X_train, y_train), (X_val, y_val) = fashion_mnist.load('data')
    assert X_train.shape == (60000, 28, 28) and X_val.shape == (10000, 28, 28)
    assert np.bincount(y_train).tolist() == [6000] * 10
    assert np.bincount(y_val).tolist() == [1000] * 10


def test_several_programs_may_download_at_once(tmp_path, publisher,
                                               monkeypatch):
    """All have fetched a file before the first one puts it in its place."""
    together, fetch = threading.Barrier(4, timeout=60), fashion_mnist._fetch

    def fetch_together(url, file):
        fetch(url, file)
        together.wait()

    monkeypatch.setattr(fashion_mnist, '_fetch', fetch_together)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(fashion_mnist.load, [tmp_path / 'new'] * 4))
    assert [len(train[0]) for train, _ in found] == [20] * 4
    assert {file.name for file in (tmp_path / 'new').iterdir()} == {
        f'{name}.gz' for name in fashion_mnist.SHA256}


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


def only_a_header(file):
    file.write_bytes(gzip.compress(b'\0\0'))


def holds_nothing(file):
    write_idx(file, np.zeros((0, 4, 4)))


@pytest.mark.parametrize('harm, said', [
    (truncate_gzip, 'cannot be decompressed'),
    (not_gzip, 'cannot be decompressed'),
    (wrong_magic, 'begins with the bytes 00000d03, not 00000803'),
    (too_short, 'announces 320 bytes of shape (20, 4, 4), but 319 follow'),
    (too_long, 'announces 320 bytes of shape (20, 4, 4), but 321 follow'),
    (only_a_header, 'begins with the bytes 0000, not 00000803'),
    (holds_nothing, 'its shape (0, 4, 4) holds nothing')])
def test_a_bad_file_is_named(tiny, harm, said, held):
    file = tiny / f'{TRAIN_IMAGES}.gz'
    harm(file)
    with pytest.raises(ValueError) as error:
        fashion_mnist.load(tiny)
    assert str(file) in str(error.value) and said in str(error.value)


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


def test_a_wrong_download_is_not_kept(tmp_path, tiny, publisher):
    with open(tiny / f'{VAL_LABELS}.gz', 'ab') as file:
        file.write(b'more')
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
                               fashion_mnist.resize(images[:8], (6, 9)))


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
