"""`TrunkConfig`: sizes of what sees and reads; `TransformerConfig`: those of the whole network."""

from __future__ import annotations

from typing import Any

from vla_isaac.models.encoders.configuration import EncodedConfig
from vla_isaac.models.imitation import WEIGHTS


class TrunkConfig(EncodedConfig):
    """Fields in addition to those of every model with encoders by name."""

    model_type = "trunk"

    def __init__(self, *, dim: int = 96, heads: int = 4, layers: int = 2, slots: int = 8, **more: Any) -> None:
        """Keep the sizes.

        Args:
            dim: Width of a token.
            heads: Of each attention.
            layers: Times that words and places look at each other.
            slots: Questions that a sentence puts to the pictures; the first two look for the goal's objects.
            more: Fields of `EncodedConfig`.
        """
        self.dim = dim
        self.heads = heads
        self.layers = layers
        self.slots = slots
        super().__init__(**more)


class TransformerConfig(TrunkConfig):
    """Fields of `vla_transformer`."""

    model_type = "vla_transformer"
    weights = WEIGHTS | {"value": 0.1, "policy": 0.05}

    def __init__(self, *, policy_bins: int = 21, discount: float = 0.98, **more: Any) -> None:
        """Keep the sizes.

        Args:
            policy_bins: Bins of each number of an action, of which the policy head says how likely each is.
            discount: What success is worth one step earlier, for the value head.
            more: Fields of `TrunkConfig`.
        """
        self.policy_bins = policy_bins
        self.discount = discount
        super().__init__(**more)
