import pytest

import run


@pytest.fixture(scope='session')
def data(tmp_path_factory):
    """A folder with the first images of Fashion-MNIST."""
    return run.write_data(tmp_path_factory.mktemp('data'))
