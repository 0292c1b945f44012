"""The d2l classes for PyTorch."""

import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache, partial
from os import PathLike
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

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
from d2l.core.cpu import uses
from d2l.core.cpu.torch import MatrixConvolutions
from d2l.core.hyperparameters import *
from d2l.core.parallel.torch import Job, SyncBatchNorm
from d2l.core.plotting import *
from d2l.core.timing import *

__all__ = ['cpu', 'gpu', 'num_gpus', 'try_gpu', 'try_all_gpus', 'get_seed',
           'init_cnn', 'Module', 'DataModule', 'Trainer', 'Classifier',
           'FashionMNIST', 'CIFAR10', 'ImageFolder', 'SyntheticRegressionData',
           'SGD', 'LinearRegression', 'SoftmaxRegression', 'LeNet', 'corr2d',
           'accuracy', 'evaluate_accuracy_gpu', 'predict',
           'load_data_fashion_mnist', 'sgd', 'split_batch', 'resnet18',
           'layer_costs', 'save_weights', 'load_weights', 'load_torchvision']

hints.show_hints()


def cpu() -> torch.device:
    """Return the CPU device."""
    return torch.device('cpu')


def gpu(i: int = 0) -> torch.device:
    """Return the i-th GPU device."""
    return torch.device(f'cuda:{i}')


def num_gpus() -> int:
    """Return the number of GPUs of this machine."""
    return torch.cuda.device_count()


try_gpu, try_all_gpus = devices.choices(cpu, gpu, num_gpus)


def get_seed() -> int:
    """Return an integer drawn from PyTorch's random numbers."""
    return int(torch.randint(2**31 - 1, ()))


def init_cnn(module: nn.Module) -> None:
    """Draw the weights of a linear or convolutional layer as Xavier did.

    `module`: the layer; others are left as they are.
    """
    if type(module) in (nn.Linear, nn.Conv2d):
        nn.init.xavier_uniform_(module.get_parameter('weight'))


class Module(module.Module, nn.Module):
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

    def plot(self, key: str, value: torch.Tensor, train: bool) -> None:
        if isinstance(value, torch.Tensor):
            value = value.detach()
        super().plot(key, value, train)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=self.lr)

    @checks.explained()
    def apply_init(self, inputs: Sequence,
                   init: Callable | None = None) -> None:
        """Give lazy layers their shapes, then apply `init` to every layer.

        `inputs`: the arguments of `forward`, such as [X].
        """
        with _inference(self):
            self(*inputs)
        if init is not None:
            self.get_submodule('net').apply(init)


class DataModule(data.DataModule):
    __doc__ = data.DataModule.__doc__
    channel_axis = 1    # of a batch of images
    label_dtype = 'int64'
    get_seed = staticmethod(get_seed)
    to_numpy = staticmethod(np.asarray)
    to_rows = staticmethod(torch.as_tensor)     # keeps gradients and bfloat16
    take = staticmethod(operator.getitem)
    moveaxis = staticmethod(torch.movedim)

    @staticmethod
    def to_tensor(array: Any) -> torch.Tensor:
        if isinstance(array, np.ndarray):   # no tensor is read-only or flipped
            array = np.require(array, requirements=['C', 'W'])
        return torch.as_tensor(array)

    @staticmethod
    def cast(tensor: torch.Tensor, dtype: str) -> torch.Tensor:
        return tensor.to(getattr(torch, dtype))

    @staticmethod
    def resized(images: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
        return fashion_mnist.resize(
            images, size, torch.Tensor.float,
            partial(_matrices, device=images.device))


@cache      # they are moved once
def _matrices(old, new, device):
    """Return the two of `fashion_mnist.interpolation` on a device."""
    return [torch.as_tensor(matrix, device=device)
            for matrix in fashion_mnist.interpolation(old, new)]


class _AnyBatch(TorchFunctionMode):
    """The context in which `view` takes images that lie channels last.

    And batch normalization a batch of one value a channel, such as the last
    one of a data set: it has no variance, so the running statistics serve.
    """
    copying: Mapping[Any, Callable] = {
        torch.Tensor.view: torch.Tensor.reshape,
        torch.Tensor.view_as: torch.Tensor.reshape_as}

    def __torch_function__(self, function: Callable, types: Iterable,
                           args: tuple = (),
                           kwargs: Mapping[str, Any] | None = None) -> Any:
        try:
            return function(*args, **(kwargs or {}))
        except RuntimeError:
            if function not in self.copying:
                raise
            return self.copying[function](*args, **(kwargs or {}))
        except ValueError:
            if function is not F.batch_norm or args[1] is None:
                raise
            return function(*args, **{**(kwargs or {}), 'training': False})


class Trainer(trainer.Trainer):
    __doc__ = trainer.Trainer.__doc__
    model: Module
    job: Job = Job()
    cpu = staticmethod(cpu)
    all_gpus = staticmethod(try_all_gpus)
    get_seed = staticmethod(get_seed)
    seed = staticmethod(torch.manual_seed)

    def prepare_model(self, model: Module) -> None:
        super().prepare_model(model)
        model.to(self.device)
        if not _is_built(model):
            batch = self.prepared(next(iter(self.train_dataloader)))
            try:
                model.apply_init(trainer.inputs_of(model, batch))
            except Exception:   # a batch that only the model's step knows
                with _inference(model), self.capture():
                    model.training_step(batch)

    def prepare_steps(self) -> None:
        self.job.step = None    # it averages the weights that there were

    @contextmanager
    def fast_layout(self) -> Iterator[None]:
        if uses('channels_last'):
            self.set_memory_format(torch.channels_last)
        try:
            with _AnyBatch():
                yield
        finally:
            self.set_memory_format(torch.contiguous_format)

    def set_memory_format(self, memory_format: torch.memory_format) -> None:
        """Set how the weights of two-dimensional convolutions lie."""
        for param in self.model.parameters():
            if not nn.parameter.is_lazy(param) and param.ndim == 4:
                param.data = param.data.contiguous(memory_format=memory_format)

    def to_device(self, array: np.ndarray) -> torch.Tensor:
        return DataModule.to_tensor(array).to(self.device, non_blocking=True)

    def prepare_batch(self, batch: Sequence) -> Sequence:
        if self.gpus:
            batch = data.mapped(lambda a: a.to(
                self.device, non_blocking=True), batch)
        return batch

    def set_training(self, training: bool) -> None:
        self.model.train(training)

    def has_native_bfloat16(self) -> bool:
        if self.gpus:
            return torch.cuda.get_device_capability(self.gpus[0]) >= (8, 0)
        return hardware.has_native_bfloat16()

    def compute(self, step: Callable, batch: Sequence) -> Any:
        """Run a step of the model, its layers in their precision.

        Where that is bfloat16 unasked and the step's code needs float32, all
        goes on in float32.
        """
        try:
            with self.autocast():
                return step(batch)
        except (RuntimeError, TypeError) as error:
            if (self.precision != 'auto' or not self.uses_bfloat16
                    or not re.search('bfloat16|dtype', str(error), re.I)):
                raise
            reason = str(error).partition('\n')[0]
        self.precision = 'float32'
        with self.autocast():
            result = step(batch)    # raises where the code itself is wrong
        print(f'{step.__name__} cannot compute in bfloat16 and goes on in '
              f'float32, which is slower: {reason}')
        return result

    @contextmanager
    def autocast(self) -> Iterator[None]:
        """Let layers compute in their precision."""
        with (torch.autocast(self.device.type, torch.bfloat16,
                             enabled=self.uses_bfloat16),
              nullcontext() if self.gpus else MatrixConvolutions(),
              SyncBatchNorm(self.job) if self.sync_batch_norm
              and self.job.is_cut else nullcontext()):
            yield

    def train_step(self, batch: Sequence) -> None:
        loss = self.compute(self.job.training_step(self.model), batch)
        self.optim.zero_grad()
        loss.backward()
        with torch.no_grad():
            if self.gradient_clip_val > 0:
                self.clip_gradients(self.gradient_clip_val, self.model)
            self.optim.step()
            self.job.average(self.model.buffers())

    def validation_step(self, batch: Sequence) -> None:
        with torch.no_grad():
            self.compute(self.model.validation_step, batch)

    def log(self, label: str, value: torch.Tensor) -> None:
        if self.captured is None:
            value = self.job.mean(value)
        super().log(label, value)

    @staticmethod
    def as_numpy(tensor: Any) -> np.ndarray:
        if isinstance(tensor, np.ndarray):  # which may be read-only
            return tensor
        tensor = torch.as_tensor(tensor).detach().cpu()
        if tensor.dtype == torch.bfloat16:
            tensor = tensor.view(torch.int16)
        return tensor.numpy()

    def arrays(self) -> dict[str, np.ndarray]:
        kept = self.tensors()
        if hasattr(self.optim, 'state_dict'):       # not SGD from scratch
            kept |= {f'optim.{i}.{name}': value for i, values in
                     self.optim.state_dict()['state'].items()
                     for name, value in values.items() if value is not None}
        return {name: self.as_numpy(value) for name, value in kept.items()}

    def set_arrays(self, arrays: Mapping[str, np.ndarray]) -> None:
        for name, tensor in self.tensors().items():
            tensor.copy_(torch.tensor(arrays[name]).view(tensor.dtype))
        if not hasattr(self.optim, 'state_dict'):
            return
        state = self.optim.state_dict()
        for name, array in arrays.items():
            if name not in self.tensors():
                _, i, name = name.split('.', 2)
                value = torch.tensor(array)
                if value.dtype == torch.int16:      # its bits, of bfloat16
                    value = value.view(torch.bfloat16)
                state['state'].setdefault(int(i), {})[name] = value
        self.optim.load_state_dict(state)

    def save_weights(self, path: str | PathLike) -> None:
        save_weights(self.model, path)

    def optimizer_program(self) -> tuple[str, dict[str, Any]]:
        kind, numbers = super().optimizer_program()
        return kind, numbers | {
            f'{i}.{name}': value for i, group in
            enumerate(getattr(self.optim, 'param_groups', ()))
            for name, value in group.items() if name != 'params'}

    def set_rates(self, rates: Mapping[str, float]) -> None:
        for name, value in rates.items():
            i, _, name = name.partition('.')
            if name:        # not SGD from scratch
                self.optim.param_groups[int(i)][name] = value

    def tensors(self) -> dict[str, torch.Tensor]:
        """Return what training changes in the model, scratch models too."""
        names = {id(tensor): name for name, tensor in
                 (*self.model.named_parameters(), *self.model.named_buffers())}
        return {names.get(id(tensor), f'parameter {i}'): tensor.detach()
                for i, tensor in enumerate((
                    *self.model.parameters(), *self.model.buffers(),
                    *getattr(self.optim, 'params', ())))
                if not nn.parameter.is_lazy(tensor)}

    def clip_gradients(self, grad_clip_val: float, model: nn.Module) -> None:
        """Scale the gradient of `model` to norm `grad_clip_val` if larger.

        The norm is that of all parameters' gradients together.
        """
        nn.utils.clip_grad_norm_(model.parameters(), grad_clip_val)


class Classifier(module.Classifier, Module):
    """The base class of classification models: cross-entropy and accuracy.

    `plot_train_per_epoch`, `plot_valid_per_epoch`: as in `Module`. Source:
    D2L 1.0.3, section "The Base Classification Model".
    """
    ignored_label = -100

    def loss(self, Y_hat: torch.Tensor, Y: torch.Tensor,
             averaged: bool = True) -> torch.Tensor:
        """Return the mean cross-entropy, a scalar.

        `Y_hat`: logits (..., classes); `Y`: labels (...), integers;
        `averaged=False`: return one value per label instead.
        """
        self.num_logits = Y_hat.shape[-1]
        return F.cross_entropy(Y_hat.reshape(-1, Y_hat.shape[-1]),
                               Y.reshape(-1),
                               reduction='mean' if averaged else 'none')

    def accuracy(self, Y_hat: torch.Tensor, Y: torch.Tensor,
                 averaged: bool = True) -> torch.Tensor:
        """Return the share of correct predictions, a scalar from 0 to 1.

        `Y_hat`: logits (..., classes); `Y`: labels (...), integers;
        `averaged=False`: return 1 or 0 per label instead.
        """
        preds = Y_hat.reshape(-1, Y_hat.shape[-1]).argmax(dim=1)
        compare = (preds == Y.reshape(-1)).float()
        return compare.mean() if averaged else compare

    @checks.explained()
    def layer_summary(self, X_shape: Sequence[int]) -> None:
        """Print the output shape of every layer of `net`.

        `X_shape`: the shape of the input, (examples, channels, height, width)
        for images.
        """
        X = torch.randn(*X_shape)
        with _inference(self):
            for layer in self.net:
                X = layer(X)
                print(layer.__class__.__name__, 'output shape:\t', X.shape)


class FashionMNIST(data.FashionMNIST, DataModule):
    __doc__ = data.FashionMNIST.__doc__

    def split(self, images: np.ndarray,
              labels: np.ndarray) -> data.ArrayDataset:
        return data.ArrayDataset((images, labels), self.convert)


class CIFAR10(data.CIFAR10, DataModule):
    __doc__ = data.CIFAR10.__doc__
    split = FashionMNIST.split


class ImageFolder(data.ImageFolder, DataModule):
    __doc__ = data.ImageFolder.__doc__


class SyntheticRegressionData(data.SyntheticRegressionData, DataModule):
    __doc__ = data.SyntheticRegressionData.__doc__

    def __init__(self, w: torch.Tensor, b: float, noise: float = 0.01,
                 num_train: int = 1000, num_val: int = 1000,
                 batch_size: int = 32) -> None:
        super().__init__()
        self.save_hyperparameters()
        n = num_train + num_val
        self.X = torch.randn(n, len(w))
        self.y = self.X @ w.reshape(-1, 1) + b + noise * torch.randn(n, 1)


class SGD(HyperParameters):
    """Minibatch stochastic gradient descent, from scratch.

    `params`: what to train; `lr`: the learning rate. Source: D2L 1.0.3,
    section "Linear Regression Implementation from Scratch".
    """

    def __init__(self, params: Iterable[torch.Tensor], lr: float) -> None:
        params = list(params)
        self.save_hyperparameters()

    def step(self) -> None:
        for param in self.params:
            if param.grad is not None:
                param -= self.lr * param.grad

    def zero_grad(self) -> None:
        for param in self.params:
            if param.grad is not None:
                param.grad.zero_()


class LinearRegression(Module):
    """Linear regression: inputs (examples, inputs), outputs (examples, 1).

    `lr`: the learning rate. Source: D2L 1.0.3, section "Concise
    Implementation of Linear Regression".
    """

    def __init__(self, lr: float) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.LazyLinear(1)
        self.net.weight.data.normal_(0, 0.01)
        self.net.bias.data.fill_(0)

    def loss(self, y_hat: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Return the mean squared error, a scalar.

        `y_hat`, `y`: (examples, 1). It is not halved, as in D2L 1.0.3 in this
        framework; JAX and MXNet halve it: their gradients, and steps, are
        half as large.
        """
        return F.mse_loss(y_hat, y)

    def get_w_b(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return weights (1, inputs) and bias (1,)."""
        return self.net.weight.data, self.net.bias.data


class SoftmaxRegression(Classifier):
    """Softmax regression: a linear layer on flattened inputs.

    `num_outputs`: the number of classes; `lr`: the learning rate. Inputs are
    (examples, ...), outputs logits (examples, classes). Source: D2L 1.0.3,
    section "Concise Implementation of Softmax Regression".
    """

    def __init__(self, num_outputs: int, lr: float) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(nn.Flatten(), nn.LazyLinear(num_outputs))


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
        self.net = nn.Sequential(
            nn.LazyConv2d(6, kernel_size=5, padding=2), nn.Sigmoid(),
            nn.AvgPool2d(kernel_size=2, stride=2),
            nn.LazyConv2d(16, kernel_size=5), nn.Sigmoid(),
            nn.AvgPool2d(kernel_size=2, stride=2),
            nn.Flatten(),
            nn.LazyLinear(120), nn.Sigmoid(),
            nn.LazyLinear(84), nn.Sigmoid(),
            nn.LazyLinear(num_classes))


@contextmanager
def _inference(model):
    """Compute as in inference: running statistics stay as they are."""
    modes = [(part, part.training) for part in model.modules()]
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for part, training in modes:
            part.training = training


def corr2d(X: torch.Tensor, K: torch.Tensor) -> torch.Tensor:
    """Return the 2D cross-correlation of a matrix with a kernel.

    `X`: (height, width); `K`: (rows, columns), not larger. Returns float32,
    (height - rows + 1, width - columns + 1). Source: D2L 1.0.3, section
    "Convolutions for Images".
    """
    X, K = X.float(), K.float()
    return F.conv2d(X[None, None], K[None, None])[0, 0]


def accuracy(y_hat: torch.Tensor, y: torch.Tensor) -> float:
    """Return how many predictions are correct.

    `y_hat`: logits (examples, classes) or labels (examples,); `y`: labels
    (examples,).
    """
    if y_hat.ndim > 1 and y_hat.shape[1] > 1:
        y_hat = y_hat.argmax(dim=1)
    return float((y_hat.type(y.dtype) == y).sum())


def evaluate_accuracy_gpu(net: Callable, data_iter: Iterable,
                          device: torch.device | None = None) -> float:
    """Return the share of correct predictions of `net`, from 0 to 1.

    `net`: a model, which infers here and then has its mode again, or a
    function of images; `data_iter`: batches of images and labels (examples,);
    `device`: where to compute, without it where the model is.
    """
    if isinstance(net, nn.Module):
        device = device or next(net.parameters()).device
        context: AbstractContextManager = _inference(net)
    else:
        context = torch.no_grad()
    metric = Accumulator(2)     # correct predictions, predictions
    with context:
        for X, y in data_iter:
            X, y = X.to(device), y.to(device)
            metric.add(accuracy(net(X), y), y.numel())
    return metric[0] / metric[1]


@contextmanager
def _inferring(model):
    """Give the function that `predict` calls."""
    device = next(iter(model.parameters())).device

    def infer(*inputs):
        outputs = model(*(torch.as_tensor(X, device=device) for X in inputs))
        return outputs.float().cpu().numpy()

    with _inference(model):
        yield infer


predict = prediction.predictor(_inferring)
load_data_fashion_mnist = data.fashion_mnist_loader(FashionMNIST)


def sgd(params: Iterable[torch.Tensor], lr: float, batch_size: int) -> None:
    """Take a step with gradients that are sums, then set them to 0.

    `params`: what to change, with their gradients; `lr`: the learning rate;
    `batch_size`: how many examples the gradients are sums over.
    """
    with torch.no_grad():
        for param in params:
            if param.grad is not None:
                param -= lr * param.grad / batch_size
                param.grad.zero_()


def split_batch(X: torch.Tensor, y: torch.Tensor,
                devices: Sequence[torch.device],
                ) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """Return two lists: the parts of `X` and of `y`, one per device.

    `X`, `y`: (examples, ...), cut along the examples; `devices`: where the
    parts go. Source: D2L 1.0.3, section "Training on Multiple GPUs".
    """
    def split(array):
        return [part.to(device) for part, device
                in zip(array.tensor_split(len(devices)), devices,
                       strict=True)]

    return split(X), split(y)


def resnet18(num_classes: int, in_channels: int = 1) -> nn.Sequential:
    """Return ResNet-18 for small images: its stem keeps their size.

    It takes images (examples, `in_channels`, height, width) and gives logits
    (examples, `num_classes`). Source: D2L 1.0.3, section "Concise
    Implementation for Multiple GPUs".
    """
    from d2l.torch import Residual  # which stands on this file

    net = nn.Sequential(
        nn.Conv2d(in_channels, 64, kernel_size=3, padding=1),
        nn.BatchNorm2d(64), nn.ReLU())
    for i, channels in enumerate((64, 128, 256, 512)):
        net.add_module(f'resnet_block{i + 1}', nn.Sequential(
            Residual(channels, use_1x1conv=i > 0, strides=1 + (i > 0)),
            Residual(channels)))
    net.add_module('global_avg_pool', nn.AdaptiveAvgPool2d((1, 1)))
    net.add_module('fc', nn.Sequential(nn.Flatten(),
                                       nn.Linear(512, num_classes)))
    # What chapters do to every nn.Conv2d passes over layers without shapes.
    net.eval()(torch.zeros(1, in_channels, 32, 32))
    return net.train()


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
        if getattr(layer, 'weight', None) is not None and (
                layer.weight.ndim > 1):
            counts.append(layer.weight.numel() * Y[0, 0].numel())

    X, costs, training = torch.zeros(X_shape), [], model.net.training
    for part in model.net.eval():
        counts: list[int] = []
        hooks = [layer.register_forward_hook(count)
                 for layer in part.modules()]
        with torch.no_grad():
            X = part(X)
        for hook in hooks:
            hook.remove()
        params = sum(p.numel() for p in part.parameters())
        costs.append((tuple(X.shape), params, sum(counts)))
    model.net.train(training)
    return costs


def save_weights(model: nn.Module, path: str | PathLike) -> None:
    """Save weights and running statistics to a safetensors file.

    `model`: of which the layers have their shapes; `path`: the file, which is
    written whole or not at all. The names are those of torchvision's
    resnet.py, the layout is PyTorch's: every framework's `load_weights` reads
    the file.

    Raises ValueError, and writes nothing, where it has no weights yet.
    """
    listed = list(_weights(model)) if _is_built(model) else []
    weights.save_weights(model, listed, path,
                         f'PyTorch {torch.__version__}')


def load_weights(model: nn.Module, path: str | PathLike) -> None:
    """Load what any framework's `save_weights` wrote.

    `model`: of the architecture that was saved; `path`: the file. Raises
    ValueError, and leaves the model as it is, where names or shapes do not
    fit or the file is not whole.
    """
    arrays, metadata = weights.read(path)
    with _built(model, arrays):
        weights.load_weights(model, list(_weights(model)), arrays, metadata,
                             path)


def load_torchvision(model: nn.Module,
                     state_dict: Mapping[str, torch.Tensor]) -> None:
    """Load the `state_dict` of a torchvision ResNet of the same architecture.

    In inference the model then gives torchvision's logits. Raises ValueError,
    and leaves the model as it is, where names or shapes do not fit.
    """
    arrays = {name: tensor.cpu().numpy()
              for name, tensor in state_dict.items()}
    with _built(model, arrays):
        listed = list(_weights(model))
        weights.load_weights(
            model, listed,
            weights.from_torchvision(arrays, weights.named(listed)),
            {}, 'The state_dict')


def _is_built(model):
    """Tell whether all layers have their shapes."""
    return not any(nn.parameter.is_lazy(p) for p in model.parameters())


@contextmanager
def _built(model, arrays):
    """Give lazy layers the shapes that arrays ask for, unless this fails."""
    if _is_built(model):
        yield
        return
    lazy = [(tensor, type(tensor)) for tensor in
            (*model.parameters(), *model.buffers())
            if nn.parameter.is_lazy(tensor)]
    parts = [(part, type(part), dict(vars(part)), [
        (value, value.copy()) for value in vars(part).values()
        if isinstance(value, dict)]) for part in model.modules()]
    try:
        model.apply_init([torch.zeros(weights.example_shape(arrays))])
        yield
    except BaseException:
        for part, kind, attributes, dicts in parts:
            part.__class__ = kind
            vars(part).clear()
            vars(part).update(attributes)
            for value, before in dicts:     # such as of its hooks
                value.clear()
                value.update(before)
        for tensor, kind in lazy:
            tensor.data = torch.empty(0)
            tensor.__class__ = kind
        raise


def _weights(part, place=()):
    """List the tensors of a model with their places."""
    for i, (name, child) in enumerate(part.named_children()):
        yield from _weights(child, (
            *place, i if isinstance(part, nn.Sequential) else name))
    for name, tensor in [*part.named_parameters(recurse=False),
                         *part.named_buffers(recurse=False)]:
        if name != 'num_batches_tracked':
            yield weights.Weight(
                (*place, name), tensor.detach().cpu().numpy,
                lambda a, tensor=tensor: tensor.data.copy_(torch.tensor(a)))
