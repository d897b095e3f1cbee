"""Camera configuration: pose, field of view, intrinsics and extrinsics."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from vla_isaac.core.arrays import Array
from vla_isaac.core.errors import ConfigError
from vla_isaac.core.number_fields import check_number_fields
from vla_isaac.core.poses import Pose, look_at


@dataclass(frozen=True, kw_only=True)
class CameraConfig:
    """Pose, resolution and field of view of a camera; plain values, no simulator objects."""

    name: str
    """Key of this camera in every observation, such as ``"front"``."""

    eye: tuple[float, float, float]
    """Optical centre [m] in the frame of its mount."""

    target: tuple[float, float, float]
    """A point it looks at [m] in the frame of its mount."""

    up: tuple[float, float, float] = (0.0, 0.0, 1.0)
    """Direction that is up in the image, in the frame of its mount."""

    mount: Literal["world", "hand"] = "world"
    """The body it is fixed to; `hand` is the link `panda_hand`."""

    resolution_hw: tuple[int, int] = (224, 224)
    """Image height and width [px] unless a request gives another."""

    fov_y: float = 0.9
    """Vertical field of view [rad]."""

    def __post_init__(self) -> None:
        check_number_fields(f"camera {self.name!r}", self)
        if min(self.resolution_hw) < 1:
            raise ConfigError(
                f"camera {self.name!r}: resolution_hw={self.resolution_hw} has no pixels",
                remedy="give (height, width), for example (224, 224)",
            )
        if max(self.resolution_hw) > 4096:
            raise ConfigError(
                f"camera {self.name!r}: resolution_hw={self.resolution_hw} is larger than 4096 px", remedy="choose less"
            )
        if not 0.05 <= self.fov_y <= 2.8:
            raise ConfigError(f"camera {self.name!r}: fov_y={self.fov_y} rad must lie within 0.05 to 2.8 rad")
        look_at(np.array(self.eye), np.array(self.target), np.array(self.up))

    @property
    def pose_mount_camera(self) -> Pose:
        """Extrinsics: the camera (+z forward, +x right, +y down) in the frame of its mount."""
        return look_at(np.array(self.eye), np.array(self.target), np.array(self.up))

    def intrinsics(self, resolution_hw: tuple[int, int] | None = None) -> Array:
        """Return the matrix K with square pixels, shape (3, 3) [px]."""
        height, width = resolution_hw or self.resolution_hw
        focal = 0.5 * height / math.tan(0.5 * self.fov_y)
        return np.array([[focal, 0.0, width / 2], [0.0, focal, height / 2], [0.0, 0.0, 1.0]])


FRONT = CameraConfig(name="front", eye=(1.25, 0.0, 0.62), target=(0.47, 0.0, 0.05), fov_y=0.80)
SIDE = CameraConfig(name="side", eye=(0.50, 0.95, 0.55), target=(0.48, 0.0, 0.06), fov_y=0.80)
WRIST = CameraConfig(
    name="wrist", eye=(0.075, 0.0, 0.01), target=(0.015, 0.0, 0.20), up=(1.0, 0.0, 0.0), mount="hand", fov_y=1.20
)
VIDEO = CameraConfig(name="video", eye=(1.45, 0.86, 0.86), target=(0.30, 0.0, 0.26), fov_y=0.72, resolution_hw=(480, 640))
"""The view of the recorded videos: the whole arm and the table."""

STANDARD_CAMERAS = (FRONT, SIDE, WRIST)
