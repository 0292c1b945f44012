"""The blocks and the network in NumPy, float64, from their definitions.

Images are (N, C, H, W), convolution kernels (out, in / groups, k, k). Every
layer has a forward and a backward pass; `tensors` names its weights as
torchvision's resnet.py does. What the four frameworks compute is held against
this file, and this file's gradient against finite differences.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


class Layer:
    """A function with weights: `w` holds them, `d` their gradients."""

    def __init__(self):
        self.w, self.d = {}, {}

    def parts(self):
        """Return the layers inside, each with the prefix of its names."""
        return []

    def tensors(self, which='w', prefix=''):
        """Return all weights, or with 'd' all gradients, by name."""
        found = {prefix + name: t for name, t in getattr(self, which).items()}
        for name, part in self.parts():
            found |= part.tensors(which, prefix + name)
        return found


def windows(X, k, stride):
    """Return views (N, C, rows, columns, k, k) of all windows of X."""
    return sliding_window_view(X, (k, k), (2, 3))[:, :, ::stride, ::stride]


def scatter(dW, X_shape, k, stride):
    """Add up what every window passes back: the transpose of `windows`."""
    dX = np.zeros(X_shape)
    rows, columns = dW.shape[2:4]
    for i in range(k):
        for j in range(k):
            dX[:, :, i:i + stride * rows:stride,
               j:j + stride * columns:stride] += dW[..., i, j]
    return dX


def pad(X, p, value=0.0):
    return np.pad(X, ((0, 0), (0, 0), (p, p), (p, p)), constant_values=value)


class Conv(Layer):
    """A convolution (cross-correlation) with bias, in groups."""

    def __init__(self, rng, c_in, c_out, k, stride=1, padding=0, groups=1):
        super().__init__()
        fan_in = c_in // groups * k * k
        self.w = {'weight': rng.normal(size=(c_out, c_in // groups, k, k))
                  / np.sqrt(fan_in), 'bias': rng.normal(size=c_out)}
        self.k, self.stride, self.padding = k, stride, padding
        self.groups = groups

    def split(self, A, axis):
        """Split an axis into (groups, rest)."""
        shape = list(A.shape)
        shape[axis:axis + 1] = [self.groups, shape[axis] // self.groups]
        return A.reshape(shape)

    def forward(self, X, training):
        self.X = pad(X, self.padding)
        W = self.split(windows(self.X, self.k, self.stride), 1)
        Y = np.einsum('ngcxykl,gockl->ngoxy', W,
                      self.split(self.w['weight'], 0), optimize=True)
        return (Y.reshape(Y.shape[0], -1, *Y.shape[3:])
                + self.w['bias'][:, None, None])

    def backward(self, dY):
        W = self.split(windows(self.X, self.k, self.stride), 1)
        dY = self.split(dY, 1)
        self.d = {'weight': np.einsum('ngcxykl,ngoxy->gockl', W, dY,
                                      optimize=True
                                      ).reshape(self.w['weight'].shape),
                  'bias': dY.sum((0, 3, 4)).ravel()}
        dW = np.einsum('ngoxy,gockl->ngcxykl', dY,
                       self.split(self.w['weight'], 0), optimize=True)
        dX = scatter(dW.reshape(dW.shape[0], -1, *dW.shape[3:]),
                     self.X.shape, self.k, self.stride)
        p = self.padding
        return dX[:, :, p:dX.shape[2] - p, p:dX.shape[3] - p]


class Norm(Layer):
    """Batch normalization of channels, with running averages.

    `unbiased`: the running variance is that of PyTorch, which divides by
    n - 1 where the others divide by n.
    """
    epsilon, momentum = 1e-5, 0.9

    def __init__(self, rng, c, unbiased=False):
        super().__init__()
        self.w = {'weight': 1 + 0.3 * rng.normal(size=c),
                  'bias': 0.3 * rng.normal(size=c),
                  'running_mean': 0.3 * rng.normal(size=c),
                  'running_var': np.exp(0.3 * rng.normal(size=c))}
        self.unbiased = unbiased

    def forward(self, X, training):
        if training:
            mean, var = X.mean((0, 2, 3)), X.var((0, 2, 3))
            n = X.size // X.shape[1]
            scale = n / (n - 1) if self.unbiased else 1
            for name, value in [('running_mean', mean),
                                ('running_var', var * scale)]:
                self.w[name] = (self.momentum * self.w[name]
                                + (1 - self.momentum) * value)
        else:
            mean, var = self.w['running_mean'], self.w['running_var']
        self.std = np.sqrt(var + self.epsilon)[:, None, None]
        self.Z = (X - mean[:, None, None]) / self.std
        return (self.w['weight'][:, None, None] * self.Z
                + self.w['bias'][:, None, None])

    def backward(self, dY):
        """Pass back through training mode, where mean and variance count."""
        self.d = {'weight': (dY * self.Z).sum((0, 2, 3)),
                  'bias': dY.sum((0, 2, 3))}
        dZ = dY * self.w['weight'][:, None, None]

        def mean(A):
            return A.mean((0, 2, 3), keepdims=True)

        return (dZ - mean(dZ) - self.Z * mean(dZ * self.Z)) / self.std


class ReLU(Layer):
    def forward(self, X, training):
        self.on = X > 0
        return X * self.on

    def backward(self, dY):
        return dY * self.on


class MaxPool(Layer):
    """3×3, stride 2, padding 1."""

    def forward(self, X, training):
        self.X = pad(X, 1, -np.inf)
        W = windows(self.X, 3, 2)
        W = W.reshape(*W.shape[:4], 9)
        self.which = W.argmax(-1)
        return W.max(-1)

    def backward(self, dY):
        dW = np.zeros((*dY.shape, 9))
        np.put_along_axis(dW, self.which[..., None], dY[..., None], -1)
        return scatter(dW.reshape(*dY.shape, 3, 3), self.X.shape, 3,
                       2)[:, :, 1:-1, 1:-1]


class GlobalAvgPool(Layer):
    def forward(self, X, training):
        self.shape = X.shape
        return X.mean((2, 3))

    def backward(self, dY):
        return np.broadcast_to(
            dY[:, :, None, None], self.shape) / np.prod(self.shape[2:])


class Linear(Layer):
    def __init__(self, rng, c_in, c_out):
        super().__init__()
        self.w = {'weight': rng.normal(size=(c_out, c_in)) / np.sqrt(c_in),
                  'bias': rng.normal(size=c_out)}

    def forward(self, X, training):
        self.X = X
        return X @ self.w['weight'].T + self.w['bias']

    def backward(self, dY):
        self.d = {'weight': dY.T @ self.X, 'bias': dY.sum(0)}
        return dY @ self.w['weight']


class Chain(Layer):
    """Layers one after another; `layers`: pairs of prefix and layer."""

    def __init__(self, *layers):
        super().__init__()
        self.layers = layers

    def parts(self):
        return self.layers

    def forward(self, X, training):
        for _, layer in self.layers:
            X = layer.forward(X, training)
        return X

    def backward(self, dY):
        for _, layer in reversed(self.layers):
            dY = layer.backward(dY)
        return dY


class Block(Layer):
    """ReLU(branch(X) + shortcut(X)); the shortcut may be the identity."""

    def __init__(self, branch, shortcut):
        super().__init__()
        self.branch, self.shortcut, self.relu = branch, shortcut, ReLU()

    def parts(self):
        return [('', self.branch), ('', self.shortcut)]

    def forward(self, X, training):
        return self.relu.forward(self.branch.forward(X, training)
                                 + self.shortcut.forward(X, training),
                                 training)

    def backward(self, dY):
        dY = self.relu.backward(dY)
        return self.branch.backward(dY) + self.shortcut.backward(dY)


def residual(rng, c_in, c, projection=False, stride=1, **norm):
    shortcut = Chain(*([('downsample.0.', Conv(rng, c_in, c, 1, stride))]
                       if projection else []))
    return Block(Chain(('conv1.', Conv(rng, c_in, c, 3, stride, 1)),
                       ('bn1.', Norm(rng, c, **norm)), ('', ReLU()),
                       ('conv2.', Conv(rng, c, c, 3, 1, 1)),
                       ('bn2.', Norm(rng, c, **norm))), shortcut)


def resnext_block(rng, c_in, c, group_width, bot_mul, projection=False,
                  stride=1, **norm):
    b = int(round(c * bot_mul))
    shortcut = Chain(*([('downsample.0.', Conv(rng, c_in, c, 1, stride)),
                        ('downsample.1.', Norm(rng, c, **norm))]
                       if projection else []))
    return Block(Chain(('conv1.', Conv(rng, c_in, b, 1)),
                       ('bn1.', Norm(rng, b, **norm)), ('', ReLU()),
                       ('conv2.', Conv(rng, b, b, 3, stride, 1,
                                       b // group_width)),
                       ('bn2.', Norm(rng, b, **norm)), ('', ReLU()),
                       ('conv3.', Conv(rng, b, c, 1)),
                       ('bn3.', Norm(rng, c, **norm))), shortcut)


def resnet(rng, arch, c_in=1, num_classes=10, block=residual, **norm):
    layers = [('conv1.', Conv(rng, c_in, 64, 7, 2, 3)),
              ('bn1.', Norm(rng, 64, **norm)), ('', ReLU()), ('', MaxPool())]
    c_last = 64
    for i, (num_residuals, c) in enumerate(arch):
        for j in range(num_residuals):
            halve = i > 0 and j == 0
            layers.append((f'layer{i + 1}.{j}.', block(
                rng, c_last, c, halve, 2 if halve else 1, **norm)))
            c_last = c
    return Chain(*layers, ('', GlobalAvgPool()),
                 ('fc.', Linear(rng, c_last, num_classes)))


def cross_entropy(logits, y):
    """Return the mean cross-entropy and its gradient."""
    shifted = logits - logits.max(1, keepdims=True)
    log_probs = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
    rows = np.arange(len(y))
    gradient = np.exp(log_probs)
    gradient[rows, y] -= 1
    return -log_probs[rows, y].mean(), gradient / len(y)
