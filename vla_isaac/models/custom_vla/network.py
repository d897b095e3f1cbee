"""`CustomVLA`: CLIP's encoders, cross-attention between their tokens, and an embedding of the task where it is known."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vla_isaac.models.base import Batch, Outputs
from vla_isaac.models.custom_vla.configuration import CustomConfig
from vla_isaac.models.encoders.batching import check_choice
from vla_isaac.models.io_names import TASK_ID
from vla_isaac.models.parts.action_head import ActionHead
from vla_isaac.models.vla_transformer.trunk import TrunkModel, TrunkOutput

TASK_DROPOUT = 0.5
"""Share of training samples without their task, so that it is not required."""


class CustomVLA(TrunkModel):
    """The task is a hint, not a need: inference uses it only if a batch has a `task_id`."""

    config_class = CustomConfig

    def __init__(self, config: CustomConfig) -> None:
        super().__init__(config)
        self.task_embedding = nn.Embedding(len(config.tasks), self.trunk.width)
        nn.init.normal_(self.task_embedding.weight, std=0.02)
        self.action_head = ActionHead(self.trunk.width, config.hidden, config.chunk * len(config.action_names))
        self.post_init()

    def head(self, batch: Batch, known: TrunkOutput) -> Outputs:
        """Return actions."""
        places, raw = self.action_head(known.everything + self._hint(batch, known.everything), known.hand)
        return {"objects": places, "raw": raw}

    def _hint(self, batch: Batch, like: Tensor) -> Tensor:
        """Return what is added for the task, (B, width)."""
        tasks = self.config.tasks
        if TASK_ID in batch:
            hint: Tensor = self.task_embedding(check_choice(TASK_ID, batch[TASK_ID], len(like), len(tasks)))
            return hint
        if not self.training or "task" not in batch:
            return torch.zeros_like(like)
        number = [tasks.index(name) if name in tasks else 0 for name in batch["task"]]
        is_known = torch.tensor([[name in tasks] for name in batch["task"]], device=like.device)
        is_told = (torch.rand(len(like), 1, device=like.device) >= TASK_DROPOUT) & is_known
        told: Tensor = self.task_embedding(torch.tensor(number, device=like.device)) * is_told
        return told
