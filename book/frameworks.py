"""The frameworks of the book, decided once: every other file reads this table.

Nothing outside the standard library is imported, so that any environment's
Python reads it.
"""

from dataclasses import dataclass, field

LINEN = 'https://flax-linen.readthedocs.io/en/latest/api_reference/flax.linen/'


@dataclass(frozen=True)
class Framework:
    """A framework, with all that the book, the bench and the tests call it.

    `tab`: its name in a section (`%%tab pytorch`); `module`: what is imported,
    and the name of its file in `d2l/`; `name`: what a reader sees; `kernel`:
    Jupyter's; `environment`: the folder of its Python; `requirements`: the
    pins of that environment; `documentation`: pairs of a pattern for a name in
    code and the address that explains it.
    """
    tab: str
    module: str
    name: str
    kernel: str = 'python3'
    environment: str = '.venv'
    requirements: str = 'requirements/main.txt'
    documentation: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @property
    def python(self) -> str:
        """The path of its Python."""
        return f'{self.environment}/bin/python'


FRAMEWORKS = {framework.tab: framework for framework in (
    Framework('pytorch', 'torch', 'PyTorch', documentation=(
        (r'nn\.([A-Z]\w*)',
         r'https://docs.pytorch.org/docs/stable/generated/torch.nn.\1.html'),
        (r'(?:F|nn\.functional)\.(\w+)', r'https://docs.pytorch.org/docs/'
         r'stable/generated/torch.nn.functional.\1.html'))),
    Framework('jax', 'jax', 'JAX', documentation=(
        (r'nn\.(Module)', rf'{LINEN}module.html#flax.linen.\1'),
        (r'nn\.(relu)', rf'{LINEN}activation_functions.html#flax.linen.\1'),
        (r'nn\.(Conv|Dense|BatchNorm|Sequential|avg_pool|max_pool)',
         rf'{LINEN}layers.html#flax.linen.\1'),
        (r'jax\.((?:random|nn)\.\w+|jit|value_and_grad)',
         r'https://docs.jax.dev/en/latest/_autosummary/jax.\1.html'),
        (r'jnp\.([a-z]\w*)',
         r'https://docs.jax.dev/en/latest/_autosummary/jax.numpy.\1.html'))),
    Framework('tensorflow', 'tensorflow', 'TensorFlow', documentation=(
        (r'tf\.(keras|nn)\.([A-Za-z]\w*)',
         r'https://www.tensorflow.org/api_docs/python/tf/\1/\2'),
        (r'(?:tf\.keras\.)?(layers|optimizers)\.([A-Z]\w*)',
         r'https://www.tensorflow.org/api_docs/python/tf/keras/\1/\2'))),
    Framework('mxnet', 'mxnet', 'MXNet', kernel='mxnet',
              environment='.venv-mxnet',
              requirements='requirements/mxnet.txt', documentation=(
        (r'nn\.([A-Z]\w*)', r'https://mxnet.apache.org/versions/1.9.1/api/'
         r'python/docs/api/gluon/nn/index.html#mxnet.gluon.nn.\1'),)))}
TABS = tuple(FRAMEWORKS)
BY_MODULE = {framework.module: framework for framework in FRAMEWORKS.values()}
