"""`VisionLanguageActionTransformer`: cross-attention between words and pictures, then action, value and policy heads."""

from __future__ import annotations

import torch
from torch import Tensor

from vla_isaac.models import losses
from vla_isaac.models.base import Batch, Outputs
from vla_isaac.models.encoders.encoded import EncodedModel
from vla_isaac.models.imitation import fitting
from vla_isaac.models.parts.decision import Decision, perceptron
from vla_isaac.models.vla_transformer.configuration import TransformerConfig
from vla_isaac.models.vla_transformer.processor import TransformerProcessor
from vla_isaac.models.vla_transformer.trunk import Trunk


class VisionLanguageActionTransformer(EncodedModel):
    """Outputs beside those of every model that imitates: values (B,) and policy_logits (B, A, bins).

    The value head says what the moment is worth: the discount to the power of the steps that are left to success. The policy
    head says how likely each bin of each number of the next action is, for those who go on with reinforcement learning.
    """

    config_class = TransformerConfig
    processor_class = TransformerProcessor

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__(config)
        self.trunk = Trunk(config, text=config.text_dim)
        numbers = len(config.action_names)
        self.action_head = Decision(self.trunk.width, config.hidden, config.chunk * numbers)
        self.value_head = perceptron(self.trunk.width, 128, 1, layers=1)
        self.policy_head = perceptron(self.trunk.width, 128, numbers * config.policy_bins, layers=1)
        self.post_init()

    def forward(self, batch: Batch) -> Outputs:
        """Return actions, values and policy."""
        config = self.config
        known = self.trunk(batch, self.read(batch))
        with torch.autocast(known.everything.device.type, enabled=False):
            places, raw = self.action_head(known.everything, known.hand)
            values = self.value_head(known.everything).squeeze(1)
            policy = self.policy_head(known.everything)
        return {
            **known.outputs,
            "objects": places,
            "raw": raw.view(-1, config.chunk, len(config.action_names)),
            "values": values.sigmoid(),
            "policy_logits": policy.view(-1, len(config.action_names), config.policy_bins),
        }

    def loss(self, batch: Batch, outputs: Outputs) -> dict[str, Tensor]:
        """Return the terms of every model that imitates, and those of the value and policy heads."""
        terms, counts, weights = super().loss(batch, outputs), fitting(batch), self.config.loss_weights
        if "steps_left" in batch:
            worth = self.config.discount ** batch["steps_left"]
            terms["value"] = weights["value"] * losses.masked_mean((outputs["values"] - worth).pow(2), counts)
        first = torch.where(self.is_gripper, 2 * batch["actions"][:, 0] - 1, batch["actions"][:, 0])
        surprise = losses.binned_cross_entropy(first, outputs["policy_logits"], counts[:, None])
        return terms | {"policy": weights["policy"] * surprise}

    def encode_vision(self, batch: Batch) -> Tensor:
        """Return the pictures of all cameras as tokens (B, V, dim), before they meet the words."""
        grids = self.trunk.grids(batch)
        return torch.cat([self.trunk.tokens(name, grid) for name, grid in grids.items()], dim=1)

    def encode_language(self, batch: Batch) -> Tensor:
        """Return the words as tokens (B, L, dim), before they meet the pictures."""
        tokens: Tensor = self.trunk.word_in(self.read(batch).words)
        return tokens
