"""`Scores`: what a validation tells, beside the loss: errors in units that people can picture."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import torch
from torch import Tensor

from vla_isaac.datasets.normaliser import Normaliser
from vla_isaac.models.base import Answer, Batch, Outputs
from vla_isaac.models.kinematics import MIDDLE

UNIT_MM = 100.0  # [mm] that an object head calls 1


class Scores:
    """Means over all batches of a validation, each sample as heavy as any other."""

    def __init__(self, actions: Normaliser) -> None:
        self._names = actions.names
        self._sums: dict[str, float] = defaultdict(float)
        self._counts: dict[str, float] = defaultdict(float)

    def add(self, batch: Batch, outputs: Outputs, terms: Mapping[str, Tensor], answer: Answer) -> None:
        """Take in one batch."""
        size = len(answer.actions)
        self._take("loss", float(torch.stack(list(terms.values())).sum()), size)
        for name, value in terms.items():
            self._take(name, float(value), size)
        fits = batch["is_fitting"] > 0
        error = (answer.actions[fits, 0] - batch["actions"][fits, 0]).abs()
        self._take("first_action_l1", float(error.mean()) if len(error) else 0.0, len(error))
        self._take("recognised", float((answer.confidence[fits] >= 0.5).float().sum()) / max(1, len(error)), len(error))
        doubted = (answer.confidence[~fits] < 0.5).float()
        self._take("doubted", float(doubted.mean()) if len(doubted) else 0.0, len(doubted))
        if "goal_objects" in batch and "objects" in outputs:
            wanted = (batch["goal_objects"][fits] - torch.tensor(2 * MIDDLE, device=fits.device)) * 1000.0
            missed = (outputs["objects"][fits] * UNIT_MM - wanted).abs()
            known = torch.isfinite(missed)
            self._take("objects_mm", float(missed[known].mean()) if known.any() else 0.0, int(known.sum()))

    def means(self) -> dict[str, float]:
        """Return the means by name; empty if there was nothing."""
        return {name: self._sums[name] / count for name, count in self._counts.items() if count}

    def _take(self, name: str, value: float, count: int) -> None:
        self._sums[name] += value * count
        self._counts[name] += count
