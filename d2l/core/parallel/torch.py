"""PyTorch's processes: DistributedDataParallel, as torchrun starts it."""

import os
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import distributed, nn
from torch.nn import functional as F
from torch.nn.parallel import DistributedDataParallel
from torch.overrides import TorchFunctionMode

from d2l.core import parallel


class Job(parallel.Job):
    """The processes that torchrun started, each with one device.

    `trainer`: whose `gpus` become the one of this process. A group that the
    program has made with `init_process_group` is taken as it is; else GPUs
    talk through NCCL, CPUs through Gloo. Raises ValueError where this process
    has no GPU for itself.
    """
    step: Any = None

    def __init__(self, trainer: Any = None):
        if trainer is None:
            return
        if not distributed.is_available() or not (
                distributed.is_initialized()
                or {'MASTER_ADDR', 'RANK', 'WORLD_SIZE'} <= {*os.environ}):
            if len(trainer.gpus) > 1:
                print(f'PyTorch trains on {len(trainer.gpus)} GPUs in as many '
                      f'processes: torchrun --nproc-per-node='
                      f'{len(trainer.gpus)} {os.path.basename(sys.argv[0])}')
                trainer.gpus = trainer.gpus[:1]
            return
        if trainer.gpus:
            local_rank = int(os.environ.get('LOCAL_RANK', 0))
            gpus = trainer.all_gpus()
            if local_rank >= len(gpus):
                raise ValueError(
                    f'torchrun started more processes here than the '
                    f'{len(gpus)} GPUs of this machine: start '
                    f'--nproc-per-node={len(gpus)}, or train with '
                    f'num_gpus=0.')
            trainer.gpus = gpus[local_rank:local_rank + 1]
            torch.cuda.set_device(trainer.device)
        if not distributed.is_initialized():
            distributed.init_process_group('nccl' if trainer.gpus else 'gloo')
        self.device = trainer.device
        self.rank = distributed.get_rank()
        self.size = self.num_devices = distributed.get_world_size()

    def agreed(self, number: int) -> int:
        if self.size == 1:
            return number
        tensor = torch.tensor(number, device=self.device)
        distributed.broadcast(tensor, src=0)
        return int(tensor)

    def training_step(self, model: Any) -> Callable:
        """Return the step of a model, whose gradients are then averaged.

        Raises ValueError where these would be lost, of a model from scratch.
        """
        if self.size == 1:
            return model.training_step
        if self.step is None:
            if not any(p.requires_grad for p in model.parameters()):
                raise ValueError(
                    f'{type(model).__name__} has no nn.Parameter, the '
                    f'tensors whose gradients several processes average: '
                    f'make its weights nn.Parameter(tensor).')
            self.step = DistributedDataParallel(TrainingStep(model))
            self.step.__name__ = 'training_step'
        return self.step

    def mean(self, value: Any) -> Any:
        """Return the mean of a scalar over the processes."""
        if self.size == 1:
            return value
        value = torch.as_tensor(value, device=self.device).detach().clone()
        distributed.all_reduce(value)
        return value / self.size

    def average(self, buffers: Iterable[torch.Tensor]) -> None:
        """Set buffers, such as running statistics, to their means."""
        if self.size == 1:
            return
        buffers = [b for b in buffers if b.is_floating_point()]
        if buffers:
            flat = torch.cat([b.flatten() for b in buffers])
            distributed.all_reduce(flat)
            for b, mean in zip(buffers, flat.split([b.numel() for b in
                                                    buffers]), strict=True):
                b.copy_(mean.view_as(b) / self.size)


class TrainingStep(nn.Module):
    """A model whose output is the loss of its training step."""

    def __init__(self, model: Any):
        super().__init__()
        self.model = model

    def forward(self, batch: Any) -> torch.Tensor:
        return self.model.training_step(batch)


class SyncBatchNorm(TorchFunctionMode):
    """The context in which layers normalize by statistics of the whole batch.

    It does on CPUs, too, what `nn.SyncBatchNorm` does on GPUs only.
    """

    def __init__(self, job: Job):
        super().__init__()
        self.job = job

    def __torch_function__(self, function: Callable, types: Iterable,
                           args: tuple = (),
                           kwargs: Mapping[str, Any] | None = None) -> Any:
        if function is F.batch_norm:
            return self.batch_norm(*args, **(kwargs or {}))
        return function(*args, **(kwargs or {}))

    def batch_norm(self, X, running_mean, running_var, weight=None, bias=None,
                   training=False, momentum=0.1, eps=1e-5):
        """Return `torch.nn.functional.batch_norm` of the whole batch."""
        if not training:
            return F.batch_norm(X, running_mean, running_var, weight, bias,
                                training, momentum, eps)
        dims = [0, *range(2, X.ndim)]
        shape = [1, -1, *[1] * (X.ndim - 2)]
        centred = X.float() if X.dtype == torch.bfloat16 else X
        mean = Mean.apply(centred.mean(dims), self.job)
        centred = centred - mean.view(shape)
        var = Mean.apply(centred.square().mean(dims), self.job)
        if running_mean is not None:
            n = self.job.size * X.numel() // len(mean)
            with torch.no_grad():
                running_mean.lerp_(mean.to(running_mean), momentum)
                running_var.lerp_((var * (n / (n - 1))).to(running_var),
                                  momentum)
        Y = centred * torch.rsqrt(var + eps).view(shape)
        if weight is not None:
            Y = Y * weight.view(shape) + bias.view(shape)
        return Y.to(X.dtype)


class Mean(torch.autograd.Function):
    """The mean over the processes, whose gradient is such a mean again."""

    @staticmethod
    def forward(ctx: Any, tensor: torch.Tensor, job: Job) -> torch.Tensor:
        """Return the mean."""
        ctx.job = job
        tensor = tensor.clone()
        distributed.all_reduce(tensor)
        return tensor / job.size

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> Any:
        """Return the mean of the gradients, which are of the sum of losses."""
        return Mean.apply(grad, ctx.job), None
