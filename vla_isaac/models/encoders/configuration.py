"""`EncodedConfig`: names and settings of a model's encoders."""

from __future__ import annotations

from typing import Any

from vla_isaac.models.encoders.pretrained import SMALL
from vla_isaac.models.imitation import ImitationConfig


class EncodedConfig(ImitationConfig):
    """Fields in addition to those of every imitation model."""

    model_type = "encoded"
    usual_vision = usual_language = SMALL
    """Default encoders."""

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
        """Store names and settings of the encoders.

        Args:
            vision: Name of the picture encoder, or its folder; see `encoders.pretrained.VISION_NAMES`.
            language: Name of the sentence encoder, or its folder.
            vision_settings: Its architecture and sizes; derived from the name.
            language_settings: Its architecture and sizes; derived from the name.
            trains_pretrained: Whether pretrained encoders are fine-tuned; otherwise they are frozen.
            more: Fields of `ImitationConfig`.
        """
        self.vision = vision or self.usual_vision
        self.language = language or self.usual_language
        self.vision_settings = vision_settings
        self.language_settings = language_settings
        self.trains_pretrained = trains_pretrained
        super().__init__(**more)
