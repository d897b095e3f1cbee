"""`ValidationMetrics`: means of the loss terms and of the metrics of a model over a validation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import torch
from torch import Tensor

from vla_isaac.models.base import Batch, Outputs, VLAModel


class ValidationMetrics:
    """Means over all samples of a validation."""

    def __init__(self) -> None:
        self._sums: dict[str, float] = defaultdict(float)
        self._counts: dict[str, float] = defaultdict(float)

    def add(self, batch: Batch, outputs: Outputs, terms: Mapping[str, Tensor], model: VLAModel) -> None:
        """Add one batch."""
        size = len(batch["episode"])
        self._take("loss", float(torch.stack(list(terms.values())).sum()), size)
        for name, value in terms.items():
            self._take(name, float(value), size)
        for name, (mean, count) in model.score(batch, outputs).items():
            self._take(name, mean, count)

    def means(self) -> dict[str, float]:
        """Return the means by name; empty if there was no batch."""
        return {name: self._sums[name] / count for name, count in self._counts.items() if count}

    def _take(self, name: str, value: float, count: int) -> None:
        self._sums[name] += value * count
        self._counts[name] += count
