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

def conv_cost(in_channels, out_channels, kernel_size, groups,
              height, width):
    """합성곱의 (가중치 수, 곱셈-덧셈 횟수)를 반환합니다. 편향은 세지 않습니다.

    in_channels, out_channels: 입력과 출력의 채널 수; kernel_size: 커널의
    높이이자 너비(픽셀); groups: 두 채널 수를 나누는 그룹의 수로, 보통
    합성곱은 1; height, width: 출력의 높이와 너비(픽셀).
    곱셈-덧셈은 입력 하나의 것입니다.

    Defined in subsec_background-cost"""
    weights = groups * (in_channels//groups) * (out_channels//groups)
    weights *= kernel_size**2
    return weights, weights * height * width

class Residual(nn.Module):
    """ResNet의 잔차 블록(He et al., 2016).

    num_channels: 출력 채널 수; use_1x1conv: 1×1 합성곱으로 입력의 모양을
    맞출지; strides: 첫 합성곱의 스트라이드(픽셀); training: 훈련하는지.
    입력: (배치, 높이, 너비, 채널); 출력: (배치, 높이, 너비, num_channels)이며
    높이와 너비는 strides로 나누어 올림합니다.
    use_1x1conv=False이면 출력의 모양이 입력과 같아야 합니다.

    Defined in subsec_residual-blks"""
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
        self.bn1 = nn.BatchNorm(use_running_average=not self.training,
                                momentum=0.9)
        self.bn2 = nn.BatchNorm(use_running_average=not self.training,
                                momentum=0.9)

    def __call__(self, X):
        Y = nn.relu(self.bn1(self.conv1(X)))
        Y = self.bn2(self.conv2(Y))
        if self.conv3 is not None:
            X = self.conv3(X)
        return nn.relu(Y + X)

class ResNet(d2l.Classifier):
    """잔차 네트워크: 첫 합성곱, arch의 항목마다 단계 하나, 완전 연결층.

    arch: 단계마다 (블록 수, 채널 수); lr: 학습률; num_classes: 클래스 수;
    training: 훈련하는지.
    입력: (배치, 높이, 너비, 채널); 출력: 로짓 (배치, num_classes).
    첫째 단계의 채널은 첫 합성곱처럼 64개여야 합니다.

    Defined in subsec_resnet-model"""
    arch: tuple
    lr: float = 0.1
    num_classes: int = 10
    training: bool = True

    def setup(self):
        self.net = self.create_net()

    def b1(self):
        return nn.Sequential([
            nn.Conv(64, kernel_size=(7, 7), strides=(2, 2), padding=3),
            nn.BatchNorm(use_running_average=not self.training,
                         momentum=0.9), nn.relu,
            lambda X: nn.max_pool(X, (3, 3), strides=(2, 2),
                                  padding=((1, 1), (1, 1)))])

    def block(self, num_residuals, num_channels, first_block=False):
        """Defined in subsec_resnet-model"""
        blk = []
        for i in range(num_residuals):
            if i == 0 and not first_block:
                blk.append(Residual(num_channels, use_1x1conv=True,
                                    strides=(2, 2), training=self.training))
            else:
                blk.append(Residual(num_channels, training=self.training))
        return nn.Sequential(blk)

    def create_net(self):
        """Defined in subsec_resnet-model"""
        layers = [self.b1()]
        for i, b in enumerate(self.arch):
            layers.append(self.block(*b, first_block=(i == 0)))
        layers.append(nn.Sequential([
            lambda X: X.mean(axis=(1, 2)),  # 전역 평균 풀링
            nn.Dense(self.num_classes)]))
        return nn.Sequential(layers)

class ResNet18(ResNet):
    """ResNet-18: 잔차 블록이 둘씩 있는 단계 네 개(He et al., 2016).

    lr: 학습률; num_classes: 클래스 수; training: 훈련하는지.
    입력과 출력은 ResNet과 같습니다.

    Defined in subsec_resnet-model"""
    arch: tuple = field(    # 인수로 받지 않습니다
        init=False, default=((2, 64), (2, 128), (2, 256), (2, 512)))

class ResNeXtBlock(nn.Module):
    """ResNeXt 블록(Xie et al., 2017).

    num_channels: 출력 채널 수; groups: 그룹 하나의 채널 수;
    bot_mul: num_channels에 곱해 가운데 채널 수를 정하는 비율;
    use_1x1conv, strides, training: Residual과 같습니다.
    가운데 채널이 groups로 나누어떨어지지 않으면 ValueError를 냅니다.
    입력: (배치, 높이, 너비, 채널); 출력: (배치, 높이, 너비, num_channels)이며
    높이와 너비는 strides로 나누어 올림합니다.
    use_1x1conv=False이면 출력의 모양이 입력과 같아야 합니다.

    Defined in subsec_resnext"""
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
        self.bn1 = nn.BatchNorm(use_running_average=not self.training,
                                momentum=0.9)
        self.bn2 = nn.BatchNorm(use_running_average=not self.training,
                                momentum=0.9)
        self.bn3 = nn.BatchNorm(use_running_average=not self.training,
                                momentum=0.9)
        self.conv4 = None
        if self.use_1x1conv:
            self.conv4 = nn.Conv(self.num_channels, kernel_size=(1, 1),
                                 strides=self.strides)
            self.bn4 = nn.BatchNorm(use_running_average=not self.training,
                                    momentum=0.9)

    def __call__(self, X):
        Y = nn.relu(self.bn1(self.conv1(X)))
        Y = nn.relu(self.bn2(self.conv2(Y)))
        Y = self.bn3(self.conv3(Y))
        if self.conv4 is not None:
            X = self.bn4(self.conv4(X))
        return nn.relu(Y + X)

class Plain(d2l.Residual):
    """Residual에서 덧셈만 뺀 보통 블록.

    num_channels, strides, training: Residual과 같습니다. use_1x1conv는 쓰지
    않습니다.
    입력: (배치, 높이, 너비, 채널); 출력: (배치, 높이, 너비, num_channels)이며
    높이와 너비는 strides로 나누어 올림합니다.

    Defined in subsec_degradation"""
    def __call__(self, X):
        Y = nn.relu(self.bn1(self.conv1(X)))
        return nn.relu(self.bn2(self.conv2(Y)))

class BottleneckResNet(d2l.ResNet):
    """병목 블록으로 쌓은 ResNet과 ResNeXt.

    arch: 단계마다 (블록 수, 채널 수, groups, bot_mul)이며, 뒤의 둘은
    ResNeXtBlock의 것입니다.
    lr, num_classes, training과 입력, 출력은 ResNet과 같습니다.

    Defined in subsec_solution-bottleneck"""
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
    """층이 depth개인 ResNet을 반환합니다(He et al., 2016, 표 1).

    depth: 18, 34, 50, 101, 152 가운데 하나; lr: 학습률;
    num_classes: 클래스 수. 입력과 출력은 ResNet과 같습니다.
    depth가 다른 수이면 ValueError를 냅니다.

    Defined in subsec_solution-table1"""
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
    """ResNeXt-50 (32×4d)를 반환합니다(Xie et al., 2017, 표 1).

    lr: 학습률; num_classes: 클래스 수.
    입력과 출력은 ResNet과 같습니다.

    Defined in subsec_solution-table1"""
    arch = ((n, 256 * 2**i, 4 * 2**i, 1 / 2)
            for i, n in enumerate((3, 4, 6, 3)))
    return BottleneckResNet(tuple(arch), lr, num_classes)

class AnyNet(d2l.Classifier):
    """AnyNet: 스템, arch의 항목마다 단계 하나, 헤드(Radosavovic et al., 2020).

    arch: 단계마다 (블록 수, 채널 수, groups, bot_mul)이며, 뒤의 둘은
    ResNeXtBlock의 것입니다; stem_channels: 스템의 채널 수; lr: 학습률;
    num_classes: 클래스 수; training: 훈련하는지.
    입력: (배치, 높이, 너비, 채널); 출력: 로짓 (배치, num_classes).

    Defined in subsec_anynet"""
    arch: tuple
    stem_channels: int
    lr: float = 0.1
    num_classes: int = 10
    training: bool = True

    def setup(self):
        self.net = self.create_net()

    def stem(self, num_channels):
        return nn.Sequential([
            nn.Conv(num_channels, kernel_size=(3, 3), strides=(2, 2),
                    padding=1),
            nn.BatchNorm(use_running_average=not self.training,
                         momentum=0.9), nn.relu])

    def stage(self, depth, num_channels, groups, bot_mul):
        return nn.Sequential([
            d2l.ResNeXtBlock(num_channels, groups, bot_mul,
                             use_1x1conv=(i == 0),
                             strides=(2, 2) if i == 0 else (1, 1),
                             training=self.training)
            for i in range(depth)])

    def create_net(self):
        """Defined in subsec_anynet"""
        layers = [self.stem(self.stem_channels)]
        for s in self.arch:
            layers.append(self.stage(*s))
        layers.append(nn.Sequential([
            lambda X: X.mean(axis=(1, 2)),  # 전역 평균 풀링
            nn.Dense(self.num_classes)]))
        return nn.Sequential(layers)

class RegNetX32(AnyNet):
    """층이 32개인 RegNetX: 블록이 4개와 6개인 단계 두 개.

    lr: 학습률; num_classes: 클래스 수; training: 훈련하는지.
    입력과 출력은 AnyNet과 같습니다.

    Defined in subsec_regnetx32"""
    arch: tuple = field(    # 인수로 받지 않습니다
        init=False, default=((4, 32, 16, 1), (6, 80, 16, 1)))
    stem_channels: int = field(init=False, default=32)


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

