"""What to write instead, where a chapter's line no longer fits a framework.

Such a line raises in the framework, where d2l is not asked. So a notebook that
imports d2l shows a hint below the error.
"""

import linecache
import re
import sys
import traceback

from d2l.core.plotting import in_notebook

KERAS_2 = ('; or run the chapter on Keras 2: install tf-keras and set '
           'TF_USE_LEGACY_KERAS=1')
HINTS = [   # the line and what the error says -> the change that mends it
    (r"module 'jax' has no attribute 'tree_map'",
     'JAX calls it jax.tree.map now'),
    (r"'dict' object has no attribute 'tree_flatten_with_keys'",
     'Flax returns plain dicts now: use jax.tree_util.tree_flatten_with_path'),
    (r"'\w*Device' object is not callable",
     'a JAX array has its device as an attribute now: drop the ()'),
    (r"module 'optax' has no attribute 'additive_weight_decay'",
     'Optax calls it add_decayed_weights now'),
    (r'Checkpoint path should be absolute',
     'pass os.path.abspath(folder), to save and to restore'),
    (r'mutable default .* for field',
     'since Python 3.11 a dataclass takes an array as a default only as '
     'dataclasses.field(default_factory=lambda: …)'),
    (r"keras.*Sequential\(.*'Sequential' object is not iterable",
     'the Sequential of Keras 3 takes a list of layers, Sequential([…])'
     + KERAS_2),
    (r'multiple required positional arguments.*"training"',
     'Keras 3 wants a default in a layer: def call(self, inputs, '
     'training=None)' + KERAS_2),
    (r'infer the output shape.*as a Python `bool`',
     'Keras 3 traces the layers of a Sequential: write @tf.function above '
     'the call method that branches on numbers' + KERAS_2),
    (r"'TrackedList' object has no attribute 'layers'",
     'go through the list itself, without .layers' + KERAS_2),
    (r'must end in `\.weights\.h5`',
     "Keras 3 wants a name that ends in '.weights.h5', to save and to load"
     + KERAS_2),
    (r"'Variable' object has no attribute 'device'",
     'a variable of Keras 3 has its tensor in .value: variable.value.device'
     + KERAS_2),
    (r'Passed in object <Variable .* not tf\.Tensor',
     'a variable of Keras 3 has its tensor in .value: watch(variable.value)'
     + KERAS_2),
]


def on_sizes(error):
    """Return what mends a block that can't add its input, None for others.

    Its input and its output differ in shape, and it has no 1×1 convolution.
    """
    for frame, line in traceback.walk_tb(error.__traceback__):
        values = frame.f_locals
        code = linecache.getline(frame.f_code.co_filename, line)
        if {'self', 'X', 'Y'} <= {*values} and 'Y + X' in code and (
                values['X'].shape != values['Y'].shape):
            name = type(values['self']).__name__
            return (f'{name} cannot add its input, of shape '
                    f'{tuple(values["X"].shape)}, to its output, of shape '
                    f'{tuple(values["Y"].shape)}: give it use_1x1conv=True, '
                    f'or as many channels as its input has, which are 64 in '
                    f'the first stage of a ResNet')
    return None


def hint_on(error):
    """Return the line of a notebook and what mends it, None if not known."""
    lines = [frame.line for frame in traceback.extract_tb(error.__traceback__)
             if 'ipykernel_' in frame.filename]
    if not lines:
        return None
    for pattern, change in HINTS:
        if re.search(pattern, f'{lines[-1]} {error}', re.DOTALL):
            return f'd2l: in `{lines[-1]}`: {change}.'
    sizes = on_sizes(error)
    return sizes and f'd2l: {sizes}.'


def show_hints():
    """Show the hints in this notebook, unless it handles errors itself."""
    if not in_notebook():
        return
    shell = sys.modules['IPython'].get_ipython()

    def show(shell, kind, error, tb, tb_offset=None):
        hint = hint_on(error)
        if hint:    # as add_note does, which Python 3.10 lacks
            error.__notes__ = [*getattr(error, '__notes__', []), hint]
        shell.showtraceback((kind, error, tb), tb_offset=tb_offset)

    if not shell.custom_exceptions:
        shell.set_custom_exc((Exception,), show)
