"""`MiniConfig`: sizes of the network, poses of its cameras, and weights of the loss terms."""

from __future__ import annotations

from typing import Any

from vla_isaac.models.base import VLAConfig
from vla_isaac.scene.cameras import FRONT, WRIST

WEIGHTS = {
    "centre": 1.0, "colour": 0.5, "shape": 0.5, "place": 0.5, "turn": 0.3, "size": 0.1,
    "translation": 1.0, "rotation": 1.0, "gripper": 0.3, "where": 0.2, "next": 0.2,
}  # fmt: skip


def standard_views() -> dict[str, dict[str, Any]]:
    """Return the poses of the two cameras, the same in every built-in scene."""
    return {
        camera.name: {
            "eye": list(camera.eye),
            "target": list(camera.target),
            "up": list(camera.up),
            "fov_y": camera.fov_y,
            "mount": camera.mount,
        }
        for camera in (FRONT, WRIST)
    }


class MiniConfig(VLAConfig):
    """Fields of `mini` in addition to those of every model."""

    model_type = "mini"

    def __init__(
        self,
        *,
        views: dict[str, dict[str, Any]] | None = None,
        crops: dict[str, list[int]] | None = None,
        stem: int = 24,
        narrow: int = 48,
        wide: int = 96,
        blocks: int = 3,
        hidden: int = 512,
        opens_above: float = 0.4,
        loss_weights: dict[str, float] | None = None,
        **more: Any,
    ) -> None:
        """Store the sizes.

        Args:
            views: eye, target, up [m], fov_y [rad] and mount of each camera.
            crops: First and last row of each camera's picture that are used [px].
            stem: Channels after the first convolution of the front camera.
            narrow: Channels of the front camera's fine features.
            wide: Channels of coarse features.
            blocks: Residual blocks of coarse features.
            hidden: Hidden width of the controller head.
            opens_above: Open fraction below which the gripper is closed: a third open neither holds nor releases.
            loss_weights: Weight of each term of the loss; terms left out keep their defaults.
            more: Fields of `VLAConfig`.
        """
        self.views = views or standard_views()
        self.crops = crops or {"front": [24, 112], "wrist": [0, 104]}
        self.stem = stem
        self.narrow = narrow
        self.wide = wide
        self.blocks = blocks
        self.hidden = hidden
        self.opens_above = opens_above
        self.loss_weights = {**WEIGHTS, **(loss_weights or {})}
        super().__init__(**more)
