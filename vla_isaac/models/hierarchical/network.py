"""`HierarchicalVLA`: high-level planner, skill selector and low-level controller.

One skill is selected, in training too; gradients use the straight-through estimator: E. Jang et al. (2017), "Categorical
Reparameterization with Gumbel-Softmax".
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from vla_isaac.models.base import Batch, Outputs
from vla_isaac.models.encoders.batching import check_choice
from vla_isaac.models.hierarchical.configuration import HierarchicalConfig
from vla_isaac.models.io_names import SKILL
from vla_isaac.models.parts.action_head import ObjectLocator
from vla_isaac.models.vla_transformer.trunk import TrunkModel, TrunkOutput


class HierarchicalVLA(TrunkModel):
    """Outputs in addition to those of `ImitationModel`: plan (B, P), skill_logits (B, S), selected_skill (B,)."""

    config_class = HierarchicalConfig

    def __init__(self, config: HierarchicalConfig) -> None:
        super().__init__(config)
        seen, hidden = self.trunk.width, config.hidden
        self.find = ObjectLocator(seen, hidden // 2)
        self.high_level_planner = nn.Sequential(nn.Linear(seen, hidden), nn.ReLU(), nn.Linear(hidden, config.plan_dim))
        planned = config.plan_dim + ObjectLocator.num_outputs
        self.skill_selector = nn.Sequential(
            nn.Linear(planned + seen, hidden // 2), nn.ReLU(), nn.Linear(hidden // 2, config.skills)
        )
        self.skill_embeddings = nn.Embedding(config.skills, config.skill_dim)
        self.low_level_controller = SkillController(
            planned + seen, config.skill_dim, hidden, config.chunk * len(config.action_names)
        )
        self.post_init()

    def head(self, batch: Batch, known: TrunkOutput) -> Outputs:
        """Return plan, skill and actions; the plan contains the supervised positions of the goal's objects."""
        places, found = self.find(known.everything, known.hand)
        plan = torch.cat([self.high_level_planner(known.everything), found], dim=1)
        state = torch.cat([plan, known.everything], dim=1)
        logits = self.skill_selector(state)
        choice = self._chosen(logits, batch.get(SKILL))
        return {
            "objects": places,
            "raw": self.low_level_controller(state, choice @ self.skill_embeddings.weight),
            "plan": plan,
            "skill_logits": logits,
            "selected_skill": choice.argmax(1),
        }

    def loss(self, batch: Batch, outputs: Outputs) -> dict[str, Tensor]:
        """Return the terms of every imitation model, and a term against uneven and uncertain use of skills."""
        shares = outputs["skill_logits"].float().softmax(1)
        of_all, of_each = _entropy(shares.mean(0)), _entropy(shares).mean()
        top = torch.log(torch.tensor(float(self.config.skills), device=shares.device))
        spread = (top - of_all) / top + 0.1 * of_each / top
        return super().loss(batch, outputs) | {"spread": self.config.loss_weights["spread"] * spread}

    def _chosen(self, logits: Tensor, given: Tensor | None) -> Tensor:
        """Return the selected skill, one-hot, (B, S)."""
        if given is not None:
            skills = self.config.skills
            return functional.one_hot(check_choice(SKILL, given, len(logits), skills), skills).to(logits.dtype)
        if self.training:
            return functional.gumbel_softmax(logits, tau=self.config.gumbel_temperature, hard=True)
        return functional.one_hot(logits.argmax(1), self.config.skills).to(logits.dtype)


class SkillController(nn.Module):
    """Layers that are modulated by a skill's embedding (FiLM)."""

    def __init__(self, seen: int, skill: int, hidden: int, outputs: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(seen, hidden), nn.Linear(hidden, hidden)])
        self.turns = nn.ModuleList(nn.Linear(skill, 2 * hidden) for _ in self.layers)
        self.out = nn.Linear(hidden, outputs)

    def forward(self, x: Tensor, skill: Tensor) -> Tensor:
        """Return (B, outputs) from features (B, seen) and the skill's embedding (B, skill)."""
        for layer, turn in zip(self.layers, self.turns, strict=True):
            scale, shift = turn(skill).chunk(2, dim=1)
            x = torch.relu(layer(x) * (1 + scale) + shift)
        actions: Tensor = self.out(x)
        return actions


def _entropy(shares: Tensor) -> Tensor:
    return -(shares * shares.clamp(min=1e-9).log()).sum(-1)
