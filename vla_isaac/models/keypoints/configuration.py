"""`KeypointConfig`: the sizes of the network."""

from __future__ import annotations

from typing import Any

from vla_isaac.models.imitation import ImitationConfig


class KeypointConfig(ImitationConfig):
    """Fields of `keypoints` in addition to those of every imitation model."""

    model_type = "keypoints"

    def __init__(self, *, keypoints: int = 32, spoken_keypoints: int = 8, text_slots: int = 4, **more: Any) -> None:
        """Store the sizes.

        Args:
            keypoints: Keypoints per camera that do not depend on the sentence.
            spoken_keypoints: Keypoints per camera whose query is computed from the sentence.
            text_slots: Vectors that encode a sentence.
            more: Fields of `ImitationConfig`.
        """
        self.keypoints = keypoints
        self.spoken_keypoints = spoken_keypoints
        self.text_slots = text_slots
        super().__init__(**more)
