"""What a test needs from a framework, written once a framework.

None is imported before a test asks for it. A test body that takes the fixture
`backend` runs with every framework of the environment: PyTorch, JAX and
TensorFlow in `.venv`, MXNet in `.venv-mxnet`.
"""

import contextlib
import importlib
import importlib.util

import numpy as np

INSTALLED = [name for name in ('torch', 'jax', 'tensorflow', 'mxnet')
             if importlib.util.find_spec(name)]


class Backend:
    """A framework: its d2l module and the few things tests do with it."""
    channels_last = False
    momentum_in_float32 = False     # of batch normalization, in float64 too
    is_keras_2 = False

    def __init__(self):
        self.d2l = importlib.import_module(f'd2l.{self.name}')

    def images(self, X):
        """Return a tensor of images given as NumPy (N, C, H, W)."""
        return self.tensor(np.moveaxis(X, 1, -1) if self.channels_last else X)

    def numpy_images(self, Y):
        """Return a tensor of images as NumPy (N, C, H, W)."""
        Y = self.numpy(Y)
        return np.moveaxis(Y, -1, 1) if self.channels_last else Y

    def loader(self, X, y, batch_size):
        """Return data whose batches are the rows of X and y in order."""
        backend = self

        class Data(self.d2l.DataModule):
            def __init__(self):
                super().__init__()
                self.batch_size = batch_size

            def get_dataloader(self, train):
                return self.get_tensorloader(
                    (backend.images(X), backend.labels(y)), False)

        return Data()

    def labels(self, y):
        return self.tensor(y.astype(self.d2l.FashionMNIST.label_dtype))

    @contextlib.contextmanager
    def precision(self, dtype):
        """Compute in float32 or float64 inside the context."""
        yield

    def cast(self, model, dtype):
        """Give a model the precision, where the context does not."""

    def keeps_unbiased_variance(self, dtype):
        """Tell whether the running variance is made of unbiased ones."""
        return False

    def strides(self, n):
        return n


class Torch(Backend):
    name = 'torch'

    def dense(self, n):
        """Return a linear layer of n outputs, without the inputs' number."""
        return importlib.import_module('torch').nn.LazyLinear(n)

    def adam(self, model):
        return importlib.import_module('torch').optim.Adam(
            model.parameters(), lr=model.lr)

    def rare(self):
        """Return (8, ...) tensors that NumPy does not have as they are."""
        torch = importlib.import_module('torch')
        w = torch.ones(2, 1, requires_grad=True)
        return torch.ones(8, 2) @ w, torch.ones(8).bfloat16()

    def keeps_unbiased_variance(self, dtype):
        return True

    def tensor(self, array):
        return self.d2l.tensor(array)

    def numpy(self, tensor):
        return tensor.detach().numpy()

    def seed(self, n):
        importlib.import_module('torch').manual_seed(n)

    def run(self, block, X):
        """Run a block, making it first if need be, and return (N, C, H, W)."""
        return self.numpy_images(block(self.images(X)))

    def build(self, model, X):
        """Give a model that is not trained its parameters."""
        model.apply_init([self.images(X)])

    def parameters(self, model):
        """Return the trainable parameters of a built model as NumPy arrays."""
        return [self.numpy(p).copy() for p in model.parameters()]

    def logits(self, model, X, training=False):
        """Return what a model predicts."""
        return self.numpy(model.train(training)(self.images(X)))

    def sgd_step(self, loss, lr, batch_size):
        """Return where one step of `d2l.sgd` leads from w = 1."""
        w = self.d2l.tensor(1.0, requires_grad=True)
        loss(w).backward()
        self.d2l.sgd([w], lr, batch_size)
        assert w.grad == 0
        return w.item()

    @contextlib.contextmanager
    def precision(self, dtype):
        torch = importlib.import_module('torch')
        torch.set_default_dtype(getattr(torch, dtype))
        yield
        torch.set_default_dtype(torch.float32)


class Jax(Backend):
    name = 'jax'
    channels_last = True

    def adam(self, model):
        return importlib.import_module('optax').adam(model.lr)

    def cast(self, model, dtype):
        jax = importlib.import_module('jax')
        model.weights = jax.tree_util.tree_map(
            lambda a: np.asarray(a, dtype), model.weights)

    def rare(self):
        jnp = importlib.import_module('jax').numpy
        return jnp.ones(8, jnp.bfloat16), jnp.ones((8, 1), jnp.float16)

    def tensor(self, array):
        return self.d2l.tensor(array)

    def numpy(self, tensor):
        return np.asarray(tensor)

    def seed(self, n):
        importlib.import_module('random').seed(n)

    def strides(self, n):
        return (n, n)

    def run(self, block, X):
        Y, variables = block.init_with_output(self.d2l.get_key(),
                                              self.images(X))
        block.weights = variables
        return self.numpy_images(Y)

    def build(self, model, X):
        model.weights = model.apply_init([self.images(X)],
                                         self.d2l.get_key())

    def variables(self, model):
        if hasattr(model, 'trainer'):
            state = model.trainer.state
            return {'params': state.params, 'batch_stats': state.batch_stats}
        return model.weights

    def parameters(self, model):
        jax = importlib.import_module('jax')
        return [np.array(p) for p in
                jax.tree_util.tree_leaves(self.variables(model)['params'])]

    def logits(self, model, X, training=False):
        model.training = training
        Y, _ = model.apply(self.variables(model), self.images(X),
                           mutable=['batch_stats'])
        return self.numpy(Y)

    def sgd_step(self, loss, lr, batch_size):
        jax = importlib.import_module('jax')
        w = [self.d2l.tensor(1.0)]
        grads = jax.grad(lambda w: loss(w[0]))(w)
        return float(self.d2l.sgd(w, grads, lr, batch_size)[0])

    @contextlib.contextmanager
    def precision(self, dtype):
        config = importlib.import_module('jax').config
        config.update('jax_enable_x64', dtype == 'float64')
        yield
        config.update('jax_enable_x64', False)


class TensorFlow(Backend):
    name = 'tensorflow'
    channels_last = True

    def dense(self, n):
        return importlib.import_module('tensorflow').keras.layers.Dense(n)

    def adam(self, model):
        return importlib.import_module('tensorflow').keras.optimizers.Adam(
            model.lr)

    def rare(self):
        tf = importlib.import_module('tensorflow')
        return tf.Variable(tf.ones((8, 1))), tf.ones(8, tf.bfloat16)

    def tensor(self, array):
        return self.d2l.tensor(array)

    def numpy(self, tensor):
        return tensor.numpy()

    def seed(self, n):
        importlib.import_module('tensorflow').random.set_seed(n)

    def run(self, block, X):
        return self.numpy_images(block(self.images(X), training=True))

    def build(self, model, X):
        model.apply_init([self.images(X)])

    def parameters(self, model):
        return [np.array(p.numpy()) for p in model.trainable_variables]

    def logits(self, model, X, training=False):
        return self.numpy(model(self.images(X), training=training))

    def sgd_step(self, loss, lr, batch_size):
        tf = importlib.import_module('tensorflow')
        w = tf.Variable(1.0)
        with tf.GradientTape() as tape:
            l = loss(w)
        self.d2l.sgd([w], tape.gradient(l, [w]), lr, batch_size)
        return float(w)

    def keeps_unbiased_variance(self, dtype):
        return self.is_keras_2 and dtype == 'float32'   # the fused layer

    @property
    def is_keras_2(self):
        keras = importlib.import_module('tensorflow').keras
        return hasattr(keras.layers.BatchNormalization(), 'fused')

    @property
    def momentum_in_float32(self):
        return self.is_keras_2

    @contextlib.contextmanager
    def precision(self, dtype):
        keras = importlib.import_module('tensorflow').keras

        def set_default(name):
            keras.backend.set_floatx(name)
            keras.mixed_precision.set_global_policy(name)

        set_default(dtype)
        yield
        set_default('float32')


class MXNet(Backend):
    name = 'mxnet'
    momentum_in_float32 = True

    def dense(self, n):
        return importlib.import_module('mxnet').gluon.nn.Dense(n)

    def adam(self, model):
        mxnet = importlib.import_module('mxnet')
        return mxnet.gluon.Trainer(model.parameters(), 'adam', {
            'lr_scheduler': mxnet.lr_scheduler.FactorScheduler(
                step=1, factor=0.9, base_lr=model.lr)})

    def rare(self):
        np_ = importlib.import_module('mxnet').np
        w = np_.ones((8, 1))
        w.attach_grad()
        return w, np_.ones(8, dtype='float16')

    def tensor(self, array):
        return self.d2l.tensor(array, dtype=array.dtype)

    def numpy(self, tensor):
        return tensor.asnumpy()

    def seed(self, n):
        importlib.import_module('mxnet').random.seed(n)

    def run(self, block, X):
        block.initialize()
        with importlib.import_module('mxnet').autograd.train_mode():
            return self.numpy_images(block(self.images(X)))

    def build(self, model, X):
        model.apply_init([self.images(X)])

    def parameters(self, model):
        return [self.numpy(p.data()) for p in model.collect_params().values()
                if p.grad_req != 'null']

    def logits(self, model, X, training=False):
        autograd = importlib.import_module('mxnet').autograd
        with autograd.train_mode() if training else autograd.predict_mode():
            return self.numpy(model(self.images(X)))

    def sgd_step(self, loss, lr, batch_size):
        w = self.d2l.ones(1)
        w.attach_grad()
        with importlib.import_module('mxnet').autograd.record():
            l = loss(w)
        l.backward()
        self.d2l.sgd([w], lr, batch_size)
        return float(w)

    def cast(self, model, dtype):
        model.cast(dtype)


BACKENDS = {backend.name: backend
            for backend in (Torch, Jax, TensorFlow, MXNet)}
