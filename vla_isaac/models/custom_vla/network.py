"""`CustomVLA`: CLIP encoders, cross-attention between their tokens, and a task embedding where the task is given."""

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
"""Fraction of training samples whose task is dropped, so that inference does not require it."""


class CustomVLA(TrunkModel):
    """Task input is optional: inference uses it only if a batch has a `task_id`."""

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
        """Return the task embedding, zeros where the task is not given, (B, width)."""
        tasks = self.config.tasks
        if TASK_ID in batch:
            hint: Tensor = self.task_embedding(check_choice(TASK_ID, batch[TASK_ID], len(like), len(tasks)))
            return hint
        if not self.training or "task" not in batch:
            return torch.zeros_like(like)
        number = [tasks.index(name) if name in tasks else 0 for name in batch["task"]]
        is_known = torch.tensor([[name in tasks] for name in batch["task"]], device=like.device)
        is_given = (torch.rand(len(like), 1, device=like.device) >= TASK_DROPOUT) & is_known
        embedding: Tensor = self.task_embedding(torch.tensor(number, device=like.device)) * is_given
        return embedding
