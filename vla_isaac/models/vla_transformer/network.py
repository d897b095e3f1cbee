"""`VisionLanguageActionTransformer`: cross-attention between words and pictures, then action, value and policy heads."""

from __future__ import annotations

import torch
from torch import Tensor

from vla_isaac.models import losses
from vla_isaac.models.base import Batch, Outputs
from vla_isaac.models.imitation import fitting
from vla_isaac.models.parts.action_head import ActionHead, perceptron
from vla_isaac.models.vla_transformer.configuration import TransformerConfig
from vla_isaac.models.vla_transformer.trunk import TrunkModel, TrunkOutput


class VisionLanguageActionTransformer(TrunkModel):
    """Outputs in addition to those of `ImitationModel`: values (B,) and policy_logits (B, A, bins).

    The value head predicts the discount to the power of the steps left until success. The policy head predicts the
    probability of each bin of each number of the next action, for reinforcement learning.
    """

    config_class = TransformerConfig

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__(config)
        numbers = len(config.action_names)
        self.action_head = ActionHead(self.trunk.width, config.hidden, config.chunk * numbers)
        self.value_head = perceptron(self.trunk.width, 128, 1, layers=1)
        self.policy_head = perceptron(self.trunk.width, 128, numbers * config.policy_bins, layers=1)
        self.post_init()

    def head(self, batch: Batch, known: TrunkOutput) -> Outputs:
        """Return actions, values and policy."""
        places, raw = self.action_head(known.everything, known.hand)
        policy = self.policy_head(known.everything)
        return {
            "objects": places,
            "raw": raw,
            "values": self.value_head(known.everything).squeeze(1).sigmoid(),
            "policy_logits": policy.view(-1, len(self.config.action_names), self.config.policy_bins),
        }

    def loss(self, batch: Batch, outputs: Outputs) -> dict[str, Tensor]:
        """Return the terms of every imitation model, and those of the value and policy heads."""
        terms, counts, weights = super().loss(batch, outputs), fitting(batch), self.config.loss_weights
        if "steps_left" in batch:
            worth = self.config.discount ** batch["steps_left"]
            terms["value"] = weights["value"] * losses.masked_mean((outputs["values"] - worth).pow(2), counts)
        return terms | {"policy": weights["policy"] * self.binned_loss(batch, outputs["policy_logits"])}

    def encode_vision(self, batch: Batch) -> Tensor:
        """Return the pictures of all cameras as tokens (B, V, dim), before cross-attention."""
        grids = self.trunk.grids(batch)
        return torch.cat([self.trunk.tokens(name, grid) for name, grid in grids.items()], dim=1)

    def encode_language(self, batch: Batch) -> Tensor:
        """Return the words as tokens (B, L, dim), before cross-attention."""
        tokens: Tensor = self.trunk.word_in(self.read(batch).words)
        return tokens
