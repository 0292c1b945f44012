"""The literature's recipe for ResNets, as far as no framework is in it.

Sources: Goyal et al., "Accurate, large minibatch SGD", arXiv:1706.02677
(linear scaling, warm-up, steps); He et al., "Bag of tricks", arXiv:1812.01187
(cosine, label smoothing, no decay of biases and normalization); Szegedy et
al., "Going deeper with convolutions", arXiv:1409.4842 (random crops).
"""

import json
import math
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from d2l.core import checkpoints, data, files, images, trainer

ARCHS = ('resnet18', 'resnet34', 'resnet50', 'resnet101', 'resnet152',
         'resnext50')
SCHEDULES = 'cosine', 'step'
STEPS = 30/90, 60/90, 80/90     # of all epochs: the rate falls to a tenth
IMAGES = 256        # that the learning rate is told for
MEAN = np.array([0.485, 0.456, 0.406], np.float32)      # of ImageNet, in RGB
STD = np.array([0.229, 0.224, 0.225], np.float32)
SHARE = 224/256     # of the shorter side, in validation
RATIOS = 3/4, 4/3   # of width to height of a crop
# What makes a training another one, beside what model and data tell.
RECIPE = ('schedule', 'epochs', 'warmup_epochs', 'momentum', 'weight_decay',
          'label_smoothing', 'crop_scale', 'flip', 'seed')


def peak_rate(options: Namespace) -> float:
    """Return the learning rate of a batch of `options.batch_size` images."""
    return options.lr * options.batch_size / IMAGES


def rate(options: Namespace, epoch: float) -> float:
    """Return the learning rate after so many epochs, of which parts count."""
    peak, warmup = peak_rate(options), options.warmup_epochs
    if epoch < warmup:
        return peak * epoch / warmup
    if options.schedule == 'step':
        return peak * 0.1 ** sum(epoch >= share * options.epochs
                                 for share in STEPS)
    done = (epoch - warmup) / (options.epochs - warmup)
    return peak * (1 + math.cos(math.pi * done)) / 2


def random_box(width: int, height: int, size: tuple[int, int],
               random: np.random.Generator, smallest: float) -> images.Box:
    """Return a box of random area, shape and place, as Inception is trained.

    `width`, `height`: of the picture; `size`: of what is read; `smallest`:
    share of the picture's area.
    """
    for _ in range(10):
        area = width * height * random.uniform(smallest, 1)
        ratio = math.exp(random.uniform(*np.log(RATIOS)))
        w, h = math.sqrt(area * ratio), math.sqrt(area / ratio)
        if w <= width and h <= height:
            left = random.uniform(0, width - w)
            top = random.uniform(0, height - h)
            return left, top, left + w, top + h
    return images.centre(width, height, size)


class Data(data.ImageFolder):
    """Pictures as the recipe wants them, read by the framework's loader."""
    Loader: type[images.PictureLoader]

    def __init__(self, options: Namespace):
        self.options = options
        super().__init__(options.data, options.batch_size, options.image_size,
                         options.workers)

    def choose(self, width: int, height: int,
               random: np.random.Generator | None) -> tuple[images.Box, bool]:
        """Return a random box to train on, the middle to validate on."""
        if random is None:
            return images.centre(width, height, self.size, SHARE), False
        return (random_box(width, height, self.size, random,
                           self.options.crop_scale),
                self.options.flip and random.random() < 0.5)

    def get_dataloader(self, train: bool) -> images.PictureLoader:
        """Return batches of images and labels, shuffled for training."""
        return self.Loader(
            self.train if train else self.val, self.batch_size, self.convert,
            self.get_seed if train else None, self.num_workers)

    def convert(self, pixels: np.ndarray,
                labels: np.ndarray) -> tuple[Any, Any]:
        """Turn uint8 images (number, height, width, 3) into a batch."""
        X = pixels / np.float32(255)
        X -= MEAN
        X /= STD
        return self.to_batch(X, labels)


class Checkpoints(checkpoints.Checkpoints):
    """Checkpoints that hold every option as well."""

    def save(self, trainer, progress):
        """Write a checkpoint whole, then remove the one before the last."""
        super().save(trainer, progress | {'options': vars(trainer.options)})


class Trainer(trainer.Trainer):
    """The trainer with the recipe's learning rates, which logs every epoch.

    With `options.evaluate` its epoch has validation batches alone.
    """
    rates: Sequence[str] = ()       # the optimizer's names of them
    writer: Any = None              # of TensorBoard's logs

    def __init__(self, options: Namespace):
        super().__init__(
            max_epochs=1 if options.evaluate else options.epochs,
            num_gpus=options.num_gpus, gradient_clip_val=options.clip_norm,
            precision=options.precision,
            sync_batch_norm=options.sync_batch_norm,
            **{} if options.evaluate else {
                'checkpoint_dir': options.out, 'resume': options.resume,
                'monitor': 'val_acc'})
        self.options = options
        self.hparams |= {name: getattr(options, name) for name in RECIPE}

    def prepare_data(self, data: Any) -> None:
        super().prepare_data(data)
        print(*(f'{name} = {value}'
                for name, value in vars(self.options).items()), sep='\n')
        print(f'{len(data.train)} pictures to train on, {len(data.val)} '
              f'to validate on, {data.num_classes} classes', flush=True)

    def limit_batches(self) -> None:
        super().limit_batches()
        if self.options.evaluate:
            self.num_train_batches = 0

    def checkpoints(self) -> checkpoints.Checkpoints | None:
        if self.options.evaluate:
            return None
        return Checkpoints(self.options.out, self.num_fits + 1)

    def prepare_steps(self) -> None:
        super().prepare_steps()
        self.rates = [name for name in self.optimizer_program()[1]
                      if name.endswith(('lr', 'learning_rate'))]

    def train_step(self, batch: Sequence) -> Any:
        self.set_rates(dict.fromkeys(self.rates, self.rate_after(1)))
        return super().train_step(batch)    # type: ignore[safe-super]

    def rate_after(self, more: int) -> float:
        """Return the learning rate after so many more steps than are done."""
        return rate(self.options, (self.train_batch_idx + more)
                    / self.num_train_batches)

    def end_epoch(self) -> None:
        super().end_epoch()
        if self.options.evaluate or self.job.rank:
            return
        if self.options.tensorboard:
            self.log_epoch({**self.history[-1], 'lr': self.rate_after(0)})

    def log_epoch(self, values: dict[str, float]) -> None:
        """Write an epoch's means for TensorBoard."""
        if self.writer is None:
            from tensorboardX import SummaryWriter
            self.writer = SummaryWriter(str(Path(self.options.out,
                                                 'tensorboard')))
            self.writer.add_text('options', as_json(self.options))
        for name in values.keys() - {'epoch'}:
            self.writer.add_scalar(name, values[name], values['epoch'])
        self.writer.flush()

    def fit_on_device(self, model: Any, data: Any) -> None:
        super().fit_on_device(model, data)
        if self.options.evaluate:
            means = self.history[-1]
            print(f'val_loss {means["val_loss"]:.6f}, '
                  f'val_acc {means["val_acc"]:.6f}')
        elif not self.job.rank:
            out = Path(self.options.out)
            files.write(out / 'options.json', as_json(self.options).encode())
            self.save_weights(out / 'weights.safetensors')
            print(f'The weights are in {out / "weights.safetensors"}.')


def as_json(options: Namespace) -> str:
    """Return the options as text that a program reads as well."""
    return json.dumps(vars(options), indent=2) + '\n'


def model_of(framework: Any, options: Namespace, num_classes: int) -> Any:
    """Return the model that `options.arch` names, which trains as told.

    `framework`: such as `d2l.train.torch`.
    """
    d2l, arch = framework.d2l, options.arch
    made = (d2l.resnext50() if arch == 'resnext50' else
            d2l.resnet(int(arch.removeprefix('resnet'))))
    kind = type(made)
    Model: Any = type(kind.__name__, (framework.Classifier, kind),
                      {'options': options, '__module__': framework.__name__})
    return Model(made.arch, lr=peak_rate(options), num_classes=num_classes)
