"""The d2l classes for TensorFlow and Keras."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import (
    AbstractContextManager,
    contextmanager,
    nullcontext,
    suppress,
)
from functools import cache, partial
from os import PathLike
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.eager import context  # as Keras does

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
from d2l.core.cpu.tensorflow import fast_layers
from d2l.core.hyperparameters import *
from d2l.core.parallel.tensorflow import Job
from d2l.core.plotting import *
from d2l.core.timing import *

__all__ = ['cpu', 'gpu', 'num_gpus', 'try_gpu', 'try_all_gpus', 'get_seed',
           'Module', 'DataModule', 'Trainer', 'Classifier', 'FashionMNIST',
           'CIFAR10', 'ImageFolder', 'SyntheticRegressionData', 'SGD',
           'LinearRegression', 'SoftmaxRegression', 'LeNet', 'corr2d',
           'accuracy', 'evaluate_accuracy_gpu', 'predict',
           'load_data_fashion_mnist', 'sgd', 'split_batch', 'layer_costs',
           'save_weights', 'load_weights']

hints.show_hints()
# Keras compiles a grouped convolution anew at each call on a CPU. TensorFlow's
# advice about that is for Keras (3 and 2), not for who calls it.
tf.get_logger().addFilter(
    lambda record: not any(convolution in record.getMessage() for convolution
                           in ('_conv_xla', '_jit_compiled_convolution_op')))
Device = AbstractContextManager     # to be entered with `with`


def cpu() -> Device:
    """Return the CPU device, to be entered with `with`."""
    return tf.device('/CPU:0')


def gpu(i: int = 0) -> Device:
    """Return the i-th GPU device, to be entered with `with`."""
    return tf.device(f'/GPU:{i}')


def num_gpus() -> int:
    """Return the number of GPUs of this machine."""
    return len(tf.config.list_physical_devices('GPU'))


try_gpu, try_all_gpus = devices.choices(cpu, gpu, num_gpus)


def get_seed() -> int:
    """Return an integer drawn from TensorFlow's random numbers."""
    return int(tf.random.uniform((), maxval=2**31 - 1, dtype=tf.int32))


class Module(module.Module, tf.keras.Model):
    """The base class of models: `net` or `forward`, `loss`, an optimizer.

    `plot_train_per_epoch`, `plot_valid_per_epoch`: points per epoch that the
    board shows of training and of validation. Source: D2L 1.0.3, section
    "Object-Oriented Design for Implementation".
    """

    def __init__(self, plot_train_per_epoch: int = 2,
                 plot_valid_per_epoch: int = 1) -> None:
        super().__init__()
        self.__dict__.pop('loss', None)     # Keras hides the method with None
        self.save_hyperparameters()
        self.board = ProgressBoard()
        self.training = None

    def __call__(self, *inputs, **kwargs):
        # The trainer sets `training`, so that batch normalization and dropout
        # know it whoever calls the model.
        if self.training is not None:
            kwargs.setdefault('training', self.training)
        return super().__call__(*inputs, **kwargs)

    def call(self, X: tf.Tensor, *args,
             training: bool | None = None) -> tf.Tensor:
        return self.forward(X, *args)

    @property
    def variables(self) -> list[tf.Variable]:
        variables = super().variables
        if hasattr(tf.keras, 'ops'):
            # Keras 3 overlooks the tf.Variable attributes of scratch models.
            variables = [*variables, *_own_variables(self)]
        return list({id(v): v for v in variables}.values())

    def plot(self, key: str, value: tf.Tensor, train: bool) -> None:
        # A loss plus a layer's list of losses is an array of one number.
        super().plot(key, tf.reshape(value, ()), train)

    def configure_optimizers(self) -> tf.keras.optimizers.Optimizer:
        return tf.keras.optimizers.SGD(self.lr)

    @checks.explained()
    def apply_init(self, inputs: Sequence,
                   init: Callable | None = None) -> None:
        """Give lazy layers their shapes, then apply `init` to every layer.

        `inputs`: the arguments of `forward`, such as [X].
        """
        self(*inputs, training=False)
        if init is not None:
            for layer in _layers(self.net):
                init(layer)


def _parts(part, seen=None):
    """List what is in a layer, a list or a dict, however deep, and itself."""
    seen = set() if seen is None else seen
    if id(part) not in seen:
        seen.add(id(part))
        yield part
        items = (part.layers + [v for v in vars(part).values()
                                if isinstance(v, tf.Variable)]
                 if isinstance(part, tf.keras.Sequential) else
                 vars(part).values()
                 if isinstance(part, tf.keras.layers.Layer) else
                 part.values() if isinstance(part, Mapping) else
                 part if isinstance(part, (list, tuple)) else ())
        for item in items:
            yield from _parts(item, seen)


def _layers(part):
    """List a layer and the layers in it, however deep."""
    return [p for p in _parts(part) if isinstance(p, tf.keras.layers.Layer)]


def _own_variables(part):
    """List the tf.Variables in a layer, a list or a dict, however deep."""
    return [p for p in _parts(part) if isinstance(p, tf.Variable)]


def _leaf_name(variable):
    """Return the last part of a variable's name, such as 'kernel'."""
    return variable.name.rpartition('/')[2].partition(':')[0]


class DataModule(data.DataModule):
    __doc__ = data.DataModule.__doc__
    channel_axis = -1   # of a batch of images
    label_dtype = 'int32'
    get_seed = staticmethod(get_seed)
    to_tensor = staticmethod(tf.constant)
    to_numpy = staticmethod(np.asarray)
    take = staticmethod(tf.gather)
    cast = staticmethod(tf.cast)
    moveaxis = staticmethod(tf.experimental.numpy.moveaxis)

    @staticmethod
    def resized(images: tf.Tensor, size: tuple[int, int]) -> tf.Tensor:
        return fashion_mnist.resize(
            images, size, partial(tf.cast, dtype=tf.float32),
            partial(_matrices, device=images.device))


@cache      # they are moved once
def _matrices(old, new, device):
    """Return the two of `fashion_mnist.interpolation` on a device."""
    with tf.device(device):
        return [tf.constant(matrix)
                for matrix in fashion_mnist.interpolation(old, new)]


class Trainer(trainer.Trainer):
    __doc__ = trainer.Trainer.__doc__
    model: Module
    job: Job = Job()
    cpu = staticmethod(cpu)
    all_gpus = staticmethod(try_all_gpus)
    get_seed = staticmethod(get_seed)
    seed = staticmethod(tf.keras.utils.set_random_seed)
    # Only the CPU's library rounds the layers of a model that is made already.
    gpu_precisions = 'auto', 'float32'

    @contextmanager
    def on_device(self) -> Iterator[None]:
        try:
            with self.job.scope(self.device):
                yield
        finally:
            # TensorFlow would keep one kernel for each variable's name.
            context.context().clear_kernel_cache()

    def to_device(self, array: np.ndarray) -> tf.Tensor:
        return tf.constant(array)       # `on_device` tells where

    def prepare_steps(self) -> None:
        batch = self.job.local(
            self.prepared(next(iter(self.train_dataloader))))
        with suppress(Exception):   # steps may do without `forward`
            self.model.apply_init(trainer.inputs_of(self.model, batch))
        # Of one replica nothing is to be summed, and TensorFlow keeps for good
        # the graph of a step that sums.
        if hasattr(self.optim, '_all_reduce_sum_gradients'):
            self.optim._all_reduce_sum_gradients = list
        self.job.share(self.model.variables)
        for layer in _layers(self.model):
            if hasattr(layer, 'synchronized'):
                layer.synchronized = (self.sync_batch_norm
                                      and self.job.num_devices > 1)

        def gradients(batch):
            with self.capture() as logged, tf.GradientTape() as tape:
                loss = self.model.training_step(batch)
            return logged, tape.gradient(loss, self.model.trainable_variables)

        def update(grads):
            if self.gradient_clip_val > 0:
                grads = self.clip_gradients(self.gradient_clip_val, grads)
            self.optim.apply_gradients(zip(
                grads, self.model.trainable_variables, strict=True))

        def metrics(batch):
            with self.capture() as logged:
                self.model.validation_step(batch)
            return logged

        def train_step(batch):
            logged, grads = self.job.mean(gradients, batch)
            self.job.everywhere(update, grads)
            self.job.average(self.model.variables)
            return self.job.local(logged)

        def validation_step(batch):
            return self.job.local(self.job.mean(metrics, batch))

        untraceable = (tf.errors.OperatorNotAllowedInGraphError, TypeError,
                       AttributeError, NotImplementedError)
        self._train_step, self._validation_step = (
            trainer.CompiledStep(step, self.compiled(step), untraceable)
            for step in (train_step, validation_step))

    def compiled(self, step: Callable) -> Callable:
        """Return `step` compiled, its layers in their precision."""
        step = tf.function(self.traced(step))

        def compiled(batch):
            with (self.autocast(),
                  nullcontext() if self.gpus else fast_layers()):
                return step(batch)

        return compiled

    def has_native_bfloat16(self) -> bool:
        return not self.gpus and hardware.has_native_bfloat16()

    @contextmanager
    def autocast(self) -> Iterator[None]:
        """Let TensorFlow's graph optimizer round layers to bfloat16."""
        option = 'auto_mixed_precision_onednn_bfloat16'
        before = tf.config.optimizer.get_experimental_options()
        tf.config.optimizer.set_experimental_options(
            {option: self.uses_bfloat16})
        try:
            yield
        finally:
            tf.config.optimizer.set_experimental_options(
                {option: before.get(option, False)})

    def prepare_batch(self, batch: Sequence) -> Sequence:
        return self.job.batch(batch)

    def set_training(self, training: bool) -> None:
        self.model.training = training

    def train_step(self, batch: Sequence) -> dict[str, tf.Tensor]:
        return self._train_step(batch)

    def validation_step(self, batch: Sequence) -> dict[str, tf.Tensor]:
        return self._validation_step(batch)

    @staticmethod
    def as_numpy(tensor: Any) -> np.ndarray:
        array = np.asarray(tensor)
        return (array.view('u2') if array.dtype == tf.bfloat16.as_numpy_dtype
                else array)

    def arrays(self) -> dict[str, np.ndarray]:
        return {name: self.as_numpy(variable.numpy()) for name, variable in
                self.variables().items()}

    def set_arrays(self, arrays: Mapping[str, np.ndarray]) -> None:
        for name, variable in self.variables().items():
            variable.assign(arrays[name].view(variable.numpy().dtype))

    def save_weights(self, path: str | PathLike) -> None:
        save_weights(self.model, path)

    def build(self) -> None:
        if hasattr(self.optim, 'build'):
            self.optim.build(self.model.trainable_variables)

    def optimizer_program(self) -> tuple[str, dict[str, Any]]:
        kind, numbers = super().optimizer_program()
        config = (self.optim.get_config()
                  if hasattr(self.optim, 'get_config') else {})
        return kind, numbers | {
            name: value.item() if isinstance(value, np.generic) else value
            for name, value in config.items() if name != 'name'}

    def set_rates(self, rates: Mapping[str, float]) -> None:
        if hasattr(self.optim, 'get_config') and 'learning_rate' in rates:
            self.optim.learning_rate = rates['learning_rate']

    def variables(self) -> dict[str, tf.Variable]:
        """Return what training changes, of the model and of the optimizer.

        Keras counts its names on from model to model: places stay the same.
        """
        return {
            **{f'{i}.{_leaf_name(variable)}': variable
               for i, variable in enumerate(self.model.variables)},
            **{f'optim.{i}': variable for i, variable in
               enumerate(getattr(self.optim, 'variables', ()))}}

    def clip_gradients(self, grad_clip_val: float,
                       grads: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        """Return the gradient, of norm `grad_clip_val` if it is larger.

        The norm is that of all of `grads` together.
        """
        return tf.clip_by_global_norm(grads, grad_clip_val)[0]


class Classifier(module.Classifier, Module):
    """The base class of classification models: cross-entropy and accuracy.

    `plot_train_per_epoch`, `plot_valid_per_epoch`: as in `Module`. Source:
    D2L 1.0.3, section "The Base Classification Model".
    """

    def loss(self, Y_hat: tf.Tensor, Y: tf.Tensor,
             averaged: bool = True) -> tf.Tensor:
        """Return the mean cross-entropy, a scalar.

        `Y_hat`: logits (..., classes); `Y`: labels (...), integers;
        `averaged=False`: return one value per label instead.
        """
        self.num_logits = Y_hat.shape[-1]
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(
            tf.reshape(Y, (-1,)), tf.reshape(Y_hat, (-1, Y_hat.shape[-1])))
        return tf.reduce_mean(losses) if averaged else losses

    def accuracy(self, Y_hat: tf.Tensor, Y: tf.Tensor,
                 averaged: bool = True) -> tf.Tensor:
        """Return the share of correct predictions, a scalar from 0 to 1.

        `Y_hat`: logits (..., classes); `Y`: labels (...), integers;
        `averaged=False`: return 1 or 0 per label instead.
        """
        Y = tf.reshape(Y, (-1,))
        preds = tf.argmax(tf.reshape(Y_hat, (-1, Y_hat.shape[-1])), axis=1)
        compare = tf.cast(tf.cast(preds, Y.dtype) == Y, tf.float32)
        return tf.reduce_mean(compare) if averaged else compare

    @checks.explained()
    def layer_summary(self, X_shape: Sequence[int]) -> None:
        """Print the output shape of every layer of `net`.

        `X_shape`: the shape of the input, (examples, height, width, channels)
        for images.
        """
        X = tf.random.normal(X_shape)
        self.net(X)     # layers that are built one by one take this size only
        for layer in self.net.layers:
            X = layer(X)
            print(layer.__class__.__name__, 'output shape:\t', X.shape)


class FashionMNIST(data.FashionMNIST, DataModule):
    __doc__ = data.FashionMNIST.__doc__


class CIFAR10(data.CIFAR10, DataModule):
    __doc__ = data.CIFAR10.__doc__


class ImageFolder(data.ImageFolder, DataModule):
    __doc__ = data.ImageFolder.__doc__


class SyntheticRegressionData(data.SyntheticRegressionData, DataModule):
    __doc__ = data.SyntheticRegressionData.__doc__

    def __init__(self, w: tf.Tensor, b: float, noise: float = 0.01,
                 num_train: int = 1000, num_val: int = 1000,
                 batch_size: int = 32) -> None:
        super().__init__()
        self.save_hyperparameters()
        n = num_train + num_val
        self.X = tf.random.normal((n, w.shape[0]))
        self.y = (self.X @ tf.reshape(w, (-1, 1)) + b
                  + noise * tf.random.normal((n, 1)))


class SGD(HyperParameters):
    """Minibatch stochastic gradient descent, from scratch.

    `lr`: the learning rate. Source: D2L 1.0.3, section "Linear Regression
    Implementation from Scratch".
    """

    def __init__(self, lr: float) -> None:
        self.save_hyperparameters()

    def apply_gradients(self, grads_and_vars: Iterable[tuple]) -> None:
        for grad, param in grads_and_vars:
            if grad is not None:
                param.assign_sub(self.lr * grad)


class LinearRegression(Module):
    """Linear regression: inputs (examples, inputs), outputs (examples, 1).

    `lr`: the learning rate. Source: D2L 1.0.3, section "Concise
    Implementation of Linear Regression".
    """

    def __init__(self, lr: float) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.net = tf.keras.layers.Dense(
            1, kernel_initializer=tf.initializers.RandomNormal(stddev=0.01))

    def loss(self, y_hat: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
        """Return the mean squared error, a scalar.

        `y_hat`, `y`: (examples, 1). It is not halved, as in D2L 1.0.3 in this
        framework; JAX and MXNet halve it: their gradients, and steps, are
        half as large.
        """
        return tf.reduce_mean((y_hat - y) ** 2)

    def get_w_b(self) -> tuple[np.ndarray, np.ndarray]:
        """Return weights (inputs, 1) and bias (1,) as NumPy arrays."""
        return self.get_weights()[0], self.get_weights()[1]


class SoftmaxRegression(Classifier):
    """Softmax regression: a linear layer on flattened inputs.

    `num_outputs`: the number of classes; `lr`: the learning rate. Inputs are
    (examples, ...), outputs logits (examples, classes). Source: D2L 1.0.3,
    section "Concise Implementation of Softmax Regression".
    """

    def __init__(self, num_outputs: int, lr: float) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.net = tf.keras.models.Sequential([
            tf.keras.layers.Flatten(), tf.keras.layers.Dense(num_outputs)])


class LeNet(Classifier):
    """LeNet-5, with sigmoids and average pooling.

    `lr`: the learning rate; `num_classes`: the number of classes. Images
    are (examples, 28, 28, 1), outputs logits (examples, classes). Source:
    LeCun et al., "Gradient-based learning applied to document recognition"
    (1998).
    """

    def __init__(self, lr: float = 0.1, num_classes: int = 10) -> None:
        super().__init__()
        self.save_hyperparameters()
        layers = tf.keras.layers
        self.net = tf.keras.models.Sequential([
            layers.Conv2D(6, kernel_size=5, padding='same',
                          activation='sigmoid'),
            layers.AvgPool2D(pool_size=2, strides=2),
            layers.Conv2D(16, kernel_size=5, activation='sigmoid'),
            layers.AvgPool2D(pool_size=2, strides=2),
            layers.Flatten(),
            layers.Dense(120, activation='sigmoid'),
            layers.Dense(84, activation='sigmoid'),
            layers.Dense(num_classes)])


def corr2d(X: tf.Tensor, K: tf.Tensor) -> tf.Tensor:
    """Return the 2D cross-correlation of a matrix with a kernel.

    `X`: (height, width); `K`: (rows, columns), not larger. Returns float32,
    (height - rows + 1, width - columns + 1). Source: D2L 1.0.3, section
    "Convolutions for Images".
    """
    X, K = tf.cast(X, tf.float32), tf.cast(K, tf.float32)
    return tf.nn.conv2d(X[None, :, :, None], K[:, :, None, None], 1,
                        'VALID')[0, :, :, 0]


def accuracy(y_hat: tf.Tensor, y: tf.Tensor) -> float:
    """Return how many predictions are correct.

    `y_hat`: logits (examples, classes) or labels (examples,); `y`: labels
    (examples,).
    """
    if len(y_hat.shape) > 1 and y_hat.shape[1] > 1:
        y_hat = tf.argmax(y_hat, axis=1)
    return float(tf.math.count_nonzero(tf.cast(y_hat, y.dtype) == y))


def evaluate_accuracy_gpu(net: Callable, data_iter: Iterable,
                          device: Device | None = None) -> float:
    """Return the share of correct predictions of `net`, from 0 to 1.

    `net`: a model, which infers here and then has its mode again, or a
    function of images; `data_iter`: batches of images and labels (examples,);
    `device`: where to compute, without it on the default device.
    """
    mode = ({'training': False} if isinstance(net, tf.keras.layers.Layer)
            else {})
    metric = Accumulator(2)     # correct predictions, predictions
    with device or nullcontext():
        for X, y in data_iter:
            metric.add(accuracy(net(X, **mode), y), tf.size(y))
    return metric[0] / metric[1]


@contextmanager
def _inferring(model):
    """Give the function that `predict` calls."""
    # Keras 3 keeps a variable's tensor in .value, which was a method.
    devices = [getattr(v, 'device', None) or v.value.device
               for v in model.variables[:1]]

    def infer(*inputs):
        return model(*map(tf.convert_to_tensor, inputs),
                     training=False).numpy()

    with tf.device(devices[0] if devices else None):
        yield infer


predict = prediction.predictor(_inferring)
load_data_fashion_mnist = data.fashion_mnist_loader(FashionMNIST)


def sgd(params: Iterable[tf.Variable], grads: Sequence[tf.Tensor], lr: float,
        batch_size: int) -> None:
    """Take a step with gradients that are sums.

    `params`, `grads`: of the same shapes; `lr`: the learning rate;
    `batch_size`: how many examples the gradients are sums over.
    """
    for param, grad in zip(params, grads, strict=True):
        param.assign_sub(lr * grad / batch_size)


def split_batch(X: tf.Tensor, y: tf.Tensor,
                devices: Sequence[Device],
                ) -> tuple[list[tf.Tensor], list[tf.Tensor]]:
    """Return two lists: the parts of `X` and of `y`, one per device.

    `X`, `y`: (examples, ...), cut along the examples; `devices`: where the
    parts go. Source: D2L 1.0.3, section "Training on Multiple GPUs".
    """
    def split(array):
        ends = [len(array) * i // len(devices)
                for i in range(len(devices) + 1)]
        parts = []
        for start, end, device in zip(ends[:-1], ends[1:], devices,
                                      strict=True):
            with device:
                parts.append(tf.identity(array[start:end]))
        return parts

    return split(X), split(y)


def layer_costs(model: Module, X_shape: Sequence[int]
                ) -> list[tuple[tuple[int, ...], int, int]]:
    """Return what each part of `model.net` computes, and at what cost.

    `model`: a model whose `net` is a sequence of parts; `X_shape`: the shape
    of its input, (examples, height, width, channels). Returns for each part
    its output's shape, in the same order of axes, the number of its
    parameters, and the multiply-adds of its convolutions and dense layers
    for one example; biases and normalization are not counted. The model
    stays as it is.
    """
    def weighted(part):
        for layer in part.layers:
            if hasattr(layer, 'layers'):
                yield from weighted(layer)
            elif hasattr(layer, 'kernel_size') or hasattr(layer, 'units'):
                yield layer

    def counting(layer, call):
        def counted(X):
            Y = call(X)
            size = tf.TensorShape(layer.kernel.shape).num_elements()
            # Keras may call a layer several times to learn its shape.
            counts[id(layer)] = size * Y.shape[1:-1].num_elements()
            return Y
        return counted

    # Keras has no hooks, and grouped convolutions are functions of their own
    # in the graph: so the calls of the layers are counted.
    X, costs = tf.TensorSpec(X_shape), []
    for part in model.net.layers:
        counts: dict[int, int] = {}
        layers = list(weighted(part))
        for layer in layers:
            layer.call = counting(layer, layer.call)
        # The graph of the operations is made, and not run.
        traced = tf.function(part).get_concrete_function(X)
        for layer in layers:
            del layer.call
        X = tf.TensorSpec(traced.output_shapes)
        params = sum(tf.TensorShape(w.shape).num_elements()
                     for w in part.trainable_weights)
        costs.append((tuple(X.shape), params, sum(counts.values())))
    return costs


def save_weights(model: Module, path: str | PathLike) -> None:
    """Save weights and running statistics to a safetensors file.

    `model`: of which the layers have their shapes; `path`: the file, which is
    written whole or not at all. The names are those of torchvision's
    resnet.py, the layout is PyTorch's: every framework's `load_weights` reads
    the file.

    Raises ValueError, and writes nothing, where it has no weights yet.
    """
    listed = list(_weights(model)) if model.built else []
    weights.save_weights(model, listed, path,
                         f'TensorFlow {tf.__version__}')


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


@contextmanager
def _built(model, arrays):
    """Give lazy layers the shapes that arrays ask for, unless this fails."""
    if model.built:
        yield
        return
    owners = [owner for layer in model._flatten_layers()
              for owner in (layer, getattr(layer, '_tracker', None)) if owner]
    attributes = [dict(vars(owner)) for owner in owners]
    contents = [(part, part.copy()) for owner in owners
                for value in vars(owner).values() for part in (
                    value, *(value.values() if isinstance(value, dict)
                             else ())) if isinstance(part, list | set)]
    try:
        n, c, h, w = weights.example_shape(arrays)
        model.apply_init([tf.zeros((n, h, w, c))])
        yield
    except BaseException:
        for owner, before in zip(owners, attributes, strict=True):
            vars(owner).clear()
            vars(owner).update(before)
        for part, before in contents:   # of subclasses, which keep track
            kind = list if isinstance(part, list) else set
            kind.clear(part)
            (list.extend if kind is list else set.update)(part, before)
        raise


def _weights(part, place=()):
    """List the tensors of a model with their places."""
    if isinstance(part, tf.keras.Sequential):
        children = enumerate(part.layers)
    else:
        children = [(name, child) for name, child in vars(part).items()
                    if isinstance(child, tf.keras.layers.Layer)]
    for name, child in children:
        yield from _weights(child, (*place, name))
    if not isinstance(part, tf.keras.Model):
        for tensor in part.weights:
            name = tensor.name.split('/')[-1].split(':')[0]
            yield weights.Weight((*place, name), tensor.numpy, tensor.assign,
                                 channels_last=True)
