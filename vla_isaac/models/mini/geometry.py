"""Camera geometry of the detectors: rays of the cells of a picture, and projection of points to cells."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vla_isaac.core.arrays import Array
from vla_isaac.core.poses import look_at
from vla_isaac.models.kinematics import MIDDLE, REACH, cross
from vla_isaac.models.mini.detector import Detector, DetectorShape, FixedCameraDetector, HandCameraDetector
from vla_isaac.robots.panda import HAND_TO_EE

TABLE_MIDDLE = 0.02  # [m] height of the centre of most objects
FARTHEST = 2.0  # [m] largest distance along a ray


def make_detector(shape: DetectorShape, view: Mapping[str, Any]) -> Detector:
    """Return the detector of a camera.

    Args:
        shape: Sizes.
        view: eye, target, up, fov_y and mount of the camera, as in `CameraConfig`.
    """
    pose = look_at(*(np.array(view[name]) for name in ("eye", "target", "up")))
    rotation, origin = pose.rotation, np.array(view["eye"], dtype=float)
    rays = _rays(shape, float(view["fov_y"])) @ rotation.T
    if view["mount"] == "world":
        down = np.where(rays[:, 2] < -1e-3, (origin[2] - TABLE_MIDDLE) / -np.minimum(rays[:, 2], -1e-3), FARTHEST)
        ground = origin + rays * np.minimum(down, FARTHEST)[:, None]
        ground[:, 2] = TABLE_MIDDLE
        return FixedCameraDetector(shape, torch.tensor(ground, dtype=torch.float32))
    step = shape.cell / _focal(shape, float(view["fov_y"]))
    slope = tuple(torch.tensor(step * rotation[:, axis], dtype=torch.float32) for axis in (0, 1))
    eye = torch.tensor(origin - [0.0, 0.0, HAND_TO_EE], dtype=torch.float32)
    return HandCameraDetector(shape, torch.tensor(rays, dtype=torch.float32), (slope[0], slope[1]), eye)


def hand_pose(hand: Tensor) -> tuple[Tensor, Tensor]:
    """Return position [m] and rotation (B, 3, 3) of the `ee` from the numbers of `HandPose`."""
    position = hand[:, :3] * REACH + torch.tensor(MIDDLE, device=hand.device)
    x, y = hand[:, 3:6], hand[:, 6:9]
    return position, torch.stack([x, y, cross(x, y)], dim=2)


def seen_in(shape: DetectorShape, fov_y: float, inside: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the projection of points to column and row [cells], and whether they are in the grid.

    Args:
        shape: Sizes.
        fov_y: Vertical field of view of the whole picture [rad].
        inside: Points in the camera's frame [m], (..., 3).
    """
    focal = _focal(shape, fov_y)
    depth = inside[..., 2].clamp(min=1e-3)
    column = (focal * inside[..., 0] / depth + shape.width / 2) / shape.cell
    row = (focal * inside[..., 1] / depth + shape.width / 2 - shape.crop[0]) / shape.cell
    height, width = shape.grid
    is_seen = (inside[..., 2] > 0.02) & (column > 0) & (column < width) & (row > 0) & (row < height)
    return column, row, is_seen


def _focal(shape: DetectorShape, fov_y: float) -> float:
    return 0.5 * shape.width / math.tan(0.5 * fov_y)  # pictures are square


def _rays(shape: DetectorShape, fov_y: float) -> Array:
    """Return the direction of the middle of each cell in the camera's frame, with z of 1, (N, 3)."""
    height, width = shape.grid
    focal, half = _focal(shape, fov_y), shape.width / 2
    rows, columns = np.meshgrid(np.arange(height), np.arange(width), indexing="ij")
    x = ((columns + 0.5) * shape.cell - half) / focal
    y = ((rows + 0.5) * shape.cell + shape.crop[0] - half) / focal
    return np.stack([x, y, np.ones_like(x)], axis=-1).reshape(-1, 3)
