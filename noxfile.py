"""Run the library's tests on the oldest and newest releases: `make matrix`.

`.tools/bin/nox -l` lists the jobs; one alone is run by
`.tools/bin/nox -s 'library(3.12, jax 0.4.20)'`. `.venv` must be there: its
PyTorch trains the weights that every framework has to read.
"""

import nox

nox.options.default_venv_backend = 'uv'

# Where PyPI's newest release leaves an old Python out, the newest for it.
JOBS = [    # Python, framework, its release, what is installed with it
    ('3.10', 'torch', '2.2.0', 'numpy==1.23.5'),
    ('3.10', 'torch', '2.14.1', ''),
    ('3.11', 'torch', '2.2.0', 'numpy==1.23.5'),
    ('3.11', 'torch', '2.13.0', ''),    # the book's
    ('3.11', 'torch', '2.14.1', ''),
    ('3.11', 'torch', '2.15.0', ''),
    ('3.12', 'torch', '2.2.0', 'numpy==1.26.4'),
    ('3.12', 'torch', '2.15.0', ''),
    ('3.13', 'torch', '2.5.0', ''),
    ('3.13', 'torch', '2.15.0', ''),
    ('3.10', 'jax', '0.4.20',
     'jaxlib==0.4.20 flax==0.7.5 optax==0.1.7 numpy==1.23.5 scipy==1.12.0'),
    ('3.10', 'jax', '0.6.2', 'flax==0.10.7 optax==0.2.8'),
    ('3.11', 'jax', '0.4.20',
     'jaxlib==0.4.20 flax==0.7.5 optax==0.1.7 numpy==1.23.5 scipy==1.12.0'),
    ('3.11', 'jax', '0.10.2', 'flax==0.12.8 optax==0.2.8'),
    ('3.12', 'jax', '0.4.20',
     'jaxlib==0.4.20 flax==0.7.5 optax==0.1.7 numpy==1.26.4 scipy==1.12.0'),
    ('3.12', 'jax', '0.12.0.1', 'flax==0.12.12 optax==0.2.8'),
    ('3.13', 'jax', '0.4.36', 'flax==0.10.2 optax==0.2.4'),
    ('3.13', 'jax', '0.12.0.1', 'flax==0.12.12 optax==0.2.8'),
    ('3.10', 'tensorflow-cpu', '2.15.0', 'numpy==1.23.5'),  # Keras 2
    ('3.10', 'tensorflow-cpu', '2.21.0', 'keras==3.12.4'),
    ('3.11', 'tensorflow-cpu', '2.15.0', 'numpy==1.23.5'),
    ('3.11', 'tensorflow-cpu', '2.21.0', 'keras==3.15.1'),
    ('3.12', 'tensorflow-cpu', '2.16.1', 'keras==3.0.5'),
    ('3.12', 'tensorflow-cpu', '2.21.0', 'keras==3.15.1'),
    ('3.13', 'tensorflow-cpu', '2.20.0', 'keras==3.10.0'),
    ('3.13', 'tensorflow-cpu', '2.21.0', 'keras==3.15.1'),
    ('3.10', 'mxnet', '1.9.1', 'numpy==1.23.5'),
    ('3.11', 'mxnet', '1.9.1', 'numpy==1.23.5')]


@nox.session
@nox.parametrize('python, packages', [
    nox.param(python, [f'{framework}=={release}', *more.split()],
              id=f'{python}, {framework} {release}')
    for python, framework, release, more in JOBS])
def library(session, packages):
    """Install the package with one framework and run the library's tests."""
    session.install('.', 'matplotlib', 'pytest', 'pytest-timeout',
                    'hypothesis', *packages)
    # What a release warns of is an error with the book's alone.
    session.run('pytest', '-W', 'default', 'tests/library', *session.posargs)
