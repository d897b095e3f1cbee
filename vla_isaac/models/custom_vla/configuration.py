"""`CustomConfig`: sizes of the network; its encoders are of the CLIP family by default."""

from __future__ import annotations

from typing import Any

from vla_isaac.models.encoders.pretrained import CLIP_SMALL
from vla_isaac.models.vla_transformer.configuration import TrunkConfig


class CustomConfig(TrunkConfig):
    """Fields of `custom_vla`."""

    model_type = "custom_vla"
    usual_vision = usual_language = CLIP_SMALL

    def __init__(self, *, tasks: list[str] | None = None, layers: int = 1, **more: Any) -> None:
        """Store the sizes.

        Args:
            tasks: Names of the tasks that have an embedding; taken from the data.
            layers: Layers of cross-attention between words and picture patches.
            more: Fields of `TrunkConfig`.
        """
        self.tasks = tasks or ["task"]
        super().__init__(layers=layers, **more)
