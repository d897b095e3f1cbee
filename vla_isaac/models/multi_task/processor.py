"""`MultiTaskProcessor`: batches of one for `multi_task`, with the task by its name where it is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from vla_isaac.core.arrays import Image
from vla_isaac.core.registry import unknown_name
from vla_isaac.models.base import Batch
from vla_isaac.models.encoders.batching import BatchProcessor

TASK_ID = "task_id"
"""Entry of a batch that says which task each sample is of, int64 (B,)."""


class MultiTaskProcessor(BatchProcessor):
    """Also of `custom_vla`, whose tasks are hints."""

    def __call__(
        self,
        pictures: Mapping[str, Image],
        instruction: str | Mapping[str, Tensor],
        state: Sequence[float] | None = None,
        *,
        task: str | None = None,
        **more: Any,
    ) -> Batch:
        """Return a batch of one; `task` is one of the model's, None leaves the choice to the model.

        Raises:
            UnknownNameError: If it has no such task.
        """
        if task is not None and task not in self.config.tasks:
            raise unknown_name("task", task, self.config.tasks)
        told = {} if task is None else {TASK_ID: torch.tensor([self.config.tasks.index(task)])}
        return super().__call__(pictures, instruction, state, **told, **more)
