"""Compare the accuracy of bfloat16 with that of float32, seed by seed.

`python bench/precision.py torch`: the chapter's network on all of
Fashion-MNIST at 32×32 pixels, one epoch, so that it takes minutes and not
hours. Its last third has a tenth of the learning rate: what chance does to the
end of a training would hide what rounding does.
"""

import importlib
import json
import statistics
import sys

from report import RESULTS

SEEDS, LR = range(3), 0.02


def accuracy(d2l, precision, seed):
    """Return the validation accuracy in percent."""
    class Trainer(d2l.Trainer):
        def run(self, step, batch):
            if self.train_batch_idx == 2 * self.num_train_batches // 3:
                set_rate(self.optim, LR / 10)
            super().run(step, batch)

    trainer = Trainer(max_epochs=1, precision=precision)
    trainer.seed_all(seed)
    data = d2l.FashionMNIST(batch_size=128, resize=(32, 32))
    model = d2l.ResNet18(lr=LR)
    if d2l.__name__ == 'd2l.torch':
        model.apply_init([next(iter(data.train_dataloader()))[0]],
                         d2l.init_cnn)
    trainer.fit(model, data)
    return 100 * model.board.data['val_acc'][-1].y


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
        print(f'{framework} {precision}:',
              *(f'{accuracy:.2f}' for accuracy in runs),
              f'mean {statistics.mean(runs):.2f} %')


if __name__ == '__main__':
    main(sys.argv[1])
