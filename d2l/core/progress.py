"""What a person sees while work is under way."""

import math
import warnings
from time import perf_counter

from d2l.core.plotting import in_notebook


def progress_bar(hidden=False, **kwargs):
    """Return a tqdm bar: a widget in a notebook, a line in a terminal.

    Nothing is drawn where the output is a file, or where it is `hidden`. The
    bar goes when it is done.
    """
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')     # a notebook without ipywidgets
        from tqdm.auto import tqdm
    return tqdm(leave=False, disable=True if hidden else
                False if in_notebook() else None, **kwargs)


class EpochProgress:
    """The bar of one epoch, its running means, and the line it leaves.

    The means stay on the device. They are read, which waits for the device,
    only when the bar is refreshed: every `refresh` seconds.
    """
    refresh = 0.5

    def __init__(self, title, num_batches, hidden=False):
        self.title = title
        self.bar = progress_bar(hidden, desc=title, total=num_batches,
                                unit='batch')
        self.sums, self.weights = {}, {}
        self.losses = []    # of the training steps since the means were read
        self.num_losses = 0         # before them
        self.diverged = None        # the first step, and its loss
        self.training = True        # the time until validation begins counts
        self.num_images = 0
        self.start = self.refreshed = perf_counter()

    def add(self, label, value, weight):
        """Add `value` to the mean of `label` with this weight."""
        if label == 'train_loss':
            self.losses.append(value)
        self.sums[label] = self.sums.get(label, 0) + value * weight
        self.weights[label] = self.weights.get(label, 0) + weight

    def update(self, num_images):
        """Count a batch; `num_images`: its size."""
        self.bar.update()
        if self.training:
            self.num_images += num_images
        if perf_counter() - self.refreshed > self.refresh:
            self.show()

    def end_training(self):
        """Note how long the training batches took."""
        self.show()
        self.training = False

    def show(self):
        """Show the means so far and the speed of training."""
        self.logged = {label: float(total) / self.weights[label]
                       for label, total in self.sums.items()}   # waits
        if not self.diverged and not math.isfinite(
                self.logged.get('train_loss', 0)):
            self.diverged = next(
                ((self.num_losses + i, float(loss))
                 for i, loss in enumerate(self.losses)
                 if not math.isfinite(loss)), None)
        self.num_losses += len(self.losses)
        self.losses.clear()
        self.refreshed = perf_counter()
        if self.training:
            self.speed = self.num_images / (self.refreshed - self.start)
        self.text = ', '.join([
            *(f'{label} {mean:.3f}' for label, mean in self.logged.items()),
            f'{self.speed:.1f} images/sec'])
        self.bar.set_postfix_str(self.text)

    def means(self):
        """Return the means of the epoch that is over, its speed and time."""
        return {**self.logged, 'images_per_second': self.speed,
                'seconds': self.seconds}

    def __getstate__(self):     # a bar can't be copied, its model can
        return vars(self) | {'bar': None}

    def __enter__(self):
        return self

    def __exit__(self, error, *_):
        if error is None:
            self.show()
        self.bar.close()
        if error is None:
            self.seconds = perf_counter() - self.start
            self.line = f'{self.title}: {self.text}, {self.seconds:.1f} s'
            print(self.line, flush=True)
