"""The d2l classes for JAX and Flax (linen)."""

import operator
import random
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import field
from functools import partial
from os import PathLike
from typing import Any

import jax
import numpy as np
import optax
from flax import linen as nn
from flax.training import train_state
from jax import numpy as jnp

from d2l.core import (
    checks,
    data,
    devices,
    fashion_mnist,
    hints,
    module,
    prediction,
    trainer,
    weights,
)
from d2l.core.cpu.jax import rewrite
from d2l.core.hyperparameters import *
from d2l.core.parallel.jax import Job
from d2l.core.plotting import *
from d2l.core.timing import *

__all__ = ['cpu', 'gpu', 'num_gpus', 'try_gpu', 'try_all_gpus', 'get_seed',
           'get_key', 'Module', 'DataModule', 'Trainer', 'Classifier',
           'FashionMNIST', 'CIFAR10', 'ImageFolder', 'SyntheticRegressionData',
           'SGD', 'LinearRegression', 'SoftmaxRegression', 'LeNet', 'corr2d',
           'accuracy', 'evaluate_accuracy_gpu', 'predict',
           'load_data_fashion_mnist', 'sgd', 'split_batch', 'layer_costs',
           'save_weights', 'load_weights']

hints.show_hints()


def cpu() -> jax.Device:
    """Return the CPU device."""
    return jax.local_devices(backend='cpu')[0]


def gpu(i: int = 0) -> jax.Device:
    """Return the i-th GPU device."""
    return jax.local_devices(backend='gpu')[i]


def num_gpus() -> int:
    """Return the number of GPUs of this machine."""
    try:
        return jax.local_device_count('gpu')
    except RuntimeError:        # JAX has no GPU backend here
        return 0


try_gpu, try_all_gpus = devices.choices(cpu, gpu, num_gpus)


def get_seed() -> int:
    """Return an integer drawn from Python's random numbers."""
    return random.randrange(2**31 - 1)


def get_key() -> jax.Array:
    """Return a fresh PRNG key."""
    return jax.random.PRNGKey(get_seed())


class TrainState(train_state.TrainState):
    """Parameters, optimizer state, batch statistics and the dropout key."""
    batch_stats: Any
    dropout_rng: jax.Array


class Module(module.Module, nn.Module):
    """The base class of models: `net` or `forward`, `loss`, an optimizer.

    `plot_train_per_epoch`, `plot_valid_per_epoch`: points per epoch that the
    board shows of training and of validation. Source: D2L 1.0.3, section
    "Object-Oriented Design for Implementation".
    """
    plot_train_per_epoch: int = field(default=2, init=False)
    plot_valid_per_epoch: int = field(default=1, init=False)
    board: ProgressBoard = field(default_factory=ProgressBoard, init=False)

    def __call__(self, X, *args, **kwargs):
        if self.scope is None:      # not within init, apply or bind
            with _inferring(self) as infer:
                return infer(X, *args, **kwargs)
        return self.forward(X, *args, **kwargs)

    def training_step(self, params: Any, batch: Sequence,
                      state: TrainState) -> tuple[jax.Array, Any]:
        """Return the loss of a batch, a scalar, and its gradient.

        `params`: the parameters; `batch`: a tuple whose last item is the
        labels.
        """
        loss: Callable = self.loss
        l, grads = jax.value_and_grad(loss)(params, batch[:-1], batch[-1],
                                            state)
        self.plot('loss', l, train=True)
        return l, grads

    def validation_step(self, params: Any, batch: Sequence,
                        state: TrainState) -> None:
        """Plot the loss of a batch."""
        loss: Callable = self.loss
        self.plot('loss', loss(params, batch[:-1], batch[-1], state),
                  train=False)

    def configure_optimizers(self) -> optax.GradientTransformation:
        return optax.sgd(self.lr)

    @checks.explained()
    def apply_init(self, dummy_input: Sequence,
                   key: jax.Array | dict[str, jax.Array]) -> dict[str, Any]:
        """Return the initial variables, or those that were loaded.

        `dummy_input`: the arguments of `forward`, such as [X]; `key`: a PRNG
        key, or a dict of one per collection.
        """
        if hasattr(self, 'weights'):
            return self.weights
        return jax.jit(self.init)(key, *dummy_input)


class DataModule(data.DataModule):
    __doc__ = data.DataModule.__doc__
    channel_axis = -1   # of a batch of images
    label_dtype = 'int32'
    get_seed = staticmethod(get_seed)
    to_tensor = staticmethod(jnp.asarray)
    to_numpy = staticmethod(np.asarray)
    take = staticmethod(jax.jit(operator.getitem))
    moveaxis = staticmethod(jnp.moveaxis)

    @staticmethod
    def cast(tensor: jax.Array, dtype: str) -> jax.Array:
        return tensor.astype(dtype)

    @staticmethod
    @partial(jax.jit, static_argnums=1)
    def resized(images: jax.Array, size: tuple[int, int]) -> jax.Array:
        with jax.default_matmul_precision('float32'):   # on a GPU, too
            return fashion_mnist.resize(images, size)


class Trainer(trainer.Trainer):
    __doc__ = trainer.Trainer.__doc__
    model: Module
    state: TrainState
    job: Job = Job()
    cpu = staticmethod(cpu)
    all_gpus = staticmethod(try_all_gpus)
    get_seed = staticmethod(get_seed)
    seed = staticmethod(random.seed)        # get_key draws from Python's

    def fit(self, model: Module, data: DataModule,
            key: jax.Array | None = None) -> None:
        """Train `model` on `data`, on from the parameters that it has.

        `key`: the PRNG key of the parameters, where it has none yet.
        """
        self.key = key
        super().fit(model, data)
        if self.job.num_devices > 1:    # a process alone may use the model
            self.state = jax.device_put(self.job.local(self.state),
                                        self.device)

    def prepare_model(self, model: Module) -> None:
        # This fit goes on, and the model of the last one keeps what it has.
        for trained in model, getattr(self, 'model', model):
            if _variables(trained):
                trained.weights = _variables(trained)
        vars(self).pop('state', None)
        super().prepare_model(model)

    def on_device(self) -> AbstractContextManager:
        return jax.default_device(self.device)

    def prepare_steps(self) -> None:
        # JAX keeps what it traced for good, and these are not kept with it.
        self, model = weakref.proxy(self), weakref.proxy(self.model)
        batch = self.job.local(
            self.prepared(next(iter(self.train_dataloader))))
        params_key, dropout_key = jax.random.split(
            get_key() if self.key is None else self.key)
        variables = jax.tree_util.tree_map(jnp.array, model.apply_init(
            trainer.inputs_of(model, batch),
            key={'params': params_key, 'dropout': dropout_key}))
        # One a mode: a chapter's own jax.jit then traces its loss anew.
        self.apply_fns = {
            training: lambda *args, **kwargs: model.apply(*args, **kwargs)
            for training in (True, False)}
        self.state = self.placed(self.job.of_first(TrainState.create(
            apply_fn=self.apply_fns[True],
            params=variables['params'],
            batch_stats=variables.get('batch_stats', {}),
            dropout_rng=dropout_key, tx=self.optim)))

        def rounded(tree):
            """Return float32 arrays as bfloat16, if that is the precision."""
            return jax.tree_util.tree_map(
                lambda a: (a.astype(jnp.bfloat16) if self.uses_bfloat16
                           and a.dtype == jnp.float32 else a), tree)

        # Several devices average what they share, and draw with their own key.
        def train_step(state, batch, shared=lambda tree: tree,
                       own=lambda key: key):
            with self.capture() as logged:
                value, grads = model.training_step(
                    rounded(state.params), rounded(batch),
                    state.replace(dropout_rng=own(state.dropout_rng)))
            value, grads, logged = shared((value, grads, logged))
            grads = jax.tree_util.tree_map(lambda g, p: g.astype(p.dtype),
                                           grads, state.params)
            # A classifier's value is (loss, new batch statistics).
            updates = value[1] if isinstance(value, tuple) else {}
            if self.gradient_clip_val > 0:
                grads = self.clip_gradients(self.gradient_clip_val, grads)
            return state.apply_gradients(
                grads=grads,
                dropout_rng=jax.random.split(state.dropout_rng)[0],
                batch_stats=updates.get('batch_stats', state.batch_stats),
            ), logged

        def validation_step(state, batch, shared=lambda tree: tree, own=None):
            with self.capture() as logged:
                model.validation_step(rounded(state.params), rounded(batch),
                                      state)
            return shared(logged)

        def compiled(step):
            fast = (lambda step: step) if self.gpus else rewrite
            traced = self.traced(step)
            return (jax.jit(fast(traced)) if self.job.num_devices == 1 else
                    self.job.compiled(traced, self.sync_batch_norm
                                      and step is train_step, fast))

        untraceable = (jax.errors.JAXTypeError, TypeError)
        self._train_step, self._validation_step = (
            trainer.CompiledStep(step, compiled(step), untraceable)
            for step in (train_step, validation_step))

    def has_native_bfloat16(self) -> bool:
        return any(float(getattr(gpu, 'compute_capability', 0)) >= 8
                   for gpu in self.gpus)

    def to_device(self, array: np.ndarray) -> jax.Array:
        return jax.device_put(array, self.device)

    def prepare_batch(self, batch: Sequence) -> Sequence:
        if self.job.num_devices > 1:
            return self.job.batch(batch)
        return jax.device_put(batch, self.device) if self.gpus else batch

    def placed(self, state: Any) -> Any:
        """Return a state where the steps want it."""
        return (jax.device_put(state, self.device)
                if self.job.num_devices == 1
                else self.job.spread(state, self.job.replicated))

    def set_training(self, training: bool) -> None:
        self.model.training = training
        self.state = self.state.replace(apply_fn=self.apply_fns[training])

    def train_step(self, batch: Sequence) -> dict[str, Any]:
        self.state, logged = self._train_step(self.state, batch)
        return self.job.local(logged)

    def validation_step(self, batch: Sequence) -> dict[str, Any]:
        return self.job.local(self._validation_step(self.state, batch))

    @staticmethod
    def as_numpy(tensor: Any) -> np.ndarray:
        array = np.asarray(tensor)
        return array.view('u2') if array.dtype == jnp.bfloat16 else array

    def arrays(self) -> dict[str, np.ndarray]:
        return {name: self.as_numpy(leaf) for name, leaf in
                self.leaves().items()}

    def set_arrays(self, arrays: Mapping[str, np.ndarray]) -> None:
        leaves = [arrays[name].view(jnp.asarray(leaf).dtype)
                  for name, leaf in self.leaves().items()]
        self.state = self.placed(jax.tree_util.tree_unflatten(
            jax.tree_util.tree_structure(self.state), leaves))

    def save_weights(self, path: str | PathLike) -> None:
        save_weights(self.model, path)

    def leaves(self) -> dict[str, Any]:
        """Return the arrays of the state by name."""
        return {jax.tree_util.keystr(path).lstrip('.'): leaf for path, leaf in
                jax.tree_util.tree_flatten_with_path(self.state)[0]}

    def optimizer_program(self) -> tuple[str, dict[str, Any]]:
        _, numbers = super().optimizer_program()
        states = self.optimizer_states()
        return ', '.join(type(state).__name__ for state in states), {
            **numbers, **{f'{i}.{name}': float(value)
                          for i, state in enumerate(states) for name, value in
                          getattr(state, 'hyperparams', {}).items()}}

    def set_rates(self, rates: Mapping[str, float]) -> None:
        states = self.optimizer_states()
        for name, value in rates.items():
            i, _, name = name.partition('.')
            if name:        # not SGD from scratch
                values = states[int(i)].hyperparams
                values[name] = jnp.full_like(values[name], value)

    def optimizer_states(self) -> list:
        """List the states of the parts of Optax's optimizer."""
        def parts(state):
            if type(state) is tuple:
                return [part for item in state for part in parts(item)]
            return [state]

        return parts(self.state.opt_state)

    def clip_gradients(self, grad_clip_val: float, grads: Any) -> Any:
        """Return the gradient, of norm `grad_clip_val` if it is larger.

        The norm is that of all of `grads` together.
        """
        norm = optax.global_norm(grads)
        scale = jnp.minimum(1, grad_clip_val / norm)
        return jax.tree_util.tree_map(lambda g: g * scale, grads)


class Classifier(Module):
    """The base class of classification models: cross-entropy and accuracy.

    Source: D2L 1.0.3, section "The Base Classification Model".
    """

    def training_step(self, params: Any, batch: Sequence,
                      state: TrainState) -> tuple[tuple[jax.Array, Any], Any]:
        """Return (loss, new batch statistics) of a batch and the gradient.

        `params`: the parameters; `batch`: a tuple whose last item is the
        labels.
        """
        value, grads = jax.value_and_grad(self.loss, has_aux=True)(
            params, batch[:-1], batch[-1], state)
        self.plot('loss', value[0], train=True)
        return value, grads

    def validation_step(self, params: Any, batch: Sequence,
                        state: TrainState) -> None:
        """Plot the loss and the accuracy of a batch."""
        self.plot('loss', self.loss(params, batch[:-1], batch[-1], state)[0],
                  train=False)
        self.plot('acc', self.accuracy(params, batch[:-1], batch[-1], state),
                  train=False)

    def loss(self, params: Any, X: Sequence, Y: jax.Array, state: TrainState,
             averaged: bool = True) -> tuple[jax.Array, Any]:
        """Return the mean cross-entropy, a scalar, and the new statistics.

        `params`: the parameters; `X`: the arguments of `forward`, a tuple;
        `Y`: labels (...), integers; `state`: holds the batch statistics;
        `averaged=False`: return one value per label instead.
        """
        Y_hat, updates = state.apply_fn(
            {'params': params, 'batch_stats': state.batch_stats}, *X,
            mutable=['batch_stats'], rngs={'dropout': state.dropout_rng})
        Y_hat = Y_hat.astype(jnp.promote_types(Y_hat.dtype, jnp.float32))
        self.num_logits = Y_hat.shape[-1]
        losses = optax.softmax_cross_entropy_with_integer_labels(
            Y_hat.reshape(-1, Y_hat.shape[-1]), Y.reshape(-1))
        return (losses.mean() if averaged else losses), updates

    def accuracy(self, params: Any, X: Sequence, Y: jax.Array,
                 state: TrainState, averaged: bool = True) -> jax.Array:
        """Return the share of correct predictions, a scalar from 0 to 1.

        The arguments are those of `loss`; `averaged=False`: return 1 or 0 per
        label instead.
        """
        Y_hat = state.apply_fn(
            {'params': params, 'batch_stats': state.batch_stats}, *X)
        preds = Y_hat.reshape(-1, Y_hat.shape[-1]).argmax(axis=1)
        compare = (preds == Y.reshape(-1)).astype(jnp.float32)
        return compare.mean() if averaged else compare

    @checks.explained()
    def layer_summary(self, X_shape: Sequence[int],
                      key: jax.Array | None = None) -> None:
        """Print the output shape of every layer of `net`.

        `X_shape`: the shape of the input, (examples, height, width, channels)
        for images; `key`: the PRNG key of the parameters.
        """
        X = jnp.zeros(X_shape)
        key = get_key() if key is None else key
        bound = self.clone().bind(jax.jit(self.init)(key, X),
                                  mutable=['batch_stats'],
                                  rngs={'dropout': key})
        for layer in bound.net.layers:
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

    def __init__(self, w: jax.Array, b: float, noise: float = 0.01,
                 num_train: int = 1000, num_val: int = 1000,
                 batch_size: int = 32) -> None:
        super().__init__()
        self.save_hyperparameters()
        n = num_train + num_val
        key1, key2 = jax.random.split(get_key())
        self.X = jax.random.normal(key1, (n, w.shape[0]))
        self.y = (self.X @ w.reshape(-1, 1) + b
                  + noise * jax.random.normal(key2, (n, 1)))


class SGD(HyperParameters):
    """Minibatch stochastic gradient descent, from scratch.

    `lr`: the learning rate. Source: D2L 1.0.3, section "Linear Regression
    Implementation from Scratch".
    """

    def __init__(self, lr: float) -> None:
        self.save_hyperparameters()

    def init(self, params: Any) -> optax.EmptyState:
        return optax.EmptyState()

    def update(self, updates: Any, state: optax.EmptyState,
               params: Any = None) -> tuple[Any, optax.EmptyState]:
        return jax.tree_util.tree_map(lambda g: -self.lr * g, updates), state


class LinearRegression(Module):
    """Linear regression: inputs (examples, inputs), outputs (examples, 1).

    `lr`: the learning rate. Source: D2L 1.0.3, section "Concise
    Implementation of Linear Regression".
    """
    lr: float       # type: ignore[misc]    # what stands before is no argument

    def setup(self) -> None:
        self.net = nn.Dense(1, kernel_init=nn.initializers.normal(0.01))

    def loss(self, params: Any, X: Sequence, y: jax.Array,
             state: TrainState) -> jax.Array:
        """Return half the mean squared error, a scalar.

        `params`: the parameters; `X`: the arguments of `forward`, a tuple;
        `y`: (examples, 1); `state`: gives `apply_fn`. Optax
        halves it, and D2L 1.0.3 with it, so that its gradient is the error;
        in PyTorch and TensorFlow it is not halved: gradients, and steps, are
        twice as large.
        """
        y_hat = state.apply_fn({'params': params}, *X)
        return optax.l2_loss(y_hat, y).mean()

    def get_w_b(self, state: TrainState) -> tuple[jax.Array, jax.Array]:
        """Return weights (inputs, 1) and bias (1,)."""
        return state.params['net']['kernel'], state.params['net']['bias']


class SoftmaxRegression(Classifier):
    """Softmax regression: a linear layer on flattened inputs.

    `num_outputs`: the number of classes; `lr`: the learning rate. Inputs are
    (examples, ...), outputs logits (examples, classes). Source: D2L 1.0.3,
    section "Concise Implementation of Softmax Regression".
    """
    num_outputs: int    # type: ignore[misc]
    lr: float           # type: ignore[misc]

    def setup(self) -> None:
        self.net = nn.Sequential([lambda X: X.reshape((X.shape[0], -1)),
                                  nn.Dense(self.num_outputs)])


class LeNet(Classifier):
    """LeNet-5, with sigmoids and average pooling.

    `lr`: the learning rate; `num_classes`: the number of classes;
    `kernel_init`: makes the initializer of the weights. Images are
    (examples, 28, 28, 1), outputs logits (examples, classes). Source: LeCun
    et al., "Gradient-based learning applied to document recognition" (1998).
    """
    lr: float = 0.1
    num_classes: int = 10
    kernel_init: Callable = nn.initializers.xavier_uniform

    def setup(self) -> None:
        init = {'kernel_init': self.kernel_init()}

        def avg_pool(X):
            return nn.avg_pool(X, window_shape=(2, 2), strides=(2, 2))

        self.net = nn.Sequential([
            nn.Conv(6, kernel_size=(5, 5), padding='SAME', **init),
            nn.sigmoid, avg_pool,
            nn.Conv(16, kernel_size=(5, 5), padding='VALID', **init),
            nn.sigmoid, avg_pool,
            lambda X: X.reshape((X.shape[0], -1)),
            nn.Dense(120, **init), nn.sigmoid,
            nn.Dense(84, **init), nn.sigmoid,
            nn.Dense(self.num_classes, **init)])


def corr2d(X: jax.Array, K: jax.Array) -> jax.Array:
    """Return the 2D cross-correlation of a matrix with a kernel.

    `X`: (height, width); `K`: (rows, columns), not larger. Returns float32,
    (height - rows + 1, width - columns + 1). Source: D2L 1.0.3, section
    "Convolutions for Images".
    """
    X, K = X.astype(jnp.float32), K.astype(jnp.float32)
    return jax.lax.conv(X[None, None], K[None, None], (1, 1), 'VALID')[0, 0]


def accuracy(y_hat: jax.Array, y: jax.Array) -> float:
    """Return how many predictions are correct.

    `y_hat`: logits (examples, classes) or labels (examples,); `y`: labels
    (examples,).
    """
    if y_hat.ndim > 1 and y_hat.shape[1] > 1:
        y_hat = y_hat.argmax(axis=1)
    return float((y_hat.astype(y.dtype) == y).sum())


def evaluate_accuracy_gpu(net: Callable, data_iter: Iterable,
                          device: jax.Device | None = None) -> float:
    """Return the share of correct predictions of `net`, from 0 to 1.

    `net`: a function of images, such as a bound model that infers;
    `data_iter`: batches of images and labels (examples,); `device`: where to
    compute, without it on the default device.
    """
    metric = Accumulator(2)     # correct predictions, predictions
    for X, y in data_iter:
        X, y = jax.device_put((X, y), device)
        metric.add(accuracy(net(X), y), y.size)
    return metric[0] / metric[1]


@contextmanager
def _inferring(model):
    """Give the function that `predict` calls, which returns JAX's arrays."""
    if not _variables(model):
        raise ValueError(
            f'This {type(model).__name__} has no parameters yet: train it '
            f'with fit, load some with d2l.load_weights, or give them by hand '
            f'to model.apply(variables, X), where variables = '
            f'model.init(d2l.get_key(), X).')
    variables = _variables(model)
    leaf = jax.tree_util.tree_leaves(variables)[0]
    device = next(iter(leaf.devices())) if hasattr(leaf, 'devices') else None
    apply = jax.jit(lambda *args, **kwargs: model.apply(*args, **kwargs))
    training = getattr(model, 'training', False)

    def infer(*inputs, **kwargs):
        return apply(variables, *jax.device_put(inputs, device), **kwargs)

    model.training = False
    try:
        yield infer
    finally:
        model.training = training


predict = prediction.predictor(_inferring)
load_data_fashion_mnist = data.fashion_mnist_loader(FashionMNIST)


def sgd(params: Any, grads: Any, lr: float, batch_size: int) -> Any:
    """Return the parameters after a step with gradients that are sums.

    `params`, `grads`: of the same shapes; `lr`: the learning rate;
    `batch_size`: how many examples the gradients are sums over.
    """
    return jax.tree_util.tree_map(
        lambda param, grad: param - lr * grad / batch_size, params, grads)


def split_batch(X: jax.Array, y: jax.Array,
                devices: Sequence[jax.Device],
                ) -> tuple[list[jax.Array], list[jax.Array]]:
    """Return two lists: the parts of `X` and of `y`, one per device.

    `X`, `y`: (examples, ...), cut along the examples; `devices`: where the
    parts go. Source: D2L 1.0.3, section "Training on Multiple GPUs".
    """
    def split(array):
        return [jax.device_put(part, device) for part, device
                in zip(jnp.array_split(array, len(devices)), devices,
                       strict=True)]

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
    def count(call, args, kwargs, context):
        Y = call(*args, **kwargs)
        if isinstance(context.module, nn.Conv | nn.Dense):
            kernel = context.module.variables['params']['kernel']
            counts.append(kernel.size * Y[0, ..., 0].size)
        return Y

    X, costs = jax.ShapeDtypeStruct(X_shape, jnp.float32), []
    for part in model.clone().bind({}).net.layers:
        counts: list[int] = []
        with nn.intercept_methods(count):   # shapes alone are computed
            X, variables = jax.eval_shape(
                part.clone(parent=None).init_with_output,
                jax.random.PRNGKey(0), X)
        params = sum(p.size for p in jax.tree_util.tree_leaves(
            variables['params']))
        costs.append((tuple(X.shape), params, sum(counts)))
    return costs


def save_weights(model: Module, path: str | PathLike) -> None:
    """Save weights and running statistics to a safetensors file.

    `path`: the file, which is written whole or not at all. The names are
    those of torchvision's resnet.py, the layout is PyTorch's: every
    framework's `load_weights` reads the file. The variables of a
    model that was not trained must stand in `model.weights`.

    Raises ValueError, and writes nothing, where it has no weights yet.
    """
    weights.save_weights(model, list(_weights(_variables(model))), path,
                         f'JAX {jax.__version__}')


def load_weights(model: Module, path: str | PathLike) -> dict[str, Any]:
    """Load what any framework's `save_weights` wrote; return the variables.

    `model`: of the architecture that was saved; `path`: the file. The
    variables are kept in `model.weights`, and training starts from them.
    Raises ValueError, and leaves the model as it is, where names or shapes do
    not fit or the file is not whole.
    """
    arrays, metadata = weights.read(path)
    variables = _variables(model)
    if not variables:
        n, c, h, w = weights.example_shape(arrays)
        variables = model.apply_init([jnp.zeros((n, h, w, c))], get_key())
    variables = jax.tree_util.tree_map(np.array, variables)
    weights.load_weights(model, list(_weights(variables)), arrays, metadata,
                         path)
    model.weights = variables
    if _has_state(model):
        model.trainer.state = model.trainer.state.replace(**variables)
    return variables


def _has_state(model):
    """Tell whether a trainer holds the model's variables."""
    trainer = getattr(model, 'trainer', None)
    return hasattr(trainer, 'state') and trainer.model is model


def _variables(model):
    """Return the variables of a model that was trained or loaded."""
    if _has_state(model):
        state = model.trainer.state
        return {'params': state.params, 'batch_stats': state.batch_stats}
    return getattr(model, 'weights', {})


def _weights(variables):
    """List the tensors of a model with their places."""
    leaves, _ = jax.tree_util.tree_flatten_with_path(variables)
    for path, tensor in leaves:
        names = [key.key for key in path[1:]]   # without the collection
        place = tuple(int(name[7:]) if name.startswith('layers_') else name
                      for name in names)

        def set(array, path=path):
            node = variables
            for key in path[:-1]:
                node = node[key.key]
            node[path[-1].key] = array

        yield weights.Weight(place, lambda tensor=tensor: tensor, set,
                             channels_last=True)
