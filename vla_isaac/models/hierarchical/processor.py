"""`HierarchicalProcessor`: batches of one for `hierarchical`, with a skill where somebody else chooses it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from vla_isaac.core.arrays import Image
from vla_isaac.models.base import Batch
from vla_isaac.models.encoders.batching import BatchProcessor

SKILL = "skill"
"""Entry of a batch that says which skill each sample is to use, int64 (B,)."""


class HierarchicalProcessor(BatchProcessor):
    """Takes the number of a skill; None leaves the choice to the selector."""

    def __call__(
        self,
        pictures: Mapping[str, Image],
        instruction: str | Mapping[str, Tensor],
        state: Sequence[float] | None = None,
        *,
        skill: int | None = None,
        **more: Any,
    ) -> Batch:
        """Return a batch of one."""
        told = {} if skill is None else {SKILL: torch.tensor([skill])}
        return super().__call__(pictures, instruction, state, **told, **more)
