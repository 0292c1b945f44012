"""An optimizer that keeps bfloat16, which NumPy has not, goes on the same."""

import jax.numpy as jnp
import numpy as np
import optax
import pytest
import torch
from torch import nn

from d2l import jax as d2l_jax
from d2l import torch as d2l_torch


class Torch(d2l_torch.Classifier):
    def __init__(self):
        super().__init__()
        self.net = nn.Linear(16, 4, dtype=torch.bfloat16)

    def forward(self, X):
        return self.net(X.flatten(1).bfloat16()).float()

    def configure_optimizers(self):     # its moments are as the weights are
        return torch.optim.Adam(self.parameters(), lr=0.1)


class Jax(d2l_jax.SoftmaxRegression):
    num_outputs: int = 4
    lr: float = 0.1

    def configure_optimizers(self):
        return optax.adam(self.lr, mu_dtype=jnp.bfloat16)


@pytest.mark.parametrize('d2l, Model', [(d2l_torch, Torch), (d2l_jax, Jax)])
def test_goes_on_to_the_same_weights(d2l, Model, tmp_path):
    rng = np.random.default_rng(0)
    arrays = rng.normal(size=(16, 4, 4, 1)).astype('f4'), np.arange(16) % 4

    class Data(d2l.DataModule):
        batch_size = 8

        def get_dataloader(self, train):
            return self.get_tensorloader(arrays, train)

    def trained(max_epochs, folder):
        d2l.Trainer.seed(5)
        trainer = d2l.Trainer(max_epochs, checkpoint_dir=tmp_path / folder,
                              resume=True)
        trainer.fit(Model(), Data())
        return trainer.arrays()

    before, found, whole = (trained(2, 'run'), trained(4, 'run'),
                            trained(4, 'whole'))
    assert {'int16', 'uint16'} & {str(a.dtype) for a in found.values()}
    assert any((found[name] != before[name]).any() for name in found)
    for name, array in whole.items():
        np.testing.assert_array_equal(found[name], array)
