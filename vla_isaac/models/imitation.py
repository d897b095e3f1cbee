"""`ImitationModel`: base class of networks trained on demonstrations to predict actions and the goal's object positions.

An architecture defines `forward`. Its outputs are, in addition to its own:

    raw            (B, k, A), normalised; the gripper as a logit of its open fraction
    grounding      (B,), logit of whether the named objects are in the scene
    objects        (B, 6), positions of the goal's two objects, in units of `UNIT` from the middle of the workspace
    goals_CAMERA   (B, 2, h, w), attention maps of the two objects in a camera's picture, sum 1; may be absent
    heat_CAMERA    (B, h, w), attention map of a camera's picture, sum 1
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from vla_isaac.models import losses
from vla_isaac.models.base import Answer, Batch, Outputs, VLAConfig, VLAModel
from vla_isaac.models.kinematics import MIDDLE, UNIT
from vla_isaac.models.parts.maps import uncropped

GRIPPER = "gripper"
LEAST_OPENING = 0.7  # fraction; every release of a demonstration opens at least this far
GOALS_IN, HEAT_IN = "goals_", "heat_"
WEIGHTS = {"translation": 1.0, "rotation": 1.0, "gripper": 0.3, "objects": 0.5, "pixels": 0.05, "grounding": 0.2}


class ImitationConfig(VLAConfig):
    """Fields in addition to those of every model."""

    model_type = "imitation"
    weights = WEIGHTS
    """Default weight of each term of the loss."""

    def __init__(
        self,
        *,
        crops: dict[str, list[float]] | None = None,
        strides: dict[str, list[int]] | None = None,
        stem_channels: int = 32,
        channels: int = 64,
        blocks: int = 2,
        text_dim: int = 64,
        text_layers: int = 2,
        hidden: int = 512,
        uses_proprioception: bool = True,
        uses_hand_pose: bool = True,
        opens_above: float = 0.4,
        later_weight: float = 0.15,
        loss_weights: dict[str, float] | None = None,
        **more: Any,
    ) -> None:
        """Store the sizes.

        Args:
            crops: Top and bottom of the part of a camera's picture that is used, as fractions of its height; a camera
                without a crop uses the whole picture.
            strides: Strides of the two convolutions of the stem, by camera; the default is [2, 2].
            stem_channels: Channels after the first convolution.
            channels: Channels of the picture features.
            blocks: Residual blocks.
            text_dim: Width of a word.
            text_layers: Layers of self-attention between words.
            hidden: Hidden width of the action head.
            uses_proprioception: Whether the state of the arm is an input.
            uses_hand_pose: Whether joint angles are also given as the pose of the hand.
            opens_above: Open fraction below which the gripper is closed. Where demonstrations disagree the network predicts
                a mean, and a gripper that is a third open neither holds nor releases.
            later_weight: Loss weight of each action of a chunk after the first. Only the first is executed; later ones
                depend on unpredictable disturbances, whose noise would dominate the loss.
            loss_weights: Weight of each term of the loss; terms left out keep their defaults.
            more: Fields of `VLAConfig`.
        """
        self.crops = crops if crops is not None else {"front": [0.25, 0.875], "wrist": [0.0, 0.8125]}
        self.strides = strides if strides is not None else {"wrist": [4, 2]}
        self.stem_channels = stem_channels
        self.channels = channels
        self.blocks = blocks
        self.text_dim = text_dim
        self.text_layers = text_layers
        self.hidden = hidden
        self.uses_proprioception = uses_proprioception
        self.uses_hand_pose = uses_hand_pose
        self.opens_above = opens_above
        self.later_weight = later_weight
        self.loss_weights = {**self.weights, **(loss_weights or {})}
        super().__init__(**more)


class ImitationModel(VLAModel):
    """Base class of networks trained on demonstrations; a subclass defines `forward` and may add terms to `loss`."""

    config_class = ImitationConfig
    is_gripper: Tensor

    def __init__(self, config: ImitationConfig) -> None:
        super().__init__(config)
        self.register_buffer("is_gripper", torch.tensor([name == GRIPPER for name in config.action_names]))

    def _init_weights(self, module: Any) -> None:
        """Keep each layer's own initialisation."""

    def loss(self, batch: Batch, outputs: Outputs) -> dict[str, Tensor]:
        """Return the terms: actions, object positions, attention maps, and whether the named objects are in the scene."""
        raw, is_fitting = outputs["raw"], fitting(batch)
        terms = self.imitation(batch["actions"], raw, self._counts(batch))
        if "goal_objects" in batch:
            places = (batch["goal_objects"] - torch.tensor(2 * MIDDLE, device=raw.device)) / UNIT
            terms["objects"] = losses.positions(places, outputs["objects"], is_fitting[:, None])
        looks = [self._pointing(name, pixels, outputs, is_fitting) for name, pixels in batch.get("goal_pixels", {}).items()]
        if looks:
            terms["pixels"] = torch.stack(looks).sum()
        terms["grounding"] = losses.grounding(is_fitting, outputs["grounding"])
        return {name: self.config.loss_weights[name] * value for name, value in terms.items()}

    def imitation(self, target: Tensor, raw: Tensor, counts: Tensor) -> dict[str, Tensor]:
        """Return the loss between predicted and target actions by kind, (..., A) each; `counts` is (..., 1)."""
        terms: dict[str, Tensor] = {}
        for kind, columns in self._columns().items():
            distance = losses.gripper_bce if kind == GRIPPER else losses.l1
            terms[kind] = distance(target[..., columns], raw[..., columns], counts)
        return terms

    def binned_loss(self, batch: Batch, logits: Tensor) -> Tensor:
        """Return the cross-entropy of the bins of the next action, logits (B, A, bins); the gripper is scaled to -1 to 1."""
        first = torch.where(self.is_gripper, 2 * batch["actions"][:, 0] - 1, batch["actions"][:, 0])
        return losses.binned_cross_entropy(first, logits, fitting(batch)[:, None])

    def act(self, outputs: Outputs) -> Answer:
        """Return the chunk, with the gripper open or closed, and the confidence."""
        return Answer(self.decided(outputs["raw"]), outputs["grounding"].sigmoid())

    def decided(self, raw: Tensor) -> Tensor:
        """Return actions with the gripper as an open fraction that is either closed or open."""
        return torch.where(self.is_gripper, open_or_closed(raw.sigmoid(), self.config.opens_above), raw)

    def score(self, batch: Batch, outputs: Outputs) -> dict[str, tuple[float, int]]:
        """Return the metrics of every model, and the error of the predicted object positions."""
        found = super().score(batch, outputs)
        if "goal_objects" in batch:
            fits = batch["is_fitting"] > 0
            middle = torch.tensor(2 * MIDDLE, device=fits.device)
            missed = (outputs["objects"][fits] * UNIT - (batch["goal_objects"][fits] - middle)).abs()
            known = torch.isfinite(missed)
            found["objects_mm"] = (1000.0 * float(missed[known].mean()) if known.any() else 0.0, int(known.sum()))
        return found

    def heat(self, outputs: Outputs) -> dict[str, Tensor]:
        """Return the attention maps on whole pictures."""
        crops = self.config.crops
        found = {name: outputs[HEAT_IN + name] for name in self.config.cameras if HEAT_IN + name in outputs}
        return {name: uncropped(maps, crops.get(name)) for name, maps in found.items()}

    # ------------------------------------------------------------------

    def _counts(self, batch: Batch) -> Tensor:
        """Return the loss weight of each action of a chunk, (B, k, 1)."""
        counts = (~batch["is_pad"] & (fitting(batch) > 0)[:, None])[..., None].float()
        counts[:, 1:] *= self.config.later_weight
        return counts

    def _pointing(self, camera: str, pixels: Tensor, outputs: Outputs, is_fitting: Tensor) -> Tensor:
        """Return the loss of a camera's attention maps on the goal's objects."""
        top, bottom = self.config.crops.get(camera, (0.0, 1.0))
        seen = torch.stack([pixels[..., 0], (pixels[..., 1] - top) / (bottom - top)], dim=-1)
        return losses.pointing(seen, outputs[GOALS_IN + camera], is_fitting[:, None])

    def _columns(self) -> dict[str, list[int]]:
        """Return the columns of an action by kind; all joints of a joint action count as translation."""
        kinds: dict[str, list[int]] = {}
        for column, name in enumerate(self.config.action_names):
            kind = GRIPPER if name == GRIPPER else "rotation" if name in ("rx", "ry", "rz") else "translation"
            kinds.setdefault(kind, []).append(column)
        return kinds


def open_or_closed(fraction: Tensor, opens_above: float) -> Tensor:
    """Return open fractions with 0 where they are below `opens_above`, and at least `LEAST_OPENING` elsewhere."""
    return torch.where(fraction < opens_above, torch.zeros_like(fraction), fraction.clamp(min=LEAST_OPENING))


def fitting(batch: Batch) -> Tensor:
    """Return which samples' sentences name objects of the scene, (B,); all ones if the batch does not say."""
    found: Tensor = batch["is_fitting"] if "is_fitting" in batch else torch.ones(len(batch["state"]))
    return found.to(batch["state"].device)
