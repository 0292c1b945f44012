"""What a person is told who calls the library wrongly."""

import re
import subprocess
import sys

import numpy as np
import pytest

from test_training import batch_of, small_model


@pytest.fixture
def data(backend, rng):
    return backend.loader(*batch_of(rng, 8), batch_size=4)


def fit(backend, model, data, **kwargs):
    trainer = backend.d2l.Trainer(max_epochs=1, **kwargs)
    trainer.fit(model, data)
    return trainer


def softmax(backend, **kwargs):
    return backend.d2l.SoftmaxRegression(**{'num_outputs': 4, 'lr': 0.1,
                                            **kwargs})


def test_what_fit_takes(backend, data):
    model = softmax(backend)
    with pytest.raises(TypeError, match='the model first, then the data'):
        fit(backend, data, model)
    for wrong, said in [(object(), 'a d2l.Module, not a value of type object'),
                        (backend.d2l.LeNet, r'the class LeNet, which wants')]:
        with pytest.raises(TypeError, match=said):
            fit(backend, wrong, data)
    batches = list(data.val_dataloader())
    for wrong, said in [(batches, 'not a value of type list'),
                        (type(data), 'the class Data, which wants')]:
        with pytest.raises(TypeError, match=said):
            fit(backend, model, wrong)


@pytest.mark.parametrize('wrong', [lambda optim: ([optim], []),
                                   lambda optim: {'optimizer': optim},
                                   lambda optim: None])
def test_one_optimizer(backend, data, wrong):
    class Model(backend.d2l.SoftmaxRegression):
        def configure_optimizers(self):
            return wrong(super().configure_optimizers())

    with pytest.raises(TypeError, match=r'Model\.configure_optimizers\(\) '
                                        r'must return one optimizer, not'):
        fit(backend, Model(num_outputs=4, lr=0.1), data)


def test_arguments_that_were_not_kept(backend, data):
    class Data(backend.d2l.DataModule):
        def __init__(self, batch_size=4):
            super().__init__()

        def get_dataloader(self, train):
            return [None] * self.batch_size

    kept = r'did not keep {}, .*save_hyperparameters\(\)'
    with pytest.raises(AttributeError, match='Data ' + kept.format(
            'batch_size')):
        fit(backend, softmax(backend), Data())
    if backend.name == 'jax':       # a dataclass keeps its arguments
        return

    class Model(backend.d2l.Classifier):
        def __init__(self, lr=0.1):
            super().__init__()
            self.net = softmax(backend).net

    with pytest.raises(AttributeError, match='Model ' + kept.format('lr')):
        fit(backend, Model(), data)


def test_an_attribute_that_no_argument_names(backend, data):
    """Is missed as ever."""
    class Model(backend.d2l.SoftmaxRegression):
        def configure_optimizers(self):
            return self.nothing_like_it

    with pytest.raises(AttributeError) as raised:
        fit(backend, Model(num_outputs=4, lr=0.1), data)
    assert 'save_hyperparameters' not in str(raised.value)


def test_images_of_bytes(backend, rng, capsys):
    """Their line stands once, whatever the framework then does with them."""
    X, y = batch_of(rng, 8)
    data = backend.loader(np.uint8(X * 20 + 100), y, batch_size=4)
    try:
        fit(backend, softmax(backend), data)
    except Exception as error:
        assert backend.name in ('torch', 'mxnet'), error
    said = capsys.readouterr().out
    assert said.count('The images are uint8, from 0 to 255') == 1
    fit(backend, softmax(backend), backend.loader(X, y, batch_size=4))
    assert 'uint8' not in capsys.readouterr().out


@pytest.mark.parametrize('num_gpus', [-1, 1.0, 1.5, None])
def test_gpus_are_counted(backend, num_gpus):
    with pytest.raises(ValueError, match=f'num_gpus={num_gpus} must be'):
        backend.d2l.Trainer(max_epochs=1, num_gpus=num_gpus)


@pytest.mark.parametrize('name, call', [
    ('ResNet50', 'd2l.resnet(50)'), ('resnet101', 'd2l.resnet(101)'),
    ('ResNeXt50', 'd2l.resnext50()'),
    ('resnext50_32x4d', 'd2l.resnext50()')])
def test_networks_by_their_other_names(backend, name, call):
    with pytest.raises(AttributeError, match=re.escape(f'write {call}')):
        getattr(backend.d2l, name)
    made = eval(call, {'d2l': backend.d2l})
    assert isinstance(made, backend.d2l.Module)


def test_a_framework_is_chosen_first():
    run = subprocess.run([sys.executable, '-c',
                          'import d2l\nd2l.Trainer(max_epochs=1)'],
                         capture_output=True, text=True)
    assert run.returncode == 1
    assert run.stderr.splitlines()[-1] == (
        "AttributeError: d2l has no 'Trainer' before a framework is chosen: "
        "from d2l import torch as d2l, or jax, tensorflow, mxnet.")


def test_a_loss_that_is_no_number_any_more(backend, rng, capsys):
    """Told once, with the first such step: the sixth batch has a NaN."""
    X, y = batch_of(rng, 12)
    X[10] = np.nan
    model = softmax(backend)
    backend.d2l.Trainer(max_epochs=2).fit(
        model, backend.loader(X, y, batch_size=2))
    said = capsys.readouterr().out
    assert said.count('The training loss is nan from step 6 on, in epoch 1, '
                      'with lr=0.1: try a tenth of the learning rate') == 1
    assert np.isnan(model.trainer.history[0]['train_loss'])
    fit(backend, softmax(backend), backend.loader(X[:8], y[:8], batch_size=4))
    assert 'The training loss' not in capsys.readouterr().out


def test_a_loss_that_grows_without_bound(backend, rng, capsys):
    X, y = batch_of(rng, 16)
    fit(backend, softmax(backend, lr=1e38),
        backend.loader(X, y, batch_size=2))
    assert re.search(r'The training loss is (nan|inf) from step [2-8] on, in '
                     r'epoch 1, with lr=1e\+38', capsys.readouterr().out)


@pytest.mark.parametrize('images, labels, said', [
    (0, 0, 'Data has no example to train on'),
    (4, 8, 'Data has 4 and 8 rows in one set'),
    (8, 4, 'Data has 8 and 4 rows in one set')])
def test_examples_that_are_not_there(backend, rng, images, labels, said):
    X, y = batch_of(rng, 8)
    with pytest.raises(ValueError, match=said):
        fit(backend, softmax(backend),
            backend.loader(X[:images], y[:labels], batch_size=2))


@pytest.mark.parametrize('label', [4, -1])
def test_labels_that_are_no_classes(backend, rng, label):
    """Whether the framework raises, clips, wraps or gives NaN."""
    X, y = batch_of(rng, 8)
    y[5] = label
    with pytest.raises(ValueError, match=f'A label is {label}, but Softmax'
                       'Regression has 4 outputs, for the labels 0 to 3'):
        fit(backend, softmax(backend), backend.loader(X, y, batch_size=2))


def test_labels_that_the_trainer_makes_classes(backend, rng):
    class Trainer(backend.d2l.Trainer):
        def prepare_batch(self, batch):
            X, y = super().prepare_batch(batch)
            return X, y - 10

    X, y = batch_of(rng, 8)
    model = softmax(backend)
    Trainer(max_epochs=1).fit(model, backend.loader(X, y + 10, batch_size=4))
    assert np.isfinite(model.trainer.history[0]['val_loss'])


def test_a_label_that_pytorch_ignores(backend, rng):
    X, y = batch_of(rng, 8)
    y[5] = -100
    data = backend.loader(X, y, batch_size=4)
    if backend.name == 'torch':
        trainer = fit(backend, softmax(backend), data)
        assert np.isfinite(trainer.history[0]['train_loss'])
    else:
        with pytest.raises(ValueError, match='A label is -100'):
            fit(backend, softmax(backend), data)


def test_weights_that_are_no_numbers_any_more(backend, rng, capsys):
    """The last step made them so: its loss was a number."""
    X, y = batch_of(rng, 8)
    fit(backend, softmax(backend, lr=1e38),
        backend.loader(X * 100, y, batch_size=8))
    said = capsys.readouterr().out
    assert said.count('Since epoch 1 there is NaN or infinity in the weights,'
                      ' in ') == 1
    fit(backend, softmax(backend), backend.loader(X, y, batch_size=8))
    assert 'NaN' not in capsys.readouterr().out


@pytest.mark.filterwarnings('ignore::UserWarning')     # Keras's, at length
def test_blocks_that_cannot_add_their_input(backend, rng):
    """A first stage that is not as wide as the stem, in each way to see it."""
    said = (r'Residual cannot add its input, of shape \(\d, .*64.*\), to its '
            r'output, of shape \(\d, .*32.*\): give it use_1x1conv=True')
    X, y = batch_of(rng, 4, size=16)

    def model():
        return backend.d2l.ResNet(arch=((1, 32),), num_classes=4)

    with pytest.raises(ValueError, match=said):
        fit(backend, model(), backend.loader(X, y, batch_size=2))
    with pytest.raises(ValueError, match=said):
        backend.build(model(), X)
    with pytest.raises(ValueError, match=said):
        model().layer_summary(backend.images(X).shape)


def test_weights_of_another_architecture(backend, rng, tmp_path):
    """Are refused in ten lines at most."""
    X, _ = batch_of(rng, 2, size=28)
    saved, other = backend.d2l.LeNet(), small_model(backend)
    for model in saved, other:
        backend.build(model, X)
    backend.d2l.save_weights(saved, tmp_path / 'lenet')
    with pytest.raises(ValueError, match='does not fit ResNet') as raised:
        backend.d2l.load_weights(other, tmp_path / 'lenet')
    said = str(raised.value)
    assert len(said) < 800 and len(said.splitlines()) <= 10
    assert re.search(r'and \d+ more', said)
