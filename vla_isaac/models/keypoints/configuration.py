"""`KeypointConfig`: the sizes of the network."""

from __future__ import annotations

from typing import Any

from vla_isaac.models.imitation import ImitationConfig


class KeypointConfig(ImitationConfig):
    """Fields of `keypoints` in addition to those of every model that imitates."""

    model_type = "keypoints"

    def __init__(self, *, keypoints: int = 32, spoken_keypoints: int = 8, text_slots: int = 4, **more: Any) -> None:
        """Keep the sizes.

        Args:
            keypoints: Points per camera whose meaning is learned.
            spoken_keypoints: Points per camera that the sentence says what to look for.
            text_slots: Vectors that a sentence becomes.
            more: Fields of `ImitationConfig`.
        """
        self.keypoints = keypoints
        self.spoken_keypoints = spoken_keypoints
        self.text_slots = text_slots
        super().__init__(**more)
