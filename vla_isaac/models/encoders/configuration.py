"""`EncodedConfig`: which encoders a model has, and what they are made of."""

from __future__ import annotations

from typing import Any

from vla_isaac.models.encoders.pretrained import SMALL
from vla_isaac.models.imitation import ImitationConfig


class EncodedConfig(ImitationConfig):
    """Fields in addition to those of every model that imitates."""

    model_type = "encoded"
    usual_vision = usual_language = SMALL
    """Encoders unless a preset says otherwise."""

    def __init__(
        self,
        *,
        vision: str | None = None,
        language: str | None = None,
        vision_settings: dict[str, Any] | None = None,
        language_settings: dict[str, Any] | None = None,
        trains_pretrained: bool = False,
        **more: Any,
    ) -> None:
        """Keep what the encoders are.

        Args:
            vision: Name of the encoder of pictures, or its folder; see `encoders.pretrained.VISION_NAMES`.
            language: Name of the encoder of sentences, or its folder.
            vision_settings: What it is made of; follows from the name.
            language_settings: What it is made of; follows from the name.
            trains_pretrained: Whether pretrained encoders are trained further; they stay as they are otherwise.
            more: Fields of `ImitationConfig`.
        """
        self.vision = vision or self.usual_vision
        self.language = language or self.usual_language
        self.vision_settings = vision_settings
        self.language_settings = language_settings
        self.trains_pretrained = trains_pretrained
        super().__init__(**more)
