"""The data that chapters train on."""

import pytest

import run_cells


@pytest.fixture(scope='session')
def data(tmp_path_factory):
    """A folder with the first images of Fashion-MNIST."""
    return run_cells.write_data(tmp_path_factory.mktemp('data'))
