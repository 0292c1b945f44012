"""The d2l classes for MXNet (Gluon, NumPy interface)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import cache, partial
from os import PathLike
from typing import Any

from d2l.core import (
    checks,
    data,
    devices,
    fashion_mnist,
    hardware,
    hints,
    module,
    prediction,
    trainer,
    weights,
)

hardware.use_all_cores()     # before MXNet is imported

import mxnet
import numpy
from mxnet import autograd, gluon, init, np, npx
from mxnet.gluon import nn

from d2l.core.hyperparameters import *
from d2l.core.parallel.mxnet import Job
from d2l.core.plotting import *
from d2l.core.timing import *

__all__ = ['cpu', 'gpu', 'num_gpus', 'try_gpu', 'try_all_gpus', 'get_seed',
           'Module', 'DataModule', 'Trainer', 'Classifier', 'FashionMNIST',
           'CIFAR10', 'ImageFolder', 'SyntheticRegressionData', 'SGD',
           'LinearRegression', 'SoftmaxRegression', 'LeNet', 'corr2d',
           'accuracy', 'evaluate_accuracy_gpu', 'predict',
           'load_data_fashion_mnist', 'sgd', 'split_batch', 'resnet18',
           'layer_costs', 'save_weights', 'load_weights']

npx.set_np()
hints.show_hints()


def cpu() -> mxnet.Context:
    """Return the CPU device."""
    return npx.cpu()


def gpu(i: int = 0) -> mxnet.Context:
    """Return the i-th GPU device."""
    return npx.gpu(i)


def num_gpus() -> int:
    """Return the number of GPUs of this machine."""
    return npx.num_gpus()


try_gpu, try_all_gpus = devices.choices(cpu, gpu, num_gpus)


def get_seed() -> int:
    """Return an integer drawn from MXNet's random numbers."""
    return int(np.random.randint(0, 2**31 - 1))


class Module(module.Module, nn.Block):
    """The base class of models: `net` or `forward`, `loss`, an optimizer.

    `plot_train_per_epoch`, `plot_valid_per_epoch`: points per epoch that the
    board shows of training and of validation. Source: D2L 1.0.3, section
    "Object-Oriented Design for Implementation".
    """

    def __init__(self, plot_train_per_epoch: int = 2,
                 plot_valid_per_epoch: int = 1) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.board = ProgressBoard()

    def plot(self, key: str, value: np.ndarray, train: bool) -> None:
        if isinstance(value, np.ndarray):
            value = value.detach()
        super().plot(key, value, train)

    def configure_optimizers(self) -> gluon.Trainer | SGD:
        params = self.parameters()
        if isinstance(params, list):
            return SGD(params, self.lr)
        return gluon.Trainer(params, 'sgd', {'learning_rate': self.lr})

    def parameters(self) -> gluon.ParameterDict | list[np.ndarray]:
        """Return Gluon's parameters, or else the list of scratch arrays."""
        params = self.collect_params()
        if isinstance(params, gluon.ParameterDict) and not params.keys():
            return self.get_scratch_params()
        return params

    def get_scratch_params(self) -> list[np.ndarray]:
        """Return the arrays that are attributes of the model and its parts."""
        params = []
        for value in vars(self).values():
            for part in value if isinstance(value, list) else [value]:
                if isinstance(part, np.ndarray):
                    params.append(part)
                elif isinstance(part, Module):
                    params.extend(part.get_scratch_params())
        return params

    def set_scratch_params_device(self, device: mxnet.Context | None) -> None:
        """Move the arrays that are attributes of this model and its parts."""
        def moved(part):
            if isinstance(part, np.ndarray):
                part = part.as_in_ctx(device)
                part.attach_grad()
            elif isinstance(part, Module):
                part.set_scratch_params_device(device)
            return part

        for name, value in list(vars(self).items()):
            if isinstance(value, list):
                value[:] = map(moved, value)
            else:
                value = moved(value)
                if isinstance(value, np.ndarray):
                    setattr(self, name, value)

    @checks.explained()
    def apply_init(self, inputs: Sequence,
                   init: init.Initializer | None = None) -> None:
        """Give lazy layers their shapes, after `init` if it is given.

        `inputs`: the arguments of `forward`, such as [X].
        """
        if init is not None:
            self.net.initialize(init, force_reinit=True)
        self(*inputs)


def _leaves(state):
    """List the arrays in what an optimizer keeps of a parameter."""
    if isinstance(state, list | tuple):
        return [leaf for part in state for leaf in _leaves(part)]
    return [] if state is None else [state]


class DataModule(data.DataModule):
    __doc__ = data.DataModule.__doc__
    channel_axis = 1    # of a batch of images
    label_dtype = 'int32'
    get_seed = staticmethod(get_seed)
    moveaxis = staticmethod(np.moveaxis)

    @staticmethod
    def to_tensor(array: Any) -> np.ndarray:
        return (array if isinstance(array, np.ndarray)
                else np.array(array, dtype=array.dtype))

    @staticmethod
    def to_numpy(tensor: np.ndarray) -> numpy.ndarray:
        return (tensor.asnumpy() if isinstance(tensor, np.ndarray)
                else numpy.asarray(tensor))

    @staticmethod
    def take(tensor: np.ndarray, rows: np.ndarray) -> np.ndarray:
        return np.take(tensor, rows, axis=0)

    @staticmethod
    def cast(tensor: np.ndarray, dtype: str) -> np.ndarray:
        return tensor.astype(dtype)

    @staticmethod
    def resized(images: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        if images.ctx == cpu():     # NumPy's products are faster there
            return np.array(fashion_mnist.resize(images.asnumpy(), size))
        return fashion_mnist.resize(
            images, size, matrices=partial(_matrices, device=images.ctx))


@cache      # they are moved once
def _matrices(old, new, device):
    """Return the two of `fashion_mnist.interpolation` on a device."""
    return [np.array(matrix, ctx=device)
            for matrix in fashion_mnist.interpolation(old, new)]


class Trainer(trainer.Trainer):
    __doc__ = trainer.Trainer.__doc__
    model: Module
    job: Job = Job()
    cpu = staticmethod(cpu)
    all_gpus = staticmethod(try_all_gpus)
    precisions = gpu_precisions = 'auto', 'float32'
    get_seed = staticmethod(get_seed)
    seed = staticmethod(mxnet.random.seed)

    def fit(self, model: module.Module, data: data.DataModule) -> None:
        """Train `model` on `data`."""
        npx.set_np()    # holds for a thread only
        super().fit(model, data)

    def prepare_model(self, model: Module) -> None:
        super().prepare_model(model)
        params = model.collect_params()
        if isinstance(params, gluon.ParameterDict):  # no list of a chapter
            for param in params.values():
                with suppress(RuntimeError):    # it is not initialized yet
                    if param.list_ctx() != [self.device]:
                        param.reset_ctx(self.device)
        if any(a.ctx != self.device for a in model.get_scratch_params()):
            model.set_scratch_params_device(self.device)

    def prepare_steps(self) -> None:
        self.job.is_shared = self.job.size == 1

    def on_device(self) -> AbstractContextManager:
        return self.device

    def to_device(self, array: numpy.ndarray) -> np.ndarray:
        return np.array(array, dtype=array.dtype, ctx=self.device)

    def prepare_batch(self, batch: Sequence) -> Sequence:
        if self.gpus:
            batch = data.mapped(lambda a: a.as_in_ctx(self.device), batch)
        return batch

    def set_training(self, training: bool) -> None:
        """Nothing: Gluon trains what `autograd.record` sees."""

    def train_step(self, batch: Sequence) -> None:
        if not self.job.is_shared:  # begin with the weights of process 0
            self.build_by(batch)
            self.job.share(self.tensors().values())
        with autograd.record():
            loss = self.model.training_step(batch)
        loss.backward()
        if self.job.size > 1:
            tensors = self.tensors().values()
            self.job.average(a if a.grad is None else a.grad for a in tensors)
        if self.gradient_clip_val > 0:
            self.clip_gradients(self.gradient_clip_val, self.model)
        self.optim.step(1)

    def validation_step(self, batch: Sequence) -> None:
        self.model.validation_step(batch)

    def log(self, label: str, value: np.ndarray) -> None:
        if self.captured is None:
            value = self.job.mean(label, value)
        super().log(label, value)

    @staticmethod
    def as_numpy(tensor: Any) -> numpy.ndarray:
        return (tensor.asnumpy() if isinstance(tensor, mxnet.nd.NDArray)
                else numpy.asarray(tensor))

    def arrays(self) -> dict[str, numpy.ndarray]:
        kept = self.tensors()
        if isinstance(self.optim, gluon.Trainer):       # not SGD from scratch
            updater, = self.optim._updaters
            kept |= {f'optim.{i}.{j}': leaf
                     for i, state in updater.states.items()
                     for j, leaf in enumerate(_leaves(state))}
            kept |= {f'optim.updates.{i}': n for i, n in
                     updater.optimizer._index_update_count.items()}
            kept |= {f'optim.{name}': value for name, value in
                     self.optimizer_program()[1].items()
                     if isinstance(value, int | float)}
        return {name: self.as_numpy(value) for name, value in kept.items()}

    def set_arrays(self, arrays: Mapping[str, numpy.ndarray]) -> None:
        for name, tensor in self.tensors().items():
            tensor[:] = DataModule.to_tensor(arrays[name])
        if not isinstance(self.optim, gluon.Trainer):
            return
        updater, = self.optim._updaters
        optimizer = updater.optimizer
        for name, array in arrays.items():
            kind, _, name = name.partition('.')
            part, _, last = name.partition('.')
            if kind != 'optim':
                continue
            if part == 'updates':
                optimizer._index_update_count[int(last)] = int(array)
            elif part == 'scheduler':
                setattr(optimizer.lr_scheduler, last, array.item())
            elif part.isdecimal():
                leaves = _leaves(self.optimizer_state(int(part)))
                leaves[int(last)][:] = (
                    DataModule.to_tensor(array).as_nd_ndarray())
            else:
                setattr(optimizer, part, array.item())

    def optimizer_state(self, i: int) -> Any:
        """Return what the optimizer keeps of its i-th parameter."""
        updater, = self.optim._updaters
        if i not in updater.states:
            weight = self.optim._params[i].data().as_nd_ndarray()
            updater.states[i] = (
                updater.optimizer.create_state_multi_precision(i, weight))
            updater.states_synced[i] = True
        return updater.states[i]

    def build(self) -> None:
        if not _is_built(self.model):
            self.build_by(self.prepared(next(iter(self.train_dataloader))))

    def build_by(self, batch: Sequence) -> None:
        """Make the arrays that the first step with this batch would make."""
        if not _is_built(self.model):
            try:
                self.model.apply_init(trainer.inputs_of(self.model, batch))
            except Exception:   # a batch that only the model's step knows
                with self.capture():
                    self.model.training_step(batch)

    def save_weights(self, path: str | PathLike) -> None:
        save_weights(self.model, path)

    def optimizer_program(self) -> tuple[str, dict[str, Any]]:
        if not isinstance(self.optim, gluon.Trainer):
            return super().optimizer_program()
        optimizer = self.optim.optimizer
        parts = {'': optimizer, 'scheduler.': optimizer.lr_scheduler}
        return type(optimizer).__name__, {
            f'{part}{name}': value for part, owner in parts.items() if owner
            for name, value in vars(owner).items()
            if isinstance(value, int | float | str | None)}

    def set_rates(self, rates: Mapping[str, float]) -> None:
        if isinstance(self.optim, gluon.Trainer):
            optimizer = self.optim.optimizer
            for name, value in rates.items():
                owner, _, name = name.rpartition('.')
                setattr(optimizer.lr_scheduler if owner else optimizer, name,
                        value)

    def tensors(self) -> dict[str, np.ndarray]:
        """Return what training changes in the model, scratch models too."""
        params = self.model.parameters()
        if isinstance(params, list):
            return {f'parameter {i}': p for i, p in enumerate(params)}
        return {name: param.data() for name, param in
                self.model._collect_params_with_prefix().items()
                if param._data is not None}

    def clip_gradients(self, grad_clip_val: float, model: Module) -> None:
        """Scale the gradient of `model` to norm `grad_clip_val` if larger.

        The norm is that of all parameters' gradients together.
        """
        params = model.parameters()
        if not isinstance(params, list):
            params = [p.data() for p in params.values()
                      if p.grad_req != 'null']
        norm = np.sqrt(sum((p.grad ** 2).sum() for p in params))
        scale = np.minimum(1, grad_clip_val / norm)     # nothing is waited for
        for p in params:
            p.grad[:] *= scale


class Classifier(module.Classifier, Module):
    """The base class of classification models: cross-entropy and accuracy.

    `plot_train_per_epoch`, `plot_valid_per_epoch`: as in `Module`. Source:
    D2L 1.0.3, section "The Base Classification Model".
    """

    def loss(self, Y_hat: np.ndarray, Y: np.ndarray,
             averaged: bool = True) -> np.ndarray:
        """Return the mean cross-entropy, a scalar.

        `Y_hat`: logits (..., classes); `Y`: labels (...), integers;
        `averaged=False`: return one value per label instead.
        """
        self.num_logits = Y_hat.shape[-1]
        losses = gluon.loss.SoftmaxCrossEntropyLoss()(
            Y_hat.reshape(-1, Y_hat.shape[-1]), Y.reshape(-1))
        return losses.mean() if averaged else losses

    def accuracy(self, Y_hat: np.ndarray, Y: np.ndarray,
                 averaged: bool = True) -> np.ndarray:
        """Return the share of correct predictions, a scalar from 0 to 1.

        `Y_hat`: logits (..., classes); `Y`: labels (...), integers;
        `averaged=False`: return 1 or 0 per label instead.
        """
        Y = Y.reshape(-1)
        preds = Y_hat.reshape(-1, Y_hat.shape[-1]).argmax(axis=1)
        compare = (preds.astype(Y.dtype) == Y).astype('float32')
        return compare.mean() if averaged else compare

    @checks.explained()
    def layer_summary(self, X_shape: Sequence[int]) -> None:
        """Print the output shape of every layer of `net`.

        `X_shape`: the shape of the input, (examples, channels, height, width)
        for images.
        """
        X = np.random.randn(*X_shape)
        for layer in self.net:
            X = layer(X)
            print(layer.__class__.__name__, 'output shape:\t', X.shape)


class FashionMNIST(data.FashionMNIST, DataModule):
    __doc__ = data.FashionMNIST.__doc__

    def split(self, images: numpy.ndarray,
              labels: numpy.ndarray) -> data.ArrayDataset:
        return data.ArrayDataset((images, labels), self.convert)


class CIFAR10(data.CIFAR10, DataModule):
    __doc__ = data.CIFAR10.__doc__
    split = FashionMNIST.split


class ImageFolder(data.ImageFolder, DataModule):
    __doc__ = data.ImageFolder.__doc__


class SyntheticRegressionData(data.SyntheticRegressionData, DataModule):
    __doc__ = data.SyntheticRegressionData.__doc__

    def __init__(self, w: np.ndarray, b: float, noise: float = 0.01,
                 num_train: int = 1000, num_val: int = 1000,
                 batch_size: int = 32) -> None:
        super().__init__()
        self.save_hyperparameters()
        n = num_train + num_val
        self.X = np.random.randn(n, len(w))
        self.y = (np.dot(self.X, w.reshape(-1, 1)) + b
                  + noise * np.random.randn(n, 1))


class SGD(HyperParameters):
    """Minibatch stochastic gradient descent, from scratch.

    `params`: what to train; `lr`: the learning rate. Source: D2L 1.0.3,
    section "Linear Regression Implementation from Scratch".
    """

    def __init__(self, params: Iterable[np.ndarray], lr: float) -> None:
        params = list(params)
        self.save_hyperparameters()

    def step(self, _: int) -> None:
        for param in self.params:
            param -= self.lr * param.grad


class LinearRegression(Module):
    """Linear regression: inputs (examples, inputs), outputs (examples, 1).

    `lr`: the learning rate. Source: D2L 1.0.3, section "Concise
    Implementation of Linear Regression".
    """

    def __init__(self, lr: float) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Dense(1)
        self.net.initialize(init.Normal(sigma=0.01))

    def loss(self, y_hat: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return half the mean squared error, a scalar.

        `y_hat`, `y`: (examples, 1). Gluon halves it, and D2L 1.0.3 with it,
        so that its gradient is the error; in PyTorch and TensorFlow it is
        not halved: gradients, and steps, are twice as large.
        """
        return gluon.loss.L2Loss()(y_hat, y).mean()

    def get_w_b(self) -> tuple[np.ndarray, np.ndarray]:
        """Return weights (1, inputs) and bias (1,)."""
        return self.net.weight.data(), self.net.bias.data()


class SoftmaxRegression(Classifier):
    """Softmax regression: a linear layer on flattened inputs.

    `num_outputs`: the number of classes; `lr`: the learning rate. Inputs are
    (examples, ...), outputs logits (examples, classes). Source: D2L 1.0.3,
    section "Concise Implementation of Softmax Regression".
    """

    def __init__(self, num_outputs: int, lr: float) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential()
        self.net.add(nn.Flatten(), nn.Dense(num_outputs))
        self.net.initialize()


class LeNet(Classifier):
    """LeNet-5, with sigmoids and average pooling.

    `lr`: the learning rate; `num_classes`: the number of classes. Images
    are (examples, 1, 28, 28), outputs logits (examples, classes). Source:
    LeCun et al., "Gradient-based learning applied to document recognition"
    (1998).
    """

    def __init__(self, lr: float = 0.1, num_classes: int = 10) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential()
        self.net.add(
            nn.Conv2D(6, kernel_size=5, padding=2, activation='sigmoid'),
            nn.AvgPool2D(pool_size=2, strides=2),
            nn.Conv2D(16, kernel_size=5, activation='sigmoid'),
            nn.AvgPool2D(pool_size=2, strides=2),
            nn.Dense(120, activation='sigmoid'),
            nn.Dense(84, activation='sigmoid'),
            nn.Dense(num_classes))
        self.net.initialize(init.Xavier())


def corr2d(X: np.ndarray, K: np.ndarray) -> np.ndarray:
    """Return the 2D cross-correlation of a matrix with a kernel.

    `X`: (height, width); `K`: (rows, columns), not larger. Returns float32,
    (height - rows + 1, width - columns + 1). Source: D2L 1.0.3, section
    "Convolutions for Images".
    """
    X, K = X.astype('float32'), K.astype('float32')
    return npx.convolution(X[None, None], K[None, None], kernel=K.shape,
                           num_filter=1, no_bias=True)[0, 0]


def accuracy(y_hat: np.ndarray, y: np.ndarray) -> float:
    """Return how many predictions are correct.

    `y_hat`: logits (examples, classes) or labels (examples,); `y`: labels
    (examples,).
    """
    if y_hat.ndim > 1 and y_hat.shape[1] > 1:
        y_hat = y_hat.argmax(axis=1)
    return float((y_hat.astype(y.dtype) == y).sum())


def evaluate_accuracy_gpu(net: Callable, data_iter: Iterable,
                          device: mxnet.Context | None = None) -> float:
    """Return the share of correct predictions of `net`, from 0 to 1.

    `net`: a model, which infers here and then has its mode again, or a
    function of images; `data_iter`: batches of images and labels (examples,);
    `device`: where to compute, without it where the model is.
    """
    if device is None and isinstance(net, nn.Block):
        device = next(iter(net.collect_params().values())).list_ctx()[0]
    metric = Accumulator(2)     # correct predictions, predictions
    for X, y in data_iter:
        X, y = X.as_in_ctx(device), y.as_in_ctx(device)
        metric.add(accuracy(net(X), y), y.size)
    return metric[0] / metric[1]


@contextmanager
def _inferring(model):
    """Give the function that `predict` calls."""
    npx.set_np()    # holds for a thread only
    params = model.collect_params()
    device = (next(iter(params.values())).list_ctx()[0] if params.keys()
              else model.get_scratch_params()[0].ctx)

    def infer(*inputs):
        return model(*(np.array(X, ctx=device) for X in inputs)).asnumpy()

    with autograd.predict_mode():
        yield infer


predict = prediction.predictor(_inferring)
load_data_fashion_mnist = data.fashion_mnist_loader(FashionMNIST)


def sgd(params: Iterable[np.ndarray], lr: float, batch_size: int) -> None:
    """Take a step with gradients that are sums.

    `params`: what to change, with their gradients; `lr`: the learning rate;
    `batch_size`: how many examples the gradients are sums over.
    """
    for param in params:
        param[:] = param - lr * param.grad / batch_size


def split_batch(X: np.ndarray, y: np.ndarray,
                devices: Sequence[mxnet.Context],
                ) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return two lists: the parts of `X` and of `y`, one per device.

    `X`, `y`: (examples, ...), cut along the examples; `devices`: where the
    parts go. Source: D2L 1.0.3, section "Training on Multiple GPUs".
    """
    def split(array):
        return gluon.utils.split_and_load(array, devices, even_split=False)

    return split(X), split(y)


def resnet18(num_classes: int, in_channels: int = 0) -> nn.Sequential:
    """Return ResNet-18 for small images: its stem keeps their size.

    It takes images (examples, `in_channels`, height, width), 0 channels to
    learn them from the first batch, and gives logits (examples,
    `num_classes`). Source: D2L 1.0.3, section "Concise Implementation for
    Multiple GPUs".
    """
    from d2l.mxnet import Residual  # which stands on this file

    net = nn.Sequential()
    net.add(nn.Conv2D(64, kernel_size=3, padding=1, in_channels=in_channels),
            nn.BatchNorm(), nn.Activation('relu'))
    for i, channels in enumerate((64, 128, 256, 512)):
        blk = nn.Sequential()
        blk.add(Residual(channels, use_1x1conv=i > 0, strides=1 + (i > 0)),
                Residual(channels))
        net.add(blk)
    net.add(nn.GlobalAvgPool2D(), nn.Dense(num_classes))
    return net


def layer_costs(model: Module, X_shape: Sequence[int]
                ) -> list[tuple[tuple[int, ...], int, int]]:
    """Return what each part of `model.net` computes, and at what cost.

    `model`: a model whose `net` is a sequence of parts; `X_shape`: the shape
    of its input, (examples, channels, height, width). Returns for each part
    its output's shape, in the same order of axes, the number of its
    parameters, and the multiply-adds of its convolutions and dense layers
    for one example; biases and normalization are not counted. The model
    stays as it is.
    """
    def count(layer, inputs, Y):
        if hasattr(layer, 'weight'):
            counts.append(layer.weight.data().size * Y[0, 0].size)

    def register(layer):
        hooks.append(layer.register_forward_hook(count))

    X, costs = np.zeros(X_shape), []
    for part in model.net:
        counts: list[int] = []
        hooks: list = []
        part.apply(register)
        X = part(X)
        for hook in hooks:
            hook.detach()
        params = sum(p.data().size for p in part.collect_params().values()
                     if p.grad_req != 'null')
        costs.append((X.shape, params, sum(counts)))
    return costs


def save_weights(model: Module, path: str | PathLike) -> None:
    """Save weights and running statistics to a safetensors file.

    `model`: of which the layers have their shapes; `path`: the file, which is
    written whole or not at all. The names are those of torchvision's
    resnet.py, the layout is PyTorch's: every framework's `load_weights` reads
    the file.

    Raises ValueError, and writes nothing, where it has no weights yet.
    """
    listed = list(_weights(model)) if _is_built(model) else []
    weights.save_weights(model, listed, path,
                         f'MXNet {mxnet.__version__}')


def load_weights(model: Module, path: str | PathLike) -> None:
    """Load what any framework's `save_weights` wrote.

    `model`: of the architecture that was saved; `path`: the file. Raises
    ValueError, and leaves the model as it is, where names or shapes do not
    fit or the file is not whole.
    """
    arrays, metadata = weights.read(path)
    with _built(model, arrays):
        weights.load_weights(model, list(_weights(model)), arrays, metadata,
                             path)


def _is_built(model):
    """Tell whether all layers have their shapes and arrays."""
    return all(p.shape is not None and min(p.shape, default=1) > 0
               and p._data is not None
               for p in model.collect_params().values())


@contextmanager
def _built(model, arrays):
    """Give lazy layers the shapes that arrays ask for, unless this fails."""
    if _is_built(model):
        yield
        return
    states = [(param, dict(vars(param)))
              for param in model.collect_params().values()]
    try:
        model.apply_init([np.zeros(weights.example_shape(arrays))])
        yield
    except BaseException:
        for param, attributes in states:
            vars(param).clear()
            vars(param).update(attributes)
        raise


def _weights(model):
    """List the tensors of a model with their places."""
    for name, param in model._collect_params_with_prefix().items():
        place = tuple(int(p) if p.isdecimal() else p for p in name.split('.'))
        yield weights.Weight(
            place, lambda param=param: param.data().asnumpy(),
            lambda a, param=param: param.set_data(np.array(a, dtype=a.dtype)))
