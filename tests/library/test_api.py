"""The names and signatures that chapters written for D2L 1.0.3 rely on.

A signature here is what a chapter may write: the package's own may go on,
with parameters that have defaults.
"""

import inspect

import pytest

FRAMEWORK_FREE = '''
add_to_class(Class)
HyperParameters.save_hyperparameters(self, ignore=[])
ProgressBoard(xlabel=None, ylabel=None, xlim=None, ylim=None, \
xscale='linear', yscale='linear', ls=['-', '--', '-.', ':'], \
colors=['C0', 'C1', 'C2', 'C3'], fig=None, axes=None, figsize=(3.5, 2.5), \
display=True)
ProgressBoard.draw(self, x, y, label, every_n=1)
use_svg_display()
set_figsize(figsize=(3.5, 2.5))
set_axes(axes, xlabel, ylabel, xlim, ylim, xscale, yscale, legend)
plot(X, Y=None, xlabel=None, ylabel=None, legend=[], xlim=None, ylim=None, \
xscale='linear', yscale='linear', fmts=('-', 'm--', 'g-.', 'r:'), \
figsize=(3.5, 2.5), axes=None)
show_images(imgs, num_rows, num_cols, titles=None, scale=1.5)
Timer()
Timer.start(self)
Timer.stop(self)
Timer.avg(self)
Timer.sum(self)
Timer.cumsum(self)
Benchmark(description='Done')
Accumulator(n)
Accumulator.add(self, *args)
Accumulator.reset(self)
Animator(xlabel=None, ylabel=None, legend=None, xlim=None, ylim=None, \
xscale='linear', yscale='linear', fmts=('-', 'm--', 'g-.', 'r:'), nrows=1, \
ncols=1, figsize=(3.5, 2.5))
Animator.add(self, x, y)
'''

ALL = '''
Module.forward(self, X)
Module.plot(self, key, value, train)
Module.configure_optimizers(self)
DataModule(root='../data', num_workers=4)
DataModule.get_dataloader(self, train)
DataModule.train_dataloader(self)
DataModule.val_dataloader(self)
DataModule.get_tensorloader(self, tensors, train, indices=slice(0, None))
Trainer(max_epochs, num_gpus=0, gradient_clip_val=0)
Trainer.prepare_data(self, data)
Trainer.prepare_model(self, model)
Trainer.prepare_batch(self, batch)
Trainer.fit(self, model, data)
Trainer.fit_epoch(self)
Classifier.layer_summary(self, X_shape)
FashionMNIST(batch_size=64, resize=(28, 28))
FashionMNIST.text_labels(self, indices)
FashionMNIST.get_dataloader(self, train)
FashionMNIST.visualize(self, batch, nrows=1, ncols=8, labels=[])
SyntheticRegressionData(w, b, noise=0.01, num_train=1000, num_val=1000, \
batch_size=32)
SyntheticRegressionData.get_dataloader(self, train)
LinearRegression(lr)
SoftmaxRegression(num_outputs, lr)
LeNet(lr=0.1, num_classes=10)
cpu()
gpu(i=0)
num_gpus()
try_gpu(i=0)
try_all_gpus()
corr2d(X, K)
accuracy(y_hat, y)
evaluate_accuracy_gpu(net, data_iter, device=None)
load_data_fashion_mnist(batch_size, resize=None)
split_batch(X, y, devices)
ResNet(arch, lr=0.1, num_classes=10)
ResNet.b1(self)
ResNet.block(self, num_residuals, num_channels, first_block=False)
'''

NOT_JAX = '''
Module(plot_train_per_epoch=2, plot_valid_per_epoch=1)
Module.loss(self, y_hat, y)
Module.training_step(self, batch)
Module.validation_step(self, batch)
Module.apply_init(self, inputs, init=None)
Classifier.validation_step(self, batch)
Classifier.loss(self, Y_hat, Y, averaged=True)
Classifier.accuracy(self, Y_hat, Y, averaged=True)
LinearRegression.get_w_b(self)
Residual(num_channels, use_1x1conv=False, strides=1)
ResNeXtBlock(num_channels, groups, bot_mul, use_1x1conv=False, strides=1)
ResNet18(lr=0.1, num_classes=10)
'''

SOME = {
    'torch': '''
init_cnn(module)
Trainer.clip_gradients(self, grad_clip_val, model)
SGD(params, lr)
SGD.step(self)
SGD.zero_grad(self)
sgd(params, lr, batch_size)
resnet18(num_classes, in_channels=1)
''',
    'jax': '''
get_key()
get_seed()
Module()
Module.loss(self, y_hat, y)
Module.training_step(self, params, batch, state)
Module.validation_step(self, params, batch, state)
Module.apply_init(self, dummy_input, key)
Trainer.fit(self, model, data, key=None)
Trainer.clip_gradients(self, grad_clip_val, grads)
Classifier.training_step(self, params, batch, state)
Classifier.validation_step(self, params, batch, state)
Classifier.loss(self, params, X, Y, state, averaged=True)
Classifier.accuracy(self, params, X, Y, state, averaged=True)
Classifier.layer_summary(self, X_shape, key=None)
SGD(lr)
SGD.init(self, params)
SGD.update(self, updates, state, params=None)
sgd(params, grads, lr, batch_size)
LinearRegression.get_w_b(self, state)
Residual(num_channels, use_1x1conv=False, strides=(1, 1), training=True)
ResNeXtBlock(num_channels, groups, bot_mul, use_1x1conv=False, \
strides=(1, 1), training=True)
ResNet(arch, lr=0.1, num_classes=10, training=True)
ResNet.create_net(self)
ResNet18(lr=0.1, num_classes=10, training=True)
''',
    'tensorflow': '''
Trainer.clip_gradients(self, grad_clip_val, grads)
SGD(lr)
SGD.apply_gradients(self, grads_and_vars)
sgd(params, grads, lr, batch_size)
''',
    'mxnet': '''
Module.parameters(self)
Trainer.clip_gradients(self, grad_clip_val, model)
SGD(params, lr)
SGD.step(self, _)
sgd(params, lr, batch_size)
resnet18(num_classes)
'''}

ALIASES = '''abs arange argmax astype concat cos cosh exp expand_dims eye
float32 int32 int64 linspace log matmul meshgrid nn_Module numpy ones ones_like
plt reduce_mean reduce_sum repeat reshape sigmoid sin sinh stack tanh tensor
transpose zeros zeros_like'''.split()
SOME_ALIASES = {
    'torch': ['batch_matmul', 'normal', 'rand', 'randn', 'size', 'swapaxes',
              'to'],
    'jax': ['swapaxes', 'to'],
    'tensorflow': ['batch_matmul', 'normal', 'rand', 'size'],
    'mxnet': ['batch_matmul', 'normal', 'rand', 'randn', 'size', 'swapaxes',
              'to']}


def signatures(name):
    """Yield the dotted names listed for a framework and their parameters."""
    for line in ''.join([FRAMEWORK_FREE, ALL, NOT_JAX * (name != 'jax'),
                         SOME[name]]).split('\n'):
        if line:
            dotted, _, arguments = line.partition('(')
            yield dotted, inspect.signature(
                eval(f'lambda {arguments[:-1]}: None')).parameters.values()


def parameters(d2l, dotted):
    """Return the parameters of a name of the package, a class's without self.

    A model's class is asked for its `__init__`: Keras hides it.
    """
    found = d2l
    for part in dotted.split('.'):
        found = getattr(found, part)
    if inspect.isclass(found):
        return list(inspect.signature(found.__init__).parameters.values())[1:]
    return list(inspect.signature(found).parameters.values())


def test_signatures(backend):
    for dotted, wanted in signatures(backend.name):
        found = parameters(backend.d2l, dotted)
        head, rest = found[:len(wanted)], found[len(wanted):]
        assert ([(p.name, p.kind, repr(p.default)) for p in head]
                == [(p.name, p.kind, repr(p.default)) for p in wanted]), dotted
        assert all(p.default is not p.empty or p.kind in
                   (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in rest), dotted


def test_every_listed_name_is_exported(backend):
    names = {dotted.split('.')[0] for dotted, _ in signatures(backend.name)}
    names |= {*ALIASES, *SOME_ALIASES[backend.name]}
    assert [name for name in sorted(names)
            if not hasattr(backend.d2l, name)] == []


def test_a_name_that_is_not_carried(backend):
    with pytest.raises(AttributeError, match=(
            rf"d2l\.{backend.name} has no 'RNN'.*d2l==1\.0\.3")) as raised:
        _ = backend.d2l.RNN
    assert (raised.value.name, raised.value.obj) == ('RNN', backend.d2l)
