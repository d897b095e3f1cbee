"""`KeypointConfig`: the sizes of the network, and how much each part of its loss weighs."""

from __future__ import annotations

from typing import Any

from vla_isaac.models.base import VLAConfig


class KeypointConfig(VLAConfig):
    """Fields of `keypoints` beside those of every model."""

    model_type = "keypoints"

    def __init__(
        self,
        *,
        crops: dict[str, list[float]] | None = None,
        strides: dict[str, list[int]] | None = None,
        stem_channels: int = 32,
        channels: int = 64,
        blocks: int = 2,
        keypoints: int = 32,
        spoken_keypoints: int = 8,
        text_dim: int = 64,
        text_slots: int = 4,
        text_layers: int = 2,
        hidden: int = 512,
        uses_hand_pose: bool = True,
        opens_above: float = 0.4,
        later_weight: float = 0.15,
        loss_weights: dict[str, float] | None = None,
        **more: Any,
    ) -> None:
        """Keep the sizes.

        Args:
            crops: Top and bottom of what is looked at of a camera's picture, as shares of its height; a camera without any
                is looked at whole.
            strides: Of the two convolutions of the stem, by camera; a camera without any takes [2, 2].
            stem_channels: Channels after the first convolution.
            channels: Channels of the picture's features.
            blocks: Residual blocks that the sentence modulates.
            keypoints: Points per camera whose meaning is learned.
            spoken_keypoints: Points per camera that the sentence says what to look for.
            text_dim: Width of a word.
            text_slots: Vectors that a sentence becomes.
            text_layers: Layers in which the words look at each other.
            hidden: Width of the layers that decide.
            uses_hand_pose: Whether joint angles are also given as the pose of the hand.
            opens_above: Open fraction below which the gripper is closed; what is learned of a moment between two minds is a
                mean of both, and a gripper that is a third open neither holds nor lets go.
            later_weight: How much each action of a chunk after the first weighs. The first is what is carried out; what
                comes later depends on disturbances that nobody can foresee, and their noise drowns the rest.
            loss_weights: How much each term of the loss weighs; terms left out keep their defaults.
            more: Fields of `VLAConfig`.
        """
        self.crops = crops if crops is not None else {"front": [0.25, 0.875], "wrist": [0.0, 0.8125]}
        self.strides = strides if strides is not None else {"wrist": [4, 2]}
        self.stem_channels = stem_channels
        self.channels = channels
        self.blocks = blocks
        self.keypoints = keypoints
        self.spoken_keypoints = spoken_keypoints
        self.text_dim = text_dim
        self.text_slots = text_slots
        self.text_layers = text_layers
        self.hidden = hidden
        self.uses_hand_pose = uses_hand_pose
        self.opens_above = opens_above
        self.later_weight = later_weight
        weights = {"translation": 1.0, "rotation": 1.0, "gripper": 0.3, "objects": 0.5, "pixels": 0.05, "grounding": 0.2}
        self.loss_weights = {**weights, **(loss_weights or {})}
        super().__init__(**more)
