"""`RenderRequest`: what a picture shows, for backends and renderers alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class RenderRequest:
    """Camera, resolution and contents of a requested frame."""

    camera: str
    """Name of a camera of the loaded scene."""

    resolution_hw: tuple[int, int] | None = None
    """Height and width [px]; None takes the camera's own."""

    look: Literal["fast", "good"] = "fast"
    """`fast` for policies: no shadows, no multisampling. `good` for videos."""

    depth: bool = False
    """Whether the frame carries depth [m]."""

    segmentation: bool = False
    """Whether the frame carries object rows per pixel."""
