"""The d2l library for JAX and Flax: `from d2l import jax as d2l`."""

import sys
from dataclasses import field

import jax
import numpy as np
from flax import linen as nn
from jax import numpy as jnp

from d2l.core.jax import *
from d2l.core.hyperparameters import *
from d2l.core.missing_names import getattr_of
from d2l.core.plotting import *
from d2l.core.timing import *

d2l = sys.modules[__name__]
__getattr__ = getattr_of(__name__)      # d2l.plt, and what d2l lacks

#################   WARNING   ################
# The below part is generated automatically through:
#    d2lbook build lib
# Don't edit it directly

class Residual(nn.Module):
    """The residual block of ResNet.

    Defined in :numref:`sec_resnet`"""
    num_channels: int
    use_1x1conv: bool = False
    strides: tuple = (1, 1)
    training: bool = True

    def setup(self):
        self.conv1 = nn.Conv(self.num_channels, kernel_size=(3, 3),
                             padding=1, strides=self.strides)
        self.conv2 = nn.Conv(self.num_channels, kernel_size=(3, 3),
                             padding=1)
        self.conv3 = None
        if self.use_1x1conv:
            self.conv3 = nn.Conv(self.num_channels, kernel_size=(1, 1),
                                 strides=self.strides)
        self.bn1 = nn.BatchNorm(not self.training, momentum=0.9)
        self.bn2 = nn.BatchNorm(not self.training, momentum=0.9)

    def __call__(self, X):
        Y = nn.relu(self.bn1(self.conv1(X)))
        Y = self.bn2(self.conv2(Y))
        if self.conv3 is not None:
            X = self.conv3(X)
        return nn.relu(Y + X)

class ResNet(d2l.Classifier):
    """The residual network: a stem, a stage an entry of arch, a head.

    Defined in :numref:`subsec_residual-blks`"""
    arch: tuple
    lr: float = 0.1
    num_classes: int = 10
    training: bool = True

    def setup(self):
        self.net = self.create_net()

    def b1(self):
        return nn.Sequential([
            nn.Conv(64, kernel_size=(7, 7), strides=(2, 2), padding=3),
            nn.BatchNorm(not self.training, momentum=0.9), nn.relu,
            lambda X: nn.max_pool(X, (3, 3), strides=(2, 2),
                                  padding=((1, 1), (1, 1)))])

    def block(self, num_residuals, num_channels, first_block=False):
        """Defined in :numref:`subsec_resnet-model`"""
        blk = []
        for i in range(num_residuals):
            if i == 0 and not first_block:
                blk.append(Residual(num_channels, use_1x1conv=True,
                                    strides=(2, 2), training=self.training))
            else:
                blk.append(Residual(num_channels, training=self.training))
        return nn.Sequential(blk)

    def create_net(self):
        """Defined in :numref:`subsec_resnet-model`"""
        layers = [self.b1()]
        for i, b in enumerate(self.arch):
            layers.append(self.block(*b, first_block=(i == 0)))
        layers.append(nn.Sequential([
            lambda X: X.mean(axis=(1, 2)),  # global average pooling
            nn.Dense(self.num_classes)]))
        return nn.Sequential(layers)

class ResNet18(ResNet):
    """ResNet-18.

    Defined in :numref:`subsec_resnet-model`"""
    arch: tuple = field(
        init=False, default=((2, 64), (2, 128), (2, 256), (2, 512)))

class ResNeXtBlock(nn.Module):
    """The ResNeXt block; groups is the number of channels in each group.

    Defined in :numref:`subsec_resnext`"""
    num_channels: int
    groups: int
    bot_mul: float
    use_1x1conv: bool = False
    strides: tuple = (1, 1)
    training: bool = True

    def setup(self):
        bot_channels = int(round(self.num_channels * self.bot_mul))
        if bot_channels % self.groups:
            raise ValueError(f'bot_channels={bot_channels} is not divisible '
                             f'by groups={self.groups}')
        self.conv1 = nn.Conv(bot_channels, kernel_size=(1, 1))
        self.conv2 = nn.Conv(bot_channels, kernel_size=(3, 3), padding=1,
                             strides=self.strides,
                             feature_group_count=bot_channels//self.groups)
        self.conv3 = nn.Conv(self.num_channels, kernel_size=(1, 1))
        self.bn1 = nn.BatchNorm(not self.training, momentum=0.9)
        self.bn2 = nn.BatchNorm(not self.training, momentum=0.9)
        self.bn3 = nn.BatchNorm(not self.training, momentum=0.9)
        self.conv4 = None
        if self.use_1x1conv:
            self.conv4 = nn.Conv(self.num_channels, kernel_size=(1, 1),
                                 strides=self.strides)
            self.bn4 = nn.BatchNorm(not self.training, momentum=0.9)

    def __call__(self, X):
        Y = nn.relu(self.bn1(self.conv1(X)))
        Y = nn.relu(self.bn2(self.conv2(Y)))
        Y = self.bn3(self.conv3(Y))
        if self.conv4 is not None:
            X = self.bn4(self.conv4(X))
        return nn.relu(Y + X)

class BottleneckResNet(d2l.ResNet):
    """A ResNet of bottlenecks; arch: (blocks, channels, groups, bot_mul).

    Defined in :numref:`subsec_solution-bottleneck`"""
    def block(self, num_residuals, num_channels, groups, bot_mul,
              first_block=False):
        blk = []
        for i in range(num_residuals):
            strides = (2, 2) if i == 0 and not first_block else (1, 1)
            blk.append(d2l.ResNeXtBlock(num_channels, groups, bot_mul,
                                        use_1x1conv=(i == 0), strides=strides,
                                        training=self.training))
        return nn.Sequential(blk)

def resnet(depth, lr=0.1, num_classes=10):
    """Return the ResNet of `depth` layers: He et al. (2016), Table 1.

    Defined in :numref:`subsec_solution-bottleneck`"""
    nums = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3),
            101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}
    if depth not in nums:
        raise ValueError(f'depth={depth} must be one of {tuple(nums)}.')
    if depth < 50:
        arch = ((n, 64 * 2**i) for i, n in enumerate(nums[depth]))
        return d2l.ResNet(tuple(arch), lr, num_classes)
    arch = ((n, 256 * 2**i, 64 * 2**i, 1 / 4)
            for i, n in enumerate(nums[depth]))
    return BottleneckResNet(tuple(arch), lr, num_classes)

def resnext50(lr=0.1, num_classes=10):
    """Return ResNeXt-50 (32×4d) of Xie et al. (2017), Table 1.

    Defined in :numref:`subsec_solution-bottleneck`"""
    arch = ((n, 256 * 2**i, 4 * 2**i, 1 / 2)
            for i, n in enumerate((3, 4, 6, 3)))
    return BottleneckResNet(tuple(arch), lr, num_classes)

def layer_costs(model, X_shape):
    """Return output shape, parameters, multiply-adds of each part of net.

    Defined in :numref:`subsec_solution-table1`"""
    def count(call, args, kwargs, context):
        Y = call(*args, **kwargs)
        if isinstance(context.module, (nn.Conv, nn.Dense)):
            kernel = context.module.variables['params']['kernel']
            counts.append(kernel.size * Y[0, ..., 0].size)
        return Y

    X, costs = jax.ShapeDtypeStruct(X_shape, jnp.float32), []
    for part in model.clone().bind({}).net.layers:
        counts, key = [], jax.random.PRNGKey(0)
        with nn.intercept_methods(count):   # shapes only: nothing is computed
            X, variables = jax.eval_shape(
                part.clone(parent=None).init_with_output, key, X)
        params = sum(p.size for p in jax.tree_util.tree_leaves(
            variables['params']))
        costs.append((tuple(X.shape), params, sum(counts)))
    return costs


# Alias defined in config.ini
nn_Module = nn.Module
to = jax.device_put
numpy = np.asarray
transpose = lambda a: a.T
sigmoid = jax.nn.sigmoid

ones_like = jnp.ones_like
ones = jnp.ones
zeros_like = jnp.zeros_like
zeros = jnp.zeros
arange = jnp.arange
meshgrid = jnp.meshgrid
sin = jnp.sin
sinh = jnp.sinh
cos = jnp.cos
cosh = jnp.cosh
tanh = jnp.tanh
linspace = jnp.linspace
exp = jnp.exp
log = jnp.log
tensor = jnp.array
expand_dims = jnp.expand_dims
matmul = jnp.matmul
int32 = jnp.int32
int64 = jnp.int64
float32 = jnp.float32
concat = jnp.concatenate
stack = jnp.stack
abs = jnp.abs
eye = jnp.eye
reshape = lambda x, *args, **kwargs: x.reshape(*args, **kwargs)
reduce_sum = lambda x, *args, **kwargs: x.sum(*args, **kwargs)
argmax = lambda x, *args, **kwargs: x.argmax(*args, **kwargs)
astype = lambda x, *args, **kwargs: x.astype(*args, **kwargs)
reduce_mean = lambda x, *args, **kwargs: x.mean(*args, **kwargs)
swapaxes = lambda x, *args, **kwargs: x.swapaxes(*args, **kwargs)
repeat = lambda x, *args, **kwargs: x.repeat(*args, **kwargs)

