"""`Hardware`: interface to one device, or to several through accelerate."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from vla_isaac.core.errors import UsageError
from vla_isaac.core.optional import require
from vla_isaac.training.config import Precision

BF16_FEATURES = ("amx_bf16", "avx512_bf16", "bf16")
"""CPU features for bf16 in `torch.cpu.get_capabilities`, any of which suffices; the last is that of ARM."""


class Hardware(Protocol):
    """Device and precision of a training."""

    device: torch.device
    precision: Precision
    rank: int
    num_processes: int

    def prepare(self, model: nn.Module, optimizer: torch.optim.Optimizer) -> tuple[nn.Module, torch.optim.Optimizer]:
        """Return model and optimizer prepared for this hardware."""
        ...

    def arithmetic(self) -> AbstractContextManager[Any]:
        """Return the autocast context of the forward pass."""
        ...

    def backward(self, loss: Tensor) -> None:
        """Compute gradients."""
        ...

    def clip(self, parameters: Iterable[Tensor], norm: float) -> Tensor:
        """Scale the gradient down to `norm` and return its norm before."""
        ...

    def mean(self, value: Tensor) -> Tensor:
        """Return the mean over all processes."""
        ...


class OneDevice:
    """One GPU, or the CPU."""

    rank, num_processes = 0, 1

    def __init__(self, precision: Precision = "fp32", device: str | None = None) -> None:
        self.device = torch.device(device or usual_device())
        self.precision = precision

    def prepare(self, model: nn.Module, optimizer: torch.optim.Optimizer) -> tuple[nn.Module, torch.optim.Optimizer]:
        """Return model and optimizer unchanged."""
        return model, optimizer

    def arithmetic(self) -> AbstractContextManager[Any]:
        """Return autocast to bfloat16 with precision bf16."""
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.precision == "bf16")

    def backward(self, loss: Tensor) -> None:
        """Compute gradients."""
        loss.backward()  # type: ignore[no-untyped-call]

    def clip(self, parameters: Iterable[Tensor], norm: float) -> Tensor:
        """Scale the gradient down to `norm` and return its norm before."""
        return torch.nn.utils.clip_grad_norm_(parameters, norm)

    def mean(self, value: Tensor) -> Tensor:
        """Return the value."""
        return value


class SeveralDevices:
    """Several processes, one GPU each, as ``accelerate launch`` starts them."""

    def __init__(self, precision: Precision = "fp32") -> None:
        accelerate: Any = require("accelerate", extra="train", need="training on several GPUs")
        self.precision = precision
        self._all = accelerate.Accelerator(mixed_precision="bf16" if precision == "bf16" else "no")
        self.device: torch.device = self._all.device
        self.rank: int = self._all.process_index
        self.num_processes: int = self._all.num_processes

    def prepare(self, model: nn.Module, optimizer: torch.optim.Optimizer) -> tuple[nn.Module, torch.optim.Optimizer]:
        """Return model and optimizer wrapped by accelerate, which averages gradients."""
        wrapped, shared = self._all.prepare(model, optimizer)
        return wrapped, shared

    def arithmetic(self) -> AbstractContextManager[Any]:
        """Return accelerate's autocast context."""
        return self._all.autocast()

    def backward(self, loss: Tensor) -> None:
        """Compute gradients, averaged over all processes."""
        self._all.backward(loss)

    def clip(self, parameters: Iterable[Tensor], norm: float) -> Tensor:
        """Scale the gradient down to `norm` and return its norm before."""
        return self._all.clip_grad_norm_(parameters, norm)

    def mean(self, value: Tensor) -> Tensor:
        """Return the mean over all processes."""
        return self._all.reduce(value, reduction="mean")


def find_hardware(precision: Precision) -> Hardware:
    """Return several devices if a launcher started several processes, else one; bf16 only if the device supports it."""
    if precision == "bf16" and not has_bf16(usual_device()):
        precision = "fp32"
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        return SeveralDevices(precision)
    return OneDevice(precision)


def described(hardware: Hardware, requested: Precision) -> str:
    """Return device and precision as text."""
    why = "" if hardware.precision == requested else f", because it has no instructions for {requested}"
    return f"{hardware.device.type} in {hardware.precision}{why}"


def usual_device() -> str:
    """Return the default device type of training."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def has_bf16(device: str) -> bool:
    """Return whether a device has bfloat16 instructions; without them torch emulates it, several times slower.

    Source: the PyTorch issues 118499, 146508 and 183815; `benchmarks/precision.py` measures it.
    """
    if device == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if not hasattr(torch.cpu, "get_capabilities"):  # an older torch
        return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    features: Mapping[str, Any] = torch.cpu.get_capabilities()
    is_used = bool(torch.backends.mkldnn.is_available())  # type: ignore[no-untyped-call]
    return is_used and any(features.get(name) for name in BF16_FEATURES)


def out_of_memory(batch_size: int) -> UsageError:
    """Return the error for a batch that does not fit."""
    return UsageError(
        f"out of memory with batch_size={batch_size}; lower batch_size (and learning_rate with it), image_hw or history, "
        "or choose precision: bf16"
    )
