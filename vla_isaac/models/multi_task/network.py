"""`MultiTaskVLA`: a shared encoder, one head per task, and a classifier that selects the head."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from vla_isaac.core.registry import unknown_name
from vla_isaac.models import losses
from vla_isaac.models.base import Batch, Outputs
from vla_isaac.models.encoders.batching import check_choice
from vla_isaac.models.imitation import fitting
from vla_isaac.models.io_names import TASK_ID
from vla_isaac.models.multi_task.configuration import MultiTaskConfig
from vla_isaac.models.multi_task.heads import TaskHeads
from vla_isaac.models.parts.action_head import ObjectLocator
from vla_isaac.models.vla_transformer.trunk import SAID, TrunkModel, TrunkOutput


class MultiTaskVLA(TrunkModel):
    """Outputs in addition to those of `ImitationModel`: task_logits (B, T) and task_id (B,), the heads used."""

    config_class = MultiTaskConfig

    def __init__(self, config: MultiTaskConfig) -> None:
        super().__init__(config)
        seen, tasks, hidden = self.trunk.width, len(config.tasks), config.hidden
        self.task_classifier = nn.Sequential(
            nn.Linear(SAID + self.trunk.vision_width, 128), nn.ReLU(), nn.Linear(128, tasks)
        )
        self.task_embeddings = nn.Embedding(tasks, config.task_dim)
        self.find = ObjectLocator(seen, hidden // 2)
        self.shared = nn.Sequential(
            nn.Linear(seen + ObjectLocator.num_outputs + config.task_dim, hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
        )
        self.task_heads = TaskHeads(tasks, hidden, config.head_hidden, config.chunk * len(config.action_names))
        self.post_init()

    def head(self, batch: Batch, known: TrunkOutput) -> Outputs:
        """Return actions, each by the head of its task; the task is given in the batch or predicted by the classifier."""
        logits = self.task_classifier(torch.cat([known.language, known.vision], dim=1))
        task = self._tasks_of(batch, logits)
        places, found = self.find(known.everything, known.hand)
        shared = self.shared(torch.cat([known.everything, found, self.task_embeddings(task)], dim=1))
        return {"objects": places, "raw": self.task_heads(shared, task), "task_logits": logits, TASK_ID: task}

    def loss(self, batch: Batch, outputs: Outputs) -> dict[str, Tensor]:
        """Return the terms of every imitation model, and the cross-entropy of the task."""
        terms = super().loss(batch, outputs)
        target = self.task_ids(batch["task"]).to(outputs["raw"].device)
        each = functional.cross_entropy(outputs["task_logits"], target, reduction="none")
        return terms | {"task": self.config.loss_weights["task"] * losses.masked_mean(each, fitting(batch))}

    def score(self, batch: Batch, outputs: Outputs) -> dict[str, tuple[float, int]]:
        """Return the metrics of every model, and the accuracy of the task classifier."""
        found, fits = super().score(batch, outputs), fitting(batch) > 0
        target = self.task_ids(batch["task"]).to(fits.device)
        right = (outputs["task_logits"].argmax(1) == target)[fits].float()
        return found | {"task_named": (float(right.mean()) if len(right) else 0.0, len(right))}

    def get_task_specific_action(self, batch: Batch, task_id: int | Tensor) -> Tensor:
        """Return normalised actions (B, k, A) by the heads of these tasks.

        Args:
            batch: As for `forward`.
            task_id: One task for all samples, or one for each, int64 (B,).

        Raises:
            ShapeError: If a task is out of range, or there is not one for each sample.
        """
        tasks = torch.full((len(batch["state"]),), task_id) if isinstance(task_id, int) else task_id
        return self.act(self({**batch, TASK_ID: tasks})).actions

    def task_ids(self, names: list[str]) -> Tensor:
        """Return the numbers of tasks.

        Raises:
            UnknownNameError: If the model has no such task.
        """
        known = {name: number for number, name in enumerate(self.config.tasks)}
        unknown = [name for name in names if name not in known]
        if unknown:
            raise unknown_name("task", unknown[0], known)
        return torch.tensor([known[name] for name in names])

    # ------------------------------------------------------------------

    def _tasks_of(self, batch: Batch, logits: Tensor) -> Tensor:
        """Return the given tasks; in training those of the data; otherwise the classifier's prediction."""
        if TASK_ID in batch:
            return check_choice(TASK_ID, batch[TASK_ID], len(logits), len(self.config.tasks))
        if self.training and "task" in batch:
            return self.task_ids(batch["task"]).to(logits.device)
        return logits.argmax(1)
