"""Pictures in folders and CIFAR-10: found, read, batched, and what is odd."""

import hashlib
import io
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from d2l.core import cifar10, images
from d2l.core.parallel import Job
from test_fashion_mnist import serving

COLOURS = {'red': (250, 10, 20), 'green': (10, 240, 30), 'blue': (20, 30, 230)}


def save(file, colour, size=(40, 30), **how):
    """Write a picture of one colour and return what Pillow reads from it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.new('RGB', size, colour).save(file, **how)
    return np.asarray(Image.open(file).convert('RGB'))[0, 0] / 255


@pytest.fixture
def imagenet(tmp_path):
    """Three classes in ImageNet's layout: 4 and 2 pictures of each."""
    for split, number in ('train', 4), ('val', 2):
        for name, colour in COLOURS.items():
            for i in range(number):
                save(tmp_path / split / name / f'{i}.JPEG', colour)
    return tmp_path


@pytest.fixture
def folder(tmp_path):
    """A folder of two classes, of 25 and 3 pictures."""
    for i in range(25):
        save(tmp_path / 'cat' / 'more' / f'{i}.png', (i, 0, 0))
    for i in range(3):
        save(tmp_path / 'dog' / f'{i}.png', (0, i, 0))
    return tmp_path


def test_classes_colours_and_order(backend, imagenet):
    d2l = backend.d2l
    data = d2l.ImageFolder(imagenet, batch_size=5, resize=(6, 8))
    assert (data.classes, data.num_classes) == (['blue', 'green', 'red'], 3)
    X, y = next(iter(data.val_dataloader()))
    assert y.shape == (5,) and 'int' in str(y.dtype)
    assert 'float32' in str(X.dtype)
    labels = backend.numpy(y).tolist()
    assert labels == [0, 0, 1, 1, 2]
    assert data.text_labels(y) == [
        'blue', 'blue', 'green', 'green', 'red']
    found = backend.numpy_images(X)
    assert found.shape == (5, 3, 6, 8)
    for image, name in zip(found, data.text_labels(y), strict=True):
        expected = np.array(COLOURS[name])[:, None, None] / 255
        assert np.abs(image - expected).max() < 0.02    # JPEG's
    data.visualize((X, y), ncols=4)


def test_training_goes_through_all_in_a_new_order(backend, folder):
    data = backend.d2l.ImageFolder(folder, batch_size=4, resize=4)
    loader = data.train_dataloader()
    epochs = []
    for _ in range(2):
        batches = [backend.numpy_images(X)[:, :, 0, 0] for X, _ in loader]
        assert len(batches) == len(loader)
        epochs.append((np.concatenate(batches) * 255).round().tolist())
    assert epochs[0] != epochs[1] and sorted(epochs[0]) == sorted(epochs[1])
    assert len(epochs[0]) == len(data.train) == 24   # 28, 3 and 1 held out
    backend.seed(1)
    first = [backend.numpy(y).tolist() for _, y in loader]
    backend.seed(1)
    assert [backend.numpy(y).tolist() for _, y in loader] == first


def test_a_tenth_of_each_class_is_held_out_the_same_each_time(folder):
    classes, train, val = images.find(folder)
    assert classes == ['cat', 'dog']
    assert [label for _, label in val] == [0, 0, 0, 1]
    assert len({*train, *val}) == 28 and not {*train} & {*val}
    assert images.find(folder)[2] == val
    moved = folder.rename(folder.with_name('moved'))
    assert [path.replace('moved', folder.name)
            for path, _ in images.find(moved)[2]] == [path for path, _ in val]


def test_learns_the_colours(backend, imagenet):
    data = backend.d2l.ImageFolder(imagenet, batch_size=6, resize=8)
    model = backend.d2l.SoftmaxRegression(num_outputs=3, lr=0.02)
    trainer = backend.d2l.Trainer(max_epochs=20)
    trainer.fit(model, data)
    assert trainer.history[-1]['val_acc'] == 1
    labels, _ = backend.d2l.predict(model, data)
    assert labels.tolist() == [0, 0, 1, 1, 2, 2]


def odd_pictures(folder):
    """Write pictures of many kinds; return what is seen of each, by file."""
    folder.mkdir(parents=True)
    grey = Image.new('L', (9, 9), 100)
    grey.save(folder / 'grey.jpg')
    grey.convert('1').save(folder / 'black-and-white.png')
    Image.fromarray(np.full((9, 9), 100 * 257, 'u2')).save(
        folder / 'grey16.png')
    red = Image.new('RGB', (9, 9), (200, 0, 0))
    red.convert('CMYK').save(folder / 'cmyk.jpg')
    red.quantize(4).save(folder / 'palette.png')
    red.save(folder / 'compressed.webp', lossless=True)
    Image.new('RGBA', (9, 9), (0, 0, 0, 0)).save(folder / 'clear.png')
    half = Image.new('P', (9, 9), 0)
    half.putpalette([0, 0, 0])
    half.save(folder / 'clear-palette.png', transparency=bytes([0]))
    return {'grey.jpg': (100, 100, 100), 'grey16.png': (100, 100, 100),
            'cmyk.jpg': (200, 0, 0), 'palette.png': (200, 0, 0),
            'compressed.webp': (200, 0, 0), 'clear.png': (255, 255, 255),
            'clear-palette.png': (255, 255, 255)}


def read_all(files, size=(4, 4), **kwargs):
    choose = kwargs.pop('choose', lambda w, h, _: (
        images.centre(w, h, size), False))
    pictures = images.Pictures([str(file) for file in files],
                               np.arange(len(files)), size, choose)
    return pictures.read(np.arange(len(files)), **kwargs)


def test_pictures_of_any_kind_become_rgb(tmp_path):
    seen = odd_pictures(tmp_path / 'odd')
    pixels, labels, unread = read_all([tmp_path / 'odd' / name
                                       for name in seen])
    assert not unread and len(labels) == len(seen)
    for found, expected in zip(pixels, seen.values(), strict=True):
        assert np.abs(found.astype(int) - expected).max() <= 3


def test_a_photograph_is_upright(tmp_path):
    """The half that is red lies left in the file, and is seen above."""
    pixels = np.zeros((20, 40, 3), 'u1')
    pixels[:, :20, 0] = 255
    image = Image.fromarray(pixels)
    exif = image.getexif()
    exif[images.ORIENTATION] = 6    # to be turned by 90 degrees clockwise
    image.save(tmp_path / 'turned.png', exif=exif)
    (found,), _, unread = read_all([tmp_path / 'turned.png'], (40, 20))
    assert not unread
    assert (found[:18, :, 0] > 250).all() and (found[22:, :, 0] < 5).all()


def test_what_is_cut_from_the_middle(tmp_path):
    """Of 60 x 20 the middle 20 x 20, where the pixels are their column."""
    pixels = np.tile(np.arange(60, dtype='u1')[None, :, None], (20, 1, 3))
    Image.fromarray(pixels).save(tmp_path / 'a.png')
    (found,), _, _ = read_all([tmp_path / 'a.png'], (20, 20))
    np.testing.assert_array_equal(found, pixels[:, 20:40])


def test_a_large_jpeg_is_read_as_a_small_one_would_be(tmp_path):
    ramp = np.linspace(0, 255, 800)[None, :, None] * np.ones((640, 1, 3))
    Image.fromarray(ramp.astype('u1')).save(tmp_path / 'a.jpg', quality=95)
    (found,), _, _ = read_all([tmp_path / 'a.jpg'], (64, 80))
    whole = Image.open(tmp_path / 'a.jpg').resize(
        (80, 64), Image.Resampling.BILINEAR)
    assert np.abs(found.astype(int) - np.asarray(whole)).max() <= 3


def test_what_cannot_be_read_is_named_once_and_not_counted(
        backend, imagenet, capsys):
    whole = (imagenet / 'val' / 'red' / '0.JPEG').read_bytes()
    (imagenet / 'val' / 'red' / '0.JPEG').write_bytes(whole[:len(whole) // 2])
    (imagenet / 'train' / 'red' / '0.JPEG').write_bytes(b'<html>')
    (imagenet / 'train' / 'red' / '1.JPEG').write_bytes(b'')
    data = backend.d2l.ImageFolder(imagenet, batch_size=4, resize=8)
    model = backend.d2l.SoftmaxRegression(num_outputs=3, lr=0.02)
    trainer = backend.d2l.Trainer(max_epochs=2)
    trainer.fit(model, data)
    said = capsys.readouterr().out
    for file in ('val/red/0', 'train/red/0', 'train/red/1'):
        assert said.count(f'{imagenet / file}.JPEG is left out: ') == 1
    rows = [len(y) for _, y in data.val_dataloader()]
    assert (rows, sum(rows)) == ([4, 1], 5)
    # The share of five is told, not that of six.
    hits = trainer.history[-1]['val_acc'] * 5
    assert hits == pytest.approx(round(hits), abs=1e-4)


def test_where_nothing_can_be_read(backend, imagenet):
    for file in imagenet.glob('val/*/*'):
        file.write_bytes(b'<html>')
    data = backend.d2l.ImageFolder(imagenet)
    with pytest.raises(ValueError, match='No file of 6 is a picture: .*red'):
        list(data.val_dataloader())


def test_an_empty_class_is_named(imagenet, capsys):
    (imagenet / 'train' / 'orange').mkdir()
    classes, _, _ = images.find(imagenet)
    assert classes == ['blue', 'green', 'orange', 'red']
    assert capsys.readouterr().out == (
        "The class 'orange' has no picture to train on.\n")


def test_folders_that_are_none(backend, tmp_path, imagenet):
    with pytest.raises(FileNotFoundError, match='nowhere is no folder: name'):
        backend.d2l.ImageFolder(tmp_path / 'nowhere')
    (tmp_path / 'empty').mkdir()
    with pytest.raises(FileNotFoundError, match='empty has 0 pictures to '):
        backend.d2l.ImageFolder(tmp_path / 'empty')
    (imagenet / 'val' / 'pink').mkdir()
    with pytest.raises(ValueError, match="val has the class 'pink', which"):
        backend.d2l.ImageFolder(imagenet)


@pytest.mark.parametrize('wrong', [{'batch_size': 0}, {'num_workers': 0},
                                   {'resize': (3,)}])
def test_wrong_numbers(backend, imagenet, wrong):
    with pytest.raises(ValueError, match=f'{next(iter(wrong))}='):
        backend.d2l.ImageFolder(imagenet, **wrong).train_dataloader()


def whole_picture(width, height, random):
    return (0, 0, width, height), False


def test_processes_share_every_batch(folder):
    """Each has its part of the whole's batches; none is read twice."""
    _, train, _ = images.find(folder)
    paths, labels = zip(*train, strict=True)
    pictures = images.Pictures(paths, np.array(labels), (4, 4), whole_picture)
    whole, *parts = (images.PictureLoader(
        pictures, 12, lambda X, y: (X, y), lambda: 3) for _ in range(4))
    for rank, loader in enumerate(parts):
        job = Job()
        job.rank, job.size, job.num_devices = rank, 3, 3
        loader.part = job.part
    for i, (batch, *shares) in enumerate(zip(whole, *parts, strict=True)):
        if len(batch[1]) % 3:
            assert i == len(whole) - 1
            assert all((labels == batch[1]).all() for _, labels in shares)
        else:
            for found, expected in zip(zip(*shares, strict=True), batch,
                                       strict=True):
                np.testing.assert_array_equal(np.concatenate(found), expected)


def test_an_unread_picture_leaves_processes_equally_many(folder, capsys):
    """Another of its part stands in for it."""
    _, train, _ = images.find(folder)
    paths, labels = map(list, zip(*train[:4], strict=True))
    Path(paths[0]).write_bytes(b'')
    loader = images.PictureLoader(
        images.Pictures(paths, np.array(labels), (4, 4), whole_picture), 4,
        lambda X, y: len(X))
    job = Job()
    job.size = job.num_devices = 2
    loader.part = job.part
    assert list(loader) == [2]
    assert str(paths[0]) in capsys.readouterr().err
    Path(paths[1]).write_bytes(b'')
    with pytest.raises(ValueError, match='None of 2 pictures'):
        list(loader)


def test_who_stops_early_leaves_no_thread(folder):
    import threading
    _, train, _ = images.find(folder)
    paths, labels = zip(*train, strict=True)
    pictures = images.Pictures(
        paths, np.array(labels), (4, 4),
        lambda w, h, _: (images.centre(w, h, (4, 4)), False))
    before = threading.active_count()
    for _ in images.PictureLoader(pictures, 2, lambda *batch: batch):
        break
    assert threading.active_count() == before


def write_cifar10(folder, rng, number=20):
    """Write an archive as the publisher does; return the last file's part."""
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(folder / cifar10.ARCHIVE, 'w:gz') as archive:
        for name in [*cifar10.TRAIN, *cifar10.VAL]:
            X = rng.integers(0, 256, (number, 3, 32, 32), 'u1')
            y = (np.arange(number) % 10).astype('u1')
            content = b''.join(bytes([label]) + image.tobytes()
                               for label, image in zip(y, X, strict=True))
            member = tarfile.TarInfo(f'{cifar10.FOLDER}/{name}')
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return X, y


@pytest.fixture
def cifar(tmp_path, rng, monkeypatch):
    monkeypatch.delenv('D2L_DATA', raising=False)
    monkeypatch.setattr(cifar10, 'PUBLISHERS', ['http://127.0.0.1:9/'])
    return tmp_path / 'data', *write_cifar10(tmp_path / 'data', rng)


@pytest.mark.parametrize('unpacked', [False, True])
def test_cifar10(backend, cifar, unpacked):
    root, X, y = cifar
    if unpacked:
        with tarfile.open(root / cifar10.ARCHIVE) as archive:
            archive.extractall(root, filter='data')
        (root / cifar10.ARCHIVE).unlink()
    data = backend.d2l.CIFAR10(root, batch_size=8)
    batch = next(iter(data.val_dataloader()))
    np.testing.assert_allclose(backend.numpy_images(batch[0]), X[:8] / 255,
                               atol=1e-6)
    assert backend.numpy(batch[1]).tolist() == y[:8].tolist()
    assert data.text_labels(batch[1])[:2] == ['airplane', 'automobile']
    assert sum(len(labels) for _, labels in data.train_dataloader()) == 100
    small = backend.d2l.CIFAR10(root, resize=(8, 16))
    found = backend.numpy_images(next(iter(small.val_dataloader()))[0])
    peer = Image.fromarray(X[0].transpose(1, 2, 0)).resize(
        (16, 8), Image.Resampling.BILINEAR)
    assert np.abs(found[0].transpose(1, 2, 0) * 255 - np.asarray(peer)
                  ).max() < 1.5
    data.visualize(batch)


def test_cifar10_is_found_where_the_user_says(cifar, monkeypatch, tmp_path):
    monkeypatch.setenv('D2L_DATA', str(cifar[0]))
    (X, _), _ = cifar10.load(tmp_path / 'nowhere')
    assert X.shape == (100, 3, 32, 32)


def test_cifar10_is_downloaded_and_checked(cifar, monkeypatch, tmp_path):
    import functools
    import http.server

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    content = (cifar[0] / cifar10.ARCHIVE).read_bytes()
    monkeypatch.setattr(cifar10, 'LENGTH', len(content))
    with serving(functools.partial(Handler, directory=cifar[0])) as address:
        monkeypatch.setattr(cifar10, 'PUBLISHERS', [address])
        with pytest.raises(FileNotFoundError, match='its SHA-256 is '):
            cifar10.load(tmp_path / 'new')
        assert not (tmp_path / 'new').exists()
        monkeypatch.setattr(cifar10, 'SHA256',
                            hashlib.sha256(content).hexdigest())
        assert cifar10.load(tmp_path / 'new')[1][0].shape == (20, 3, 32, 32)


def test_cifar10_that_is_none(cifar):
    root = cifar[0]
    whole = (root / cifar10.ARCHIVE).read_bytes()
    (root / cifar10.ARCHIVE).write_bytes(whole[:len(whole) // 2])
    with pytest.raises(ValueError, match='cannot be unpacked'):
        cifar10.load(root)
    (root / cifar10.ARCHIVE).unlink()
    with pytest.raises(FileNotFoundError, match='set D2L_DATA to it'):
        cifar10.load(root)
    (root / cifar10.FOLDER).mkdir()
    for name in [*cifar10.TRAIN, *cifar10.VAL]:
        (root / cifar10.FOLDER / name).write_bytes(bytes(3074))
    with pytest.raises(ValueError, match='it has 3074 bytes, not a number'):
        cifar10.load(root)
    for name in [*cifar10.TRAIN, *cifar10.VAL]:
        (root / cifar10.FOLDER / name).write_bytes(b'\x0a' + bytes(3072))
    with pytest.raises(ValueError, match='label 10 at position 0'):
        cifar10.load(root)
