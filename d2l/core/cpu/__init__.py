"""Operations that a framework computes slowly on CPUs, in another form.

Each computes the same function, apart from rounding, and has a switch:
D2L_WITHOUT names, in the environment, those that are to be left out, such as
D2L_WITHOUT=tiles,pooling. `bench/rewrites.py` measures what each is worth.
"""

import os
from functools import cache

# By framework: what there is, and what it does.
REWRITES = {
    'torch': {
        'memory': 'memory that a step frees is kept for the next one',
        'channels_last': 'weights lie with their channels last in `fit`',
        'patches': 'convolutions on small images are matrix products',
        'points': 'and, in float32, products of polynomials'},
    'jax': {
        'memory': 'memory that a step frees is kept for the next one',
        'tiles': '3×3 convolutions by tiles of 3×3 outputs (Winograd)',
        'patches': 'weight gradients of other kernels are matrix products',
        'phases': 'gradients of strides skip the zeros between the pixels',
        'small': 'images smaller than the kernel are matrix products',
        'groups': 'grouped convolutions as convolutions side by side',
        'pooling': 'max-pooling and its gradient by the places of a window'},
    'tensorflow': {
        'memory': 'memory that a step frees is kept for the next one',
        'batch_norm': 'batch normalization is one operation',
        'patches': 'convolutions on small images are matrix products',
        'groups': 'grouped convolutions as convolutions side by side'},
    'mxnet': {
        'memory': 'memory that a step frees is kept for the next one'},
}


def uses(name: str) -> bool:
    """Tell whether a form is used: D2L_WITHOUT does not name it.

    Raises ValueError where D2L_WITHOUT names what there is not.
    """
    return name not in _names(os.environ.get('D2L_WITHOUT', ''))


@cache      # steps ask again and again
def _names(text):
    names = frozenset(text.replace(',', ' ').split())
    known = {name for forms in REWRITES.values() for name in forms}
    for unknown in sorted(names - known):
        raise ValueError(f'D2L_WITHOUT={text} names {unknown!r}, which is '
                         f'none of {", ".join(sorted(known))}.')
    return names
