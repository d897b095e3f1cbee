"""`TrunkConfig`: sizes of encoders and cross-attention; `TransformerConfig`: sizes of the whole network."""

from __future__ import annotations

from typing import Any

from vla_isaac.models.encoders.configuration import EncodedConfig
from vla_isaac.models.imitation import WEIGHTS


class TrunkConfig(EncodedConfig):
    """Fields in addition to those of every model with encoders by name."""

    model_type = "trunk"

    def __init__(self, *, dim: int = 96, heads: int = 4, layers: int = 2, slots: int = 8, **more: Any) -> None:
        """Store the sizes.

        Args:
            dim: Width of a token.
            heads: Heads of each attention.
            layers: Layers of cross-attention between words and picture patches.
            slots: Queries of a sentence to the pictures; the first two attend to the goal's objects.
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
        """Store the sizes.

        Args:
            policy_bins: Bins of each number of an action; the policy head predicts their probabilities.
            discount: Discount per step, for the value head.
            more: Fields of `TrunkConfig`.
        """
        self.policy_bins = policy_bins
        self.discount = discount
        super().__init__(**more)
