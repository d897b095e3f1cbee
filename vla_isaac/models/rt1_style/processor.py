"""`RT1Processor`: batches of one for `rt1_style`, with the history of pictures."""

from __future__ import annotations

from collections import deque

import torch
from torch import Tensor

from vla_isaac.core.arrays import Image
from vla_isaac.models.base import VLAModel
from vla_isaac.models.encoders.batching import BatchProcessor


class RT1Processor(BatchProcessor):
    """Keeps the last pictures and states; `reset` begins a new episode."""

    def __init__(self, model: VLAModel) -> None:
        """Initialise the processor of a model, with an empty history."""
        super().__init__(model)
        self._past: deque[tuple[dict[str, Image], Tensor]] = deque(maxlen=self.config.history)

    def reset(self) -> None:
        """Clear the history."""
        self._past.clear()

    def history(self, pictures: dict[str, Image], state: Tensor) -> tuple[dict[str, list[Image]], Tensor]:
        """Return the last pictures and states; before the first, the first is repeated."""
        self._past.append((pictures, state))
        past = [self._past[0]] * (self.config.history - len(self._past)) + list(self._past)
        return {name: [shown[name] for shown, _ in past] for name in pictures}, torch.stack([felt for _, felt in past])
