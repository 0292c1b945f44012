"""Weights that travel: one safetensors file for all four frameworks.

A file holds every weight under the name that torchvision's resnet.py gives it
(`layer1.0.conv1.weight`) and in PyTorch's layout: convolution kernels (out,
in / groups, height, width), matrices (out, in). A framework only lists its
tensors with their places in the model; names, layouts, checks and files are
here.
"""

import hashlib
import os
import re
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, deserialize, safe_open
from safetensors.numpy import save

from d2l import __version__
from d2l.core import files

DTYPES = {'F64': '<f8', 'F32': '<f4', 'F16': '<f2', 'I64': '<i8',
          'I32': '<i4', 'I16': '<i2', 'I8': 'i1', 'U64': '<u8', 'U32': '<u4',
          'U16': '<u2', 'U8': 'u1', 'BOOL': '?'}
LEAVES = {  # what the frameworks call a tensor -> its name in the file
    'kernel': 'weight', 'gamma': 'weight', 'scale': 'weight', 'beta': 'bias',
    'mean': 'running_mean', 'var': 'running_var',
    'moving_mean': 'running_mean', 'moving_variance': 'running_var'}
RESNET = [  # the place in a ResNet -> its name in the file
    (r'^net\.0\.0\.', 'conv1.'), (r'^net\.0\.1\.', 'bn1.'),
    (r'^net\.(\d+)\.(\d+)\.(?=[a-z]+\d|downsample)', r'layer\1.\2.'),
    (r'^net\.\d+\.0\.', 'fc.')]
MOST_TOLD = 5       # mismatches of a file or a checkpoint
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

    def fitted(self, array):
        """Return an array of the file in the tensor's layout and dtype."""
        if self.channels_last and array.ndim == 4:
            array = array.transpose(2, 3, 1, 0)
        elif self.channels_last and array.ndim == 2:
            array = array.T
        with np.errstate(over='ignore'):    # load_weights tells of it
            return np.ascontiguousarray(
                array.astype(np.asarray(self.get()).dtype))


def the_first(wrong: list[str]) -> str:
    """Return what is wrong in one line, the first of it if it is much."""
    more = len(wrong) - MOST_TOLD
    return '; '.join([*wrong[:MOST_TOLD],
                      *([f'and {more} more'] if more > 0 else [])])


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
    arrays = {name: weight.read() for name, weight in named(weights).items()}
    files.write(path, save(arrays, metadata={
        'architecture': architecture(model), 'framework': framework,
        'd2l': __version__, 'layout': layout(weights),
        'sha256': digest(arrays)}))


def load_weights(model, weights, arrays, metadata, path):
    """Set the weights of `model` to what `read(path)` returned, all or none.

    Raises ValueError with the first mismatches where they do not fit.
    """
    wanted = named(weights)
    tensors = {name: weight.read() for name, weight in wanted.items()}
    both = [(name, arrays[name], tensor) for name, tensor in tensors.items()
            if name in arrays]
    wrong = ([f'{name} {tensor.shape} is missing'
              for name, tensor in tensors.items() if name not in arrays]
             + [f'{name} {array.shape} is surplus'
                for name, array in arrays.items() if name not in wanted]
             + [f'{name} is {array.shape}, not {tensor.shape}'
                for name, array, tensor in both
                if array.shape != tensor.shape]
             + [f'{name} is {array.dtype}, not {tensor.dtype}'
                for name, array, tensor in both
                if array.dtype.kind != tensor.dtype.kind])
    if (not wrong and metadata.get('layout') != layout(weights)
            and flattens(arrays[name] for name in wanted)):
        wrong = [f'it flattens images, and its {metadata.get("layout")} '
                 f'order is not {layout(weights)}']
    if not wrong:
        fitted = {name: weight.fitted(arrays[name])
                  for name, weight in wanted.items()}
        wrong = [f'{name} has numbers too large for {array.dtype}'
                 for name, array in fitted.items()
                 if np.isinf(array).sum() > np.isinf(arrays[name]).sum()]
    if wrong:
        source = metadata.get('architecture', 'weights')
        raise ValueError(
            f'{path} holds {source}, which does not fit '
            f'{architecture(model)}: {the_first(wrong)}. The model was left '
            f'as it was.')
    for name, weight in wanted.items():
        weight.set(fitted[name])


def read(path):
    """Return the arrays of a file by name, and its metadata.

    Raises ValueError where it is no file of weights, or not as it was saved.
    """
    if os.path.exists(path) and not os.path.isfile(path):
        raise ValueError(f'{path} is a folder or a device: name the file '
                         f'that save_weights wrote.')
    try:
        with safe_open(path, framework='np') as file:
            metadata = file.metadata() or {}
            dtypes = {name: file.get_slice(name).get_dtype()
                      for name in file.keys()}
            strange = {*dtypes.values()} - {*DTYPES, 'BF16'}
            arrays = ({} if strange else widened(path) if 'BF16' in
                      dtypes.values() else
                      {name: file.get_tensor(name) for name in dtypes})
    except (SafetensorError, ValueError) as error:
        raise ValueError(f'{path} is not a whole safetensors file: {error}. '
                         f'Save it anew.') from None
    if strange:
        raise ValueError(f'{path} holds numbers of type '
                         f'{", ".join(sorted(strange))}: save it anew in '
                         f'float32.')
    if 'sha256' in metadata and metadata['sha256'] != digest(arrays):
        raise ValueError(f'{path} is not as it was saved: its SHA-256 is '
                         f'another. Save it anew, or take a copy.')
    return arrays, metadata


def digest(arrays):
    """Return the SHA-256 of arrays with their names, dtypes and shapes."""
    sha = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        sha.update(f'{name} {array.dtype} {array.shape} '.encode())
        sha.update(array.tobytes())
    return sha.hexdigest()


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
    weight = arrays.get('conv1.weight')
    if weight is None or weight.ndim != 4 or not weight.size:
        raise ValueError('The model has no weights yet, and the file does not '
                         'tell the shape of its input: call apply_init first.')
    return 1, weight.shape[1], 32, 32


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
