"""Train a ResNet on any folder of pictures: `d2l-train torch --data DIR`."""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

from d2l.train import recipe

FRAMEWORKS = 'torch', 'jax', 'tensorflow', 'mxnet'
DESCRIPTION = '''\
Train a ResNet on a folder of pictures, of any size, in the framework of your
choice, or evaluate one. The defaults are the literature's recipe for ImageNet.

  d2l-train torch --data imagenet --arch resnet50 --out run --resume
  d2l-train jax --data imagenet --arch resnet50 --evaluate \\
      --weights run/weights.safetensors

The folder holds train/<class>/*.jpg and val/<class>/*.jpg, or <class>/*.jpg
alone, of which a tenth is then held out. Under torchrun, jax.distributed or
TF_CONFIG all processes train together.'''
EPILOG = '''\
OUT gets a checkpoint an epoch (fit-1/epoch-N), the weights of the best epoch
(fit-1/best.safetensors) and of the last (weights.safetensors), which every
framework reads, and the options (options.json).'''


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        'd2l-train', description=DESCRIPTION, epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('framework', choices=FRAMEWORKS,
                        help='what computes; its weights are read by all')

    group = parser.add_argument_group('data')
    group.add_argument('--data', required=True, metavar='DIR',
                       help='the folder of pictures')
    group.add_argument('--image-size', type=whole, default=224, metavar='N',
                       help='height and width of what the model sees, in '
                       'pixels (224)')
    group.add_argument('--batch-size', type=whole, default=256, metavar='N',
                       help='pictures per step, of all processes together '
                       '(256)')
    group.add_argument('--workers', type=whole, metavar='N',
                       default=os.cpu_count(),
                       help='batches that are read at once (as many as the '
                       'machine has cores)')
    group.add_argument('--crop-scale', type=share, default=0.08, metavar='S',
                       help='a training picture is cut at random to this '
                       'share of its area at least; 1 for the most of it '
                       '(0.08)')
    group.add_argument('--no-flip', dest='flip', action='store_false',
                       help='do not mirror pictures, such as of writing')

    group = parser.add_argument_group('model')
    group.add_argument('--arch', choices=recipe.ARCHS, default='resnet50',
                       help='%(choices)s (resnet50)', metavar='NAME')
    group.add_argument('--weights', metavar='FILE',
                       help='begin with the weights of this safetensors file')
    group.add_argument('--evaluate', action='store_true',
                       help='tell loss and accuracy on the validation '
                       'pictures, and train nothing; needs --weights')

    group = parser.add_argument_group('recipe')
    group.add_argument('--epochs', type=whole, default=90, metavar='N',
                       help='times through the training pictures (90)')
    group.add_argument('--lr', type=positive, default=0.1, metavar='RATE',
                       help=f'learning rate of a batch of {recipe.IMAGES}; '
                       'of another size it grows in proportion (0.1)')
    group.add_argument('--schedule', choices=recipe.SCHEDULES,
                       default='cosine', help='how the learning rate falls: '
                       'along a cosine to 0, or to a tenth after 30, 60 and '
                       '80 of 90 epochs (cosine)')
    group.add_argument('--warmup-epochs', type=at_least_0, default=5,
                       metavar='N', help='epochs in which it first rises '
                       'from 0 (5)')
    group.add_argument('--momentum', type=at_least_0, default=0.9,
                       metavar='M', help='(0.9)')
    group.add_argument('--weight-decay', type=at_least_0, default=1e-4,
                       metavar='D', help='of the kernels alone, not of biases '
                       'and batch normalization (0.0001)')
    group.add_argument('--label-smoothing', type=at_least_0, default=0.1,
                       metavar='E', help='what the labels give to all classes '
                       'alike (0.1)')
    group.add_argument('--clip-norm', type=at_least_0, default=0,
                       metavar='NORM', help='largest norm of the gradient '
                       '(no limit)')
    group.add_argument('--seed', type=int, default=0, metavar='N',
                       help='of all random numbers (0)')

    group = parser.add_argument_group('run')
    group.add_argument('--out', default='run', metavar='DIR',
                       help='the folder of what the training leaves (run)')
    group.add_argument('--resume', action='store_true',
                       help='go on after the last checkpoint in OUT, or begin '
                       'where there is none: a job that may be restarted '
                       'wants it')
    group.add_argument('--tensorboard', action='store_true',
                       help='write logs for TensorBoard to OUT/tensorboard; '
                       'needs tensorboardX')
    group.add_argument('--num-gpus', type=at_least_0_whole, metavar='N',
                       help='0 to compute on the CPU (all that there are)')
    group.add_argument('--precision', default='auto',
                       choices=('auto', 'float32', 'bfloat16'),
                       help='what layers compute in (auto)')
    group.add_argument('--sync-batch-norm', action='store_true',
                       help='normalize with the statistics of the batch of '
                       'all devices, not of each')
    return parser


def number(kind, fits, text):
    """Return a type for argparse: a number that fits, which text names."""
    def convert(value):
        try:
            found = kind(value)
        except ValueError:
            found = None
        if found is None or not fits(found):
            raise argparse.ArgumentTypeError(f'{value} must be {text}')
        return found

    return convert


whole = number(int, lambda n: n > 0, 'a whole number from 1')
at_least_0_whole = number(int, lambda n: n >= 0, 'a whole number from 0')
positive = number(float, lambda n: 0 < n < float('inf'), 'a number above 0')
at_least_0 = number(float, lambda n: 0 <= n < float('inf'),
                    'a number from 0')
share = number(float, lambda n: 0 < n <= 1, 'above 0 and 1 at most')


def parsed(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the options of a command line, or exit and say what is wrong."""
    ours = parser()
    options = ours.parse_args(arguments)
    if options.evaluate and not options.weights:
        ours.error('--evaluate needs --weights FILE, what is to be evaluated')
    if not options.evaluate and options.warmup_epochs >= options.epochs:
        ours.error(f'--warmup-epochs {options.warmup_epochs:g} must be less '
                   f'than --epochs {options.epochs}')
    if options.label_smoothing >= 1:
        ours.error('--label-smoothing must be less than 1')
    return options


def main(arguments: Sequence[str] | None = None) -> None:
    """Train or evaluate as the command line says."""
    options = parsed(arguments)
    try:
        if options.tensorboard:
            importlib.import_module('tensorboardX')
        framework = importlib.import_module(f'd2l.train.{options.framework}')
    except ModuleNotFoundError as error:
        sys.exit(f'd2l-train: {error.name} is not installed: pip install '
                 f'{error.name}')
    if options.num_gpus is None:
        options.num_gpus = framework.d2l.num_gpus()
    try:
        data = framework.Data(options)
        trainer = framework.Trainer(options)
        trainer.seed_all(options.seed)
        model = recipe.model_of(framework, options, data.num_classes)
        if options.weights:
            framework.d2l.load_weights(model, options.weights)
    except (OSError, ValueError, ModuleNotFoundError) as error:
        sys.exit(f'd2l-train: {error}')
    model.board.display = False
    trainer.fit(model, data)


if __name__ == '__main__':
    main()
