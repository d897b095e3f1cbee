"""`Hardware`: one device, or several through accelerate, behind the same few calls."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from vla_isaac.core.errors import UsageError
from vla_isaac.core.optional import require
from vla_isaac.training.config import Precision


class Hardware(Protocol):
    """Where training happens."""

    device: torch.device
    rank: int
    num_processes: int

    def prepare(self, model: nn.Module, optimizer: torch.optim.Optimizer) -> tuple[nn.Module, torch.optim.Optimizer]:
        """Return both as they are to be used here."""
        ...

    def arithmetic(self) -> AbstractContextManager[Any]:
        """Return the context in which the forward pass runs."""
        ...

    def backward(self, loss: Tensor) -> None:
        """Compute gradients."""
        ...

    def clip(self, parameters: Iterable[Tensor], norm: float) -> Tensor:
        """Shorten the gradient to `norm` and return how long it was."""
        ...

    def mean(self, value: Tensor) -> Tensor:
        """Return the mean over all processes."""
        ...


class OneDevice:
    """One GPU, or the CPU."""

    rank, num_processes = 0, 1

    def __init__(self, precision: Precision = "fp32", device: str | None = None) -> None:
        self.device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self._is_half = precision == "bf16"

    def prepare(self, model: nn.Module, optimizer: torch.optim.Optimizer) -> tuple[nn.Module, torch.optim.Optimizer]:
        """Return both as they are."""
        return model, optimizer

    def arithmetic(self) -> AbstractContextManager[Any]:
        """Return half precision where it was asked for."""
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self._is_half)

    def backward(self, loss: Tensor) -> None:
        """Compute gradients."""
        loss.backward()  # type: ignore[no-untyped-call]

    def clip(self, parameters: Iterable[Tensor], norm: float) -> Tensor:
        """Shorten the gradient to `norm` and return how long it was."""
        return torch.nn.utils.clip_grad_norm_(parameters, norm)

    def mean(self, value: Tensor) -> Tensor:
        """Return the value."""
        return value


class SeveralDevices:
    """Several processes, one GPU each, as ``accelerate launch`` starts them."""

    def __init__(self, precision: Precision = "fp32") -> None:
        accelerate: Any = require("accelerate", extra="train", need="training on several GPUs")
        self._all = accelerate.Accelerator(mixed_precision="bf16" if precision == "bf16" else "no")
        self.device: torch.device = self._all.device
        self.rank: int = self._all.process_index
        self.num_processes: int = self._all.num_processes

    def prepare(self, model: nn.Module, optimizer: torch.optim.Optimizer) -> tuple[nn.Module, torch.optim.Optimizer]:
        """Return both wrapped, so that gradients are shared."""
        wrapped, shared = self._all.prepare(model, optimizer)
        return wrapped, shared

    def arithmetic(self) -> AbstractContextManager[Any]:
        """Return accelerate's own context."""
        return self._all.autocast()

    def backward(self, loss: Tensor) -> None:
        """Compute gradients and share them."""
        self._all.backward(loss)

    def clip(self, parameters: Iterable[Tensor], norm: float) -> Tensor:
        """Shorten the gradient to `norm` and return how long it was."""
        return self._all.clip_grad_norm_(parameters, norm)

    def mean(self, value: Tensor) -> Tensor:
        """Return the mean over all processes."""
        return self._all.reduce(value, reduction="mean")


def find_hardware(precision: Precision) -> Hardware:
    """Return several devices where a launcher started several processes, else one."""
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        return SeveralDevices(precision)
    return OneDevice(precision)


def out_of_memory(batch_size: int) -> UsageError:
    """Return the error for a batch that does not fit."""
    return UsageError(
        f"out of memory with batch_size={batch_size}; lower batch_size (and learning_rate with it), image_hw or history, "
        "or choose precision: bf16"
    )
