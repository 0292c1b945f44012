"""Train a ResNet-18 with PyTorch for the other frameworks to read.

`python train_reference.py FOLDER` writes its weights and its logits for all
10,000 validation images.
"""

import sys
from pathlib import Path

import numpy as np
import torch

from d2l import torch as d2l


def main(folder):
    torch.manual_seed(0)
    data = d2l.FashionMNIST(batch_size=100, root='data')
    model = d2l.ResNet18(lr=0.05)
    trainer = d2l.Trainer(max_epochs=1)
    data.train.arrays = tuple(a[:6000] for a in data.train.arrays)
    trainer.fit(model, data)
    model.eval()
    with torch.no_grad():
        logits = [model(X).numpy() for X, _ in data.val_dataloader()]
    d2l.save_weights(model, folder / 'resnet18.safetensors')
    np.save(folder / 'logits.npy', np.concatenate(logits))


if __name__ == '__main__':
    main(Path(sys.argv[1]))
