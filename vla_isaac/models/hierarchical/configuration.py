"""`HierarchicalConfig`: sizes of the three levels."""

from __future__ import annotations

from typing import Any

from vla_isaac.models.imitation import WEIGHTS
from vla_isaac.models.vla_transformer.configuration import TrunkConfig


class HierarchicalConfig(TrunkConfig):
    """Fields of `hierarchical`."""

    model_type = "hierarchical"
    weights = WEIGHTS | {"spread": 0.05}

    def __init__(
        self, *, skills: int = 8, skill_dim: int = 64, plan_dim: int = 64, gumbel_temperature: float = 1.0, **more: Any
    ) -> None:
        """Store the sizes.

        Args:
            skills: Number of skills.
            skill_dim: Width of a skill embedding.
            plan_dim: Width of a plan, without the positions of the goal's objects.
            gumbel_temperature: Temperature of the Gumbel-softmax over skills in training.
            more: Fields of `TrunkConfig`.
        """
        self.skills = skills
        self.skill_dim = skill_dim
        self.plan_dim = plan_dim
        self.gumbel_temperature = gumbel_temperature
        super().__init__(**more)
