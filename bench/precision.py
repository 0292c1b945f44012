"""Compare the accuracy of bfloat16 with that of float32, seed by seed.

`python bench/precision.py torch`: the chapter's network on all of
Fashion-MNIST at 32×32 pixels, so that it takes minutes and not hours. The
last epoch has a tenth of the learning rate: what chance does to the end of a
training would hide what rounding does.
"""

import importlib
import json
import statistics
import sys
from pathlib import Path

SEEDS, EPOCHS, LR = range(3), 2, 0.02
RESULTS = Path(__file__).resolve().parents[1] / '_build' / 'bench'


def accuracy(d2l, precision, seed):
    """Return the validation accuracies, one an epoch, in percent."""
    class Trainer(d2l.Trainer):
        def fit_epoch(self):
            if self.epoch == EPOCHS - 1:
                set_rate(self.optim, LR / 10)
            super().fit_epoch()

    trainer = Trainer(max_epochs=EPOCHS, precision=precision)
    trainer.seed_all(seed)
    data = d2l.FashionMNIST(batch_size=128, resize=(32, 32))
    model = d2l.ResNet18(lr=LR)
    if d2l.__name__ == 'd2l.torch':
        model.apply_init([next(iter(data.train_dataloader()))[0]],
                         d2l.init_cnn)
    trainer.fit(model, data)
    return [100 * point.y for point in model.board.data['val_acc']]


def set_rate(optimizer, lr):
    if hasattr(optimizer, 'param_groups'):  # PyTorch
        optimizer.param_groups[0]['lr'] = lr
    else:
        optimizer.learning_rate.assign(lr)


def main(framework):
    d2l = importlib.import_module(f'd2l.{framework}')
    results = {precision: [accuracy(d2l, precision, seed) for seed in SEEDS]
               for precision in ('float32', 'bfloat16')}
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f'precision-{framework}.json').write_text(json.dumps(results))
    for precision, runs in results.items():
        last = [run[-1] for run in runs]
        print(f'{framework} {precision}: after {EPOCHS} epochs',
              *(f'{value:.2f}' for value in last),
              f'mean {statistics.mean(last):.2f} %')


if __name__ == '__main__':
    main(sys.argv[1])
