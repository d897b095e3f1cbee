"""`ExponentialMovingAverage` of a model's weights, used for validation and checkpoints."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class ExponentialMovingAverage:
    """Stores the averaged weights; `apply` loads them into the model for validation and checkpoints."""

    def __init__(self, model: nn.Module) -> None:
        self._parameters = [p for p in model.parameters() if p.requires_grad]
        self.values: list[Tensor] = [p.detach().clone() for p in self._parameters]

    @torch.no_grad()
    def update(self, keep: float) -> None:
        """Update the average: ``keep`` times the average plus ``1 - keep`` times the current weights."""
        torch._foreach_lerp_(self.values, [p.detach() for p in self._parameters], 1.0 - keep)

    @contextmanager
    def apply(self) -> Iterator[None]:
        """Load the average into the model within a ``with`` block."""
        own = [p.detach().clone() for p in self._parameters]
        self._set(self.values)
        try:
            yield
        finally:
            self._set(own)

    @torch.no_grad()
    def _set(self, values: list[Tensor]) -> None:
        for parameter, value in zip(self._parameters, values, strict=True):
            parameter.copy_(value)
