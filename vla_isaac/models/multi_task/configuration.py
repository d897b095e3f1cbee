"""`MultiTaskConfig`: names of the tasks, and sizes of the heads."""

from __future__ import annotations

from typing import Any

from vla_isaac.models.imitation import WEIGHTS
from vla_isaac.models.vla_transformer.configuration import TrunkConfig


class MultiTaskConfig(TrunkConfig):
    """Fields of `multi_task`."""

    model_type = "multi_task"
    weights = WEIGHTS | {"task": 0.3}

    def __init__(self, *, tasks: list[str] | None = None, task_dim: int = 32, head_hidden: int = 256, **more: Any) -> None:
        """Store the sizes.

        Args:
            tasks: Names of the tasks, in the order of their heads; taken from the data.
            task_dim: Width of a task embedding.
            head_hidden: Hidden width of a task's head.
            more: Fields of `TrunkConfig`.
        """
        self.tasks = tasks or ["task"]
        self.task_dim = task_dim
        self.head_hidden = head_hidden
        super().__init__(**more)
