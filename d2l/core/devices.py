"""Which device a program takes, of those that a framework has."""

from collections.abc import Callable
from typing import TypeVar

Device = TypeVar('Device')


def choices(cpu: Callable[[], Device], gpu: Callable[[int], Device],
            num_gpus: Callable[[], int],
            ) -> tuple[Callable[..., Device], Callable[[], list[Device]]]:
    """Return `try_gpu` and `try_all_gpus` of a framework."""
    def try_gpu(i: int = 0) -> Device:
        """Return `gpu(i)` if there is one, else `cpu()`."""
        return gpu(i) if num_gpus() > i else cpu()

    def try_all_gpus() -> list[Device]:
        """Return all GPUs, an empty list if there are none."""
        return [gpu(i) for i in range(num_gpus())]

    return try_gpu, try_all_gpus
