"""A program that a launcher starts several times: one training of them all.

`train_together.py FRAMEWORK FOLDER EPOCHS [OPTION=VALUE ...]` trains with
checkpoints in FOLDER, and writes what process N saw to FOLDER/N.json.
"""

import importlib
import json
import sys
from pathlib import Path

import numpy as np

name, folder, epochs, *options = sys.argv[1:]
d2l = importlib.import_module(f'd2l.{name}')
options = {key: json.loads(value) for key, value in
           (option.split('=') for option in options)}
EXAMPLES, BATCH_SIZE, VALIDATED = 40, 16, 27    # 27 = 16 + 11: no even cut
seen = []


class Data(d2l.DataModule):
    batch_size = BATCH_SIZE

    def __init__(self):
        super().__init__()
        rng = np.random.default_rng(0)
        self.X = rng.normal(1, 2, (EXAMPLES, 1, 8, 8)).astype('float32')
        self.X[:, 0, 0, 0] = np.arange(EXAMPLES)    # by which it is known
        if d2l.FashionMNIST.channel_axis == -1:
            self.X = np.moveaxis(self.X, 1, -1)
        self.y = (np.arange(EXAMPLES) % 4).astype(d2l.FashionMNIST.label_dtype)

    def get_dataloader(self, train):
        return self.get_tensorloader((self.X, self.y), train, slice(
            0, EXAMPLES if train else VALIDATED))

    def to_tensors(self, X, y):
        rows = self.to_numpy(X).reshape(len(X), -1)[:, 0]
        seen.append(rows.astype(int).tolist())
        return super().to_tensors(X, y)


if 'num_gpus' in options:       # CPUs stand in for them
    if name == 'jax':
        gpus = importlib.import_module('jax').devices()
    else:
        tf = importlib.import_module('tensorflow')
        tf.config.set_logical_device_configuration(
            tf.config.list_physical_devices('CPU')[0],
            [tf.config.LogicalDeviceConfiguration()] * options['num_gpus'])
        gpus = [tf.device(f'/CPU:{i}') for i in range(options['num_gpus'])]
    d2l.Trainer.all_gpus = staticmethod(lambda: gpus)
d2l.Trainer.seed(0)
model = (d2l.SoftmaxRegression(4, lr=0.05) if options.pop('linear', False)
         else d2l.ResNet((), lr=0.05, num_classes=4))
trainer = d2l.Trainer(max_epochs=int(epochs), checkpoint_dir=folder,
                      resume=True, precision='float32', **options)
trainer.fit(model, Data())
Path(folder, f'{trainer.job.rank}.json').write_text(json.dumps({
    'history': trainer.history, 'seen': seen,
    'points': [[point.y for point in points]
               for points in model.board.data.values()]}))
