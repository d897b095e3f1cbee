"""`collate_fn`: collate samples into a batch of torch tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from vla_isaac.core.errors import ShapeError
from vla_isaac.core.optional import require
from vla_isaac.datasets.loading.dataset import Sample

NUMBERS = ("state", "actions", "is_pad", "past_actions", "steps_left", "goal_objects", "index")
WORDS = ("instruction", "subtask", "task", "episode", "step")


def collate_fn(samples: Sequence[Sample]) -> dict[str, Any]:
    """Return a batch; images stay uint8 and become floats on the model's device.

    Returns:
        ``images`` {camera: uint8 (B, F, 3, H, W)}, in torch's memory format channels_last, so
        nothing is copied twice; ``state`` (B, F, S), ``actions`` (B, k, A), ``is_pad`` (B, k),
        ``steps_left`` and ``index`` (B,), with a history ``past_actions`` (B, F - 1, A) and, if the dataset has it,
        ``goal_objects`` (B, 6) as tensors; ``instruction``, ``subtask``, ``task``, ``episode``, ``step`` as lists.

    Raises:
        ShapeError: If samples have different shapes, or there are none.
    """
    if not samples:
        raise ShapeError("a batch needs at least one sample")
    torch: Any = require("torch", extra="train", need="loading batches for training")
    first = samples[0]
    batch: dict[str, Any] = {
        "images": {
            camera: torch.from_numpy(_stacked([s["images"][camera] for s in samples], f"camera {camera!r}")).permute(
                0, 1, 4, 2, 3
            )
            for camera in first["images"]
        }
    }
    batch |= {name: torch.from_numpy(_stacked([s[name] for s in samples], name)) for name in NUMBERS if name in first}
    return batch | {name: [s[name] for s in samples] for name in WORDS if name in first}


def _stacked(values: Sequence[Any], what: str) -> Any:
    try:
        return np.stack(values)
    except ValueError as error:
        shapes = sorted({np.shape(value) for value in values})
        raise ShapeError(f"a batch cannot be made: {what} has shapes {shapes}; samples must have equal shapes") from error
