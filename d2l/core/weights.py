"""Weights that travel: one safetensors file for all four frameworks.

A file holds every weight under the name that torchvision's resnet.py gives it
(`layer1.0.conv1.weight`) and in PyTorch's layout: convolution kernels (out,
in / groups, height, width), matrices (out, in). A framework only lists its
tensors with their places in the model; names, layouts, checks and files are
here.
"""

import re
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, deserialize, safe_open
from safetensors.numpy import save

from d2l import __version__

DTYPES = {'F64': '<f8', 'F32': '<f4', 'F16': '<f2', 'I64': '<i8',
          'I32': '<i4', 'I16': '<i2', 'I8': 'i1', 'U8': 'u1', 'BOOL': '?'}
LEAVES = {  # what the frameworks call a tensor -> its name in the file
    'kernel': 'weight', 'gamma': 'weight', 'scale': 'weight', 'beta': 'bias',
    'mean': 'running_mean', 'var': 'running_var',
    'moving_mean': 'running_mean', 'moving_variance': 'running_var'}
RESNET = [  # the place in a ResNet -> its name in the file
    (r'^net\.0\.0\.', 'conv1.'), (r'^net\.0\.1\.', 'bn1.'),
    (r'^net\.(\d+)\.(\d+)\.(?=[a-z]+\d|downsample)', r'layer\1.\2.'),
    (r'^net\.\d+\.0\.', 'fc.')]
MOST_TOLD = 5       # mismatches of a file
SHORTCUT = [  # a block's shortcut -> its name in the file
    (r'(^|\.)conv4\.', r'\1downsample.0.'),
    (r'(^|\.)bn4\.', r'\1downsample.1.')]


class Weight:
    """One tensor of a model.

    `place`: the attributes and positions that lead to it, such as ('net', 0,
    1, 'gamma'); `get()` returns it as NumPy, `set(array)` changes it;
    `channels_last`: kernels are (height, width, in, out), matrices (in, out).
    """

    def __init__(self, place, get, set, channels_last=False):
        self.place, self.get, self.set = place, get, set
        self.channels_last = channels_last

    def read(self):
        """Return the tensor in the layout of the file."""
        array = np.asarray(self.get())
        if array.dtype.kind not in 'fiu':       # such as JAX's bfloat16
            array = array.astype(np.float32)
        if self.channels_last and array.ndim == 4:
            array = array.transpose(3, 2, 0, 1)
        elif self.channels_last and array.ndim == 2:
            array = array.T
        return np.ascontiguousarray(array)

    def write(self, array):
        """Set the tensor, in its own dtype, from the layout of the file."""
        if self.channels_last and array.ndim == 4:
            array = array.transpose(2, 3, 1, 0)
        elif self.channels_last and array.ndim == 2:
            array = array.T
        self.set(np.ascontiguousarray(
            array.astype(np.asarray(self.get()).dtype)))


def named(weights):
    """Return the weights by their names in the file.

    Positions are counted anew among the layers that have weights, since
    frameworks differ in the layers that have none (padding, activations).
    """
    weights = sorted(weights, key=lambda w: [
        (isinstance(part, str), part) for part in w.place[:-1]])
    positions = {}      # place of a sequence -> positions that have weights
    for weight in weights:
        for i, part in enumerate(weight.place):
            if isinstance(part, int):
                positions.setdefault(weight.place[:i], set()).add(part)

    def counted(place):
        for i, part in enumerate(place[:-1]):
            yield (str(sorted(positions[place[:i]]).index(part))
                   if isinstance(part, int) else part)
        yield LEAVES.get(place[-1], place[-1])

    names = {'.'.join(counted(weight.place)): weight for weight in weights}
    blocks = {name.rpartition('conv3.')[0] for name in names
              if 'conv3.' in name}
    without_bn3 = {block for block in blocks
                   if f'{block}bn3.weight' not in names}
    is_resnet = any(name.startswith('net.1.0.conv1.') for name in names)

    def canonical(name):
        block, conv3, leaf = name.rpartition('conv3.')
        if conv3 and block in without_bn3:      # the shortcut of Residual
            name = f'{block}downsample.0.{leaf}'
        for pattern, replacement in SHORTCUT + RESNET * is_resnet:
            name = re.sub(pattern, replacement, name)
        return name

    return {canonical(name): weight for name, weight in names.items()}


def architecture(model):
    """Return the model's class and what shaped it, as text."""
    shape = {name: getattr(model, name)
             for name in ('arch', 'num_classes') if hasattr(model, name)}
    arguments = ', '.join(f'{k}={v}' for k, v in shape.items())
    return f'{type(model).__name__}({arguments})'


def save_weights(model, weights, path, framework):
    """Write the weights of `model` to `path`, whole or not at all.

    Raises ValueError, and writes nothing, where a model has none yet.
    """
    if not weights:
        raise ValueError(f'{architecture(model)} has no weights to save yet: '
                         'its layers get them by apply_init, or by fit.')
    path = Path(path)
    aside = path.with_name(f'{path.name}.partial')
    aside.write_bytes(save(
        {name: weight.read() for name, weight in named(weights).items()},
        metadata={'architecture': architecture(model), 'framework': framework,
                  'd2l': __version__, 'layout': layout(weights)}))
    aside.replace(path)


def load_weights(model, weights, arrays, metadata, path):
    """Set the weights of `model` to what `read(path)` returned, all or none.

    Raises ValueError with the first mismatches where they do not fit.
    """
    wanted = {name: (weight, weight.read().shape)
              for name, weight in named(weights).items()}
    wrong = ([f'{name} {shape} is missing'
              for name, (_, shape) in wanted.items() if name not in arrays]
             + [f'{name} {array.shape} is surplus'
                for name, array in arrays.items() if name not in wanted]
             + [f'{name} is {arrays[name].shape}, not {shape}'
                for name, (_, shape) in wanted.items()
                if name in arrays and arrays[name].shape != shape])
    if (not wrong and metadata.get('layout') != layout(weights)
            and flattens(arrays[name] for name in wanted)):
        wrong = [f'it flattens images, and its {metadata.get("layout")} '
                 f'order is not {layout(weights)}']
    if wrong:
        source = metadata.get('architecture', 'weights')
        if len(wrong) > MOST_TOLD:
            wrong[MOST_TOLD:] = [f'and {len(wrong) - MOST_TOLD} more']
        raise ValueError(
            f'{path} holds {source}, which does not fit '
            f'{architecture(model)}: {"; ".join(wrong)}. The model was left '
            f'as it was.')
    for name, (weight, _) in wanted.items():
        weight.write(arrays[name])


def read(path):
    """Return the arrays of a file by name, and its metadata."""
    try:
        with safe_open(path, framework='np') as file:
            metadata, names = file.metadata() or {}, list(file.keys())
            if 'BF16' not in [file.get_slice(name).get_dtype()
                              for name in names]:
                return {name: file.get_tensor(name) for name in names}, (
                    metadata)
        return widened(path), metadata
    except SafetensorError as error:
        raise ValueError(f'{path} is not a whole safetensors file: {error}. '
                         f'Save it anew.') from None


def widened(path):
    """Return the arrays of a file, bfloat16 as float32: NumPy has none."""
    return {name: (np.frombuffer(tensor['data'], '<u2').astype('<u4') << 16
                   ).view('<f4').reshape(tensor['shape'])
            if tensor['dtype'] == 'BF16' else
            np.frombuffer(tensor['data'], DTYPES[tensor['dtype']]).reshape(
                tensor['shape'])
            for name, tensor in deserialize(Path(path).read_bytes())}


def from_torchvision(arrays, wanted):
    """Return the arrays of a torchvision ResNet as a model here wants them.

    Convolutions there have no bias: it is zero here. A shortcut there is
    normalized; where the model's shortcut is a convolution alone, inference's
    normalization is folded into its weight and bias. `wanted`: the names.
    """
    arrays = {name: array for name, array in arrays.items()
              if not name.endswith('num_batches_tracked')}
    for name in [name for name in arrays
                 if name.endswith('downsample.1.weight')]:
        if name not in wanted:
            norm = name[:-len('weight')]
            conv = norm.replace('downsample.1', 'downsample.0')
            scale, bias, mean, var = (
                arrays.pop(norm + leaf) for leaf in
                ('weight', 'bias', 'running_mean', 'running_var'))
            scale = scale / np.sqrt(var + 1e-5)
            arrays[f'{conv}weight'] = (
                arrays[f'{conv}weight'] * scale[:, None, None, None])
            arrays[f'{conv}bias'] = bias - mean * scale
    for name in wanted:
        weight = arrays.get(name.replace('bias', 'weight'))
        if name not in arrays and weight is not None and weight.ndim == 4:
            arrays[name] = np.zeros(len(weight), weight.dtype)
    return arrays


def example_shape(arrays):
    """Return the shape (1, C, H, W) of an image that builds a model."""
    if 'conv1.weight' not in arrays:
        raise ValueError('The model has no weights yet, and the file does not '
                         'tell the shape of its input: call apply_init first.')
    return 1, arrays['conv1.weight'].shape[1], 32, 32


def layout(weights):
    """Return the order of images: channels first or last."""
    return ('channels last' if any(w.channels_last for w in weights)
            else 'channels first')


def flattens(arrays):
    """Tell whether a matrix takes in more than one pixel of a convolution."""
    channels = None
    for array in arrays:
        if array.ndim == 4:
            channels = array.shape[0]
        elif array.ndim == 2:
            return channels not in (None, array.shape[1])
    return False
