"""Labels and probabilities of a trained model, in every framework alike."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from d2l.core.module import Module

Predict = Callable[..., tuple[np.ndarray, np.ndarray]]


def predictor(
        inferring: Callable[[Any], AbstractContextManager[Callable]],
        ) -> Predict:
    """Return `predict` of a framework.

    `inferring(model)`: a context in which the model infers; it gives a
    function that moves a batch of inputs to the model's device and returns
    the outputs, in a form that NumPy takes.
    """
    def predict(model: Any, data: Any, batch_size: int = 256,
                ) -> tuple[np.ndarray, np.ndarray]:
        """Return labels (examples,) and probabilities (examples, classes).

        `model`: a classifier that was trained or loaded; it infers on its own
        device, in float32, and then has its mode again; `data`: inputs
        (examples, ...), NumPy's or the framework's; or a batch, or a loader
        of batches, whose last item is labels that are not used; or a
        DataModule, of which the validation set is taken; `batch_size`: inputs
        at a time, where `data` is an array. Both are NumPy arrays, in the
        order of `data`. Raises TypeError for a model that is no classifier.
        """
        if isinstance(model, Module) and not hasattr(model, 'accuracy'):
            raise TypeError(f'{type(model).__name__} is no d2l.Classifier, '
                            f'so it predicts no labels: call model(X).')
        with inferring(model) as infer:
            outputs = [np.asarray(infer(*inputs))
                       for inputs in batches(data, batch_size)]
        logits = np.concatenate(outputs).astype(np.float32)
        exp = np.exp(logits - logits.max(-1, keepdims=True))
        return logits.argmax(-1), exp / exp.sum(-1, keepdims=True)

    return predict


def batches(data: Any, batch_size: int) -> Iterator[Iterable]:
    """Yield the inputs of batches, without labels."""
    if hasattr(data, 'val_dataloader'):
        data = data.val_dataloader()
    elif hasattr(data, 'shape'):
        data = [[data[i:i + batch_size]]
                for i in range(0, len(data), batch_size)]
    elif isinstance(data, list | tuple) and all(hasattr(part, 'shape')
                                                for part in data):
        data = [data]
    for batch in data:
        batch = [batch] if hasattr(batch, 'shape') else batch
        inputs = batch[:-1] if len(batch) > 1 else batch
        yield [X.astype(np.float32) if isinstance(X, np.ndarray)
               and X.dtype == np.float64 else X for X in inputs]
