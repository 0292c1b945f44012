"""The d2l library for TensorFlow and Keras: `from d2l import tensorflow as d2l`."""

import sys

import tensorflow as tf

from d2l.core.tensorflow import *
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

class Residual(tf.keras.Model):
    """ResNet의 잔차 블록(He et al., 2016).

    num_channels: 출력 채널 수; use_1x1conv: 1×1 합성곱으로 입력의 모양을
    맞출지; strides: 첫 합성곱의 스트라이드(픽셀).
    입력: (배치, 높이, 너비, 채널); 출력: (배치, 높이, 너비, num_channels)이며
    높이와 너비는 strides로 나누어 올림합니다.
    use_1x1conv=False이면 출력의 모양이 입력과 같아야 합니다.

    Defined in subsec_residual-blks"""
    def __init__(self, num_channels, use_1x1conv=False, strides=1):
        super().__init__()
        layers = tf.keras.layers
        self.pad = layers.ZeroPadding2D(1)  # 'same'과 달리 양쪽에
        self.conv1 = layers.Conv2D(num_channels, kernel_size=3,
                                   strides=strides)
        self.conv2 = layers.Conv2D(num_channels, kernel_size=3)
        self.conv3 = None
        if use_1x1conv:
            self.conv3 = layers.Conv2D(num_channels, kernel_size=1,
                                       strides=strides)
        self.bn1 = layers.BatchNormalization(momentum=0.9, epsilon=1e-5)
        self.bn2 = layers.BatchNormalization(momentum=0.9, epsilon=1e-5)

    def call(self, X):
        Y = tf.nn.relu(self.bn1(self.conv1(self.pad(X))))
        Y = self.bn2(self.conv2(self.pad(Y)))
        if self.conv3 is not None:
            X = self.conv3(X)
        return tf.nn.relu(Y + X)

class ResNet(d2l.Classifier):
    """잔차 네트워크: 첫 합성곱, arch의 항목마다 단계 하나, 완전 연결층.

    arch: 단계마다 (블록 수, 채널 수); lr: 학습률; num_classes: 클래스 수.
    입력: (배치, 높이, 너비, 채널); 출력: 로짓 (배치, num_classes).
    첫째 단계의 채널은 첫 합성곱처럼 64개여야 합니다.

    Defined in subsec_resnet-model"""
    def b1(self):
        layers = tf.keras.layers
        return tf.keras.Sequential([
            layers.ZeroPadding2D(3),
            layers.Conv2D(64, kernel_size=7, strides=2),
            layers.BatchNormalization(momentum=0.9, epsilon=1e-5),
            layers.ReLU(),
            layers.ZeroPadding2D(1),
            layers.MaxPool2D(pool_size=3, strides=2)])

    def block(self, num_residuals, num_channels, first_block=False):
        """Defined in subsec_resnet-model"""
        blk = []
        for i in range(num_residuals):
            if i == 0 and not first_block:
                blk.append(Residual(num_channels, use_1x1conv=True, strides=2))
            else:
                blk.append(Residual(num_channels))
        return tf.keras.Sequential(blk)

    def __init__(self, arch, lr=0.1, num_classes=10):
        """Defined in subsec_resnet-model"""
        super(ResNet, self).__init__()
        self.save_hyperparameters()
        self.net = tf.keras.Sequential([self.b1()])
        for i, b in enumerate(arch):
            self.net.add(self.block(*b, first_block=(i == 0)))
        self.net.add(tf.keras.Sequential([
            tf.keras.layers.GlobalAvgPool2D(),
            tf.keras.layers.Dense(num_classes)]))

class ResNet18(ResNet):
    """ResNet-18: 잔차 블록이 둘씩 있는 단계 네 개(He et al., 2016).

    lr: 학습률; num_classes: 클래스 수.
    입력과 출력은 ResNet과 같습니다.

    Defined in subsec_resnet-model"""
    def __init__(self, lr=0.1, num_classes=10):
        super().__init__(((2, 64), (2, 128), (2, 256), (2, 512)),
                         lr, num_classes)

class ResNeXtBlock(tf.keras.Model):
    """ResNeXt 블록(Xie et al., 2017).

    num_channels: 출력 채널 수; groups: 그룹 하나의 채널 수;
    bot_mul: num_channels에 곱해 가운데 채널 수를 정하는 비율;
    use_1x1conv, strides: Residual과 같습니다.
    가운데 채널이 groups로 나누어떨어지지 않으면 ValueError를 냅니다.
    입력: (배치, 높이, 너비, 채널); 출력: (배치, 높이, 너비, num_channels)이며
    높이와 너비는 strides로 나누어 올림합니다.
    use_1x1conv=False이면 출력의 모양이 입력과 같아야 합니다.

    Defined in subsec_resnext"""
    def __init__(self, num_channels, groups, bot_mul, use_1x1conv=False,
                 strides=1):
        super().__init__()
        bot_channels = int(round(num_channels * bot_mul))
        if bot_channels % groups:
            raise ValueError(f'bot_channels={bot_channels} is not divisible '
                             f'by groups={groups}')
        layers = tf.keras.layers
        self.pad = layers.ZeroPadding2D(1)
        self.conv1 = layers.Conv2D(bot_channels, kernel_size=1)
        self.conv2 = layers.Conv2D(bot_channels, kernel_size=3,
                                   strides=strides,
                                   groups=bot_channels//groups)
        self.conv3 = layers.Conv2D(num_channels, kernel_size=1)
        self.bn1 = layers.BatchNormalization(momentum=0.9, epsilon=1e-5)
        self.bn2 = layers.BatchNormalization(momentum=0.9, epsilon=1e-5)
        self.bn3 = layers.BatchNormalization(momentum=0.9, epsilon=1e-5)
        self.conv4 = None
        if use_1x1conv:
            self.conv4 = layers.Conv2D(num_channels, kernel_size=1,
                                       strides=strides)
            self.bn4 = layers.BatchNormalization(momentum=0.9, epsilon=1e-5)

    def call(self, X):
        Y = tf.nn.relu(self.bn1(self.conv1(X)))
        Y = tf.nn.relu(self.bn2(self.conv2(self.pad(Y))))
        Y = self.bn3(self.conv3(Y))
        if self.conv4 is not None:
            X = self.bn4(self.conv4(X))
        return tf.nn.relu(Y + X)

class Plain(d2l.Residual):
    """Residual에서 덧셈만 뺀 보통 블록.

    num_channels, strides: Residual과 같습니다. use_1x1conv는 쓰지 않습니다.
    입력: (배치, 높이, 너비, 채널); 출력: (배치, 높이, 너비, num_channels)이며
    높이와 너비는 strides로 나누어 올림합니다.

    Defined in subsec_degradation"""
    def call(self, X):
        Y = tf.nn.relu(self.bn1(self.conv1(self.pad(X))))
        return tf.nn.relu(self.bn2(self.conv2(self.pad(Y))))

class BottleneckResNet(d2l.ResNet):
    """병목 블록으로 쌓은 ResNet과 ResNeXt.

    arch: 단계마다 (블록 수, 채널 수, groups, bot_mul)이며, 뒤의 둘은
    ResNeXtBlock의 것입니다.
    lr, num_classes와 입력, 출력은 ResNet과 같습니다.

    Defined in subsec_solution-bottleneck"""
    def block(self, num_residuals, num_channels, groups, bot_mul,
              first_block=False):
        blk = []
        for i in range(num_residuals):
            strides = 2 if i == 0 and not first_block else 1
            blk.append(d2l.ResNeXtBlock(num_channels, groups, bot_mul,
                                        use_1x1conv=(i == 0),
                                        strides=strides))
        return tf.keras.Sequential(blk)

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
    num_classes: 클래스 수.
    입력: (배치, 높이, 너비, 채널); 출력: 로짓 (배치, num_classes).

    Defined in subsec_anynet"""
    def stem(self, num_channels):
        layers = tf.keras.layers
        return tf.keras.Sequential([
            layers.ZeroPadding2D(1),
            layers.Conv2D(num_channels, kernel_size=3, strides=2),
            layers.BatchNormalization(momentum=0.9, epsilon=1e-5),
            layers.ReLU()])

    def stage(self, depth, num_channels, groups, bot_mul):
        return tf.keras.Sequential([
            d2l.ResNeXtBlock(num_channels, groups, bot_mul,
                             use_1x1conv=(i == 0), strides=1 + (i == 0))
            for i in range(depth)])

    def __init__(self, arch, stem_channels, lr=0.1, num_classes=10):
        """Defined in subsec_anynet"""
        super(AnyNet, self).__init__()
        self.save_hyperparameters()
        self.net = tf.keras.Sequential([self.stem(stem_channels)])
        for s in arch:
            self.net.add(self.stage(*s))
        self.net.add(tf.keras.Sequential([
            tf.keras.layers.GlobalAvgPool2D(),
            tf.keras.layers.Dense(num_classes)]))

class RegNetX32(AnyNet):
    """층이 32개인 RegNetX: 블록이 4개와 6개인 단계 두 개.

    lr: 학습률; num_classes: 클래스 수.
    입력과 출력은 AnyNet과 같습니다.

    Defined in subsec_regnetx32"""
    def __init__(self, lr=0.1, num_classes=10):
        super().__init__(((4, 32, 16, 1), (6, 80, 16, 1)), 32, lr,
                         num_classes)


# Alias defined in config.ini
nn_Module = tf.keras.Model
size = lambda a: tf.size(a).numpy()

reshape = tf.reshape
ones_like = tf.ones_like
ones = tf.ones
zeros_like = tf.zeros_like
zeros = tf.zeros
meshgrid = tf.meshgrid
sin = tf.sin
sinh = tf.sinh
cos = tf.cos
cosh = tf.cosh
tanh = tf.tanh
linspace = tf.linspace
exp = tf.exp
normal = tf.random.normal
rand = tf.random.uniform
matmul = tf.matmul
reduce_sum = tf.reduce_sum
reduce_mean = tf.reduce_mean
argmax = tf.argmax
tensor = tf.constant
arange = tf.range
astype = tf.cast
int32 = tf.int32
int64 = tf.int64
float32 = tf.float32
transpose = tf.transpose
concat = tf.concat
stack = tf.stack
abs = tf.abs
eye = tf.eye
log = tf.math.log
sigmoid = tf.sigmoid
expand_dims = tf.expand_dims
repeat = tf.repeat
batch_matmul = tf.matmul
numpy = lambda x, *args, **kwargs: x.numpy(*args, **kwargs)

