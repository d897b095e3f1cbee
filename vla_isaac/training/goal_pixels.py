"""`goal_pixels`: image coordinates of the goal's objects, projected from their poses; targets of the attention maps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vla_isaac.core.arrays import AnyArray, Array
from vla_isaac.datasets.episode import CameraInfo
from vla_isaac.datasets.loading.rows import Rows
from vla_isaac.robots import panda
from vla_isaac.robots.kinematics import forward_kinematics
from vla_isaac.scene.cameras import CameraConfig


def goal_pixels(rows: Rows, cameras: Sequence[str]) -> dict[str, AnyArray] | None:
    """Return x and y of both objects as fractions of width and height, by camera, (N, 2, 2); NaN if not in front of it.

    None if the dataset lacks object poses, joint angles or camera parameters.
    """
    names = rows.state_names
    if rows.goals is None or panda.ARM_JOINTS[0] not in names:
        return None
    if not all(camera in place.meta.cameras for place in rows.places for camera in cameras):
        return None
    first = names.index(panda.ARM_JOINTS[0])
    found = {camera: np.full((len(rows), 2, 2), np.nan, dtype=np.float32) for camera in cameras}
    for place in rows.places:
        here = slice(place.first, place.first + place.length)
        objects = rows.goals[here].reshape(-1, 2, 3).astype(np.float64)
        qpos = rows.state[here, first : first + len(panda.ARM_JOINTS)]
        for camera in cameras:
            info = place.meta.cameras[camera]
            seen = objects if info.mount == "world" else seen_from_hand(objects, qpos)
            found[camera][here] = seen_at(seen, info)
    return found


def seen_at(points: Array, info: CameraInfo) -> Array:
    """Return the image coordinates (..., 2) of points (..., 3) [m] in the frame of the camera's mount."""
    camera = CameraConfig(
        name="seen", eye=info.eye, target=info.target, up=info.up, fov_y=info.fov_y, resolution_hw=(info.height, info.width)
    )
    inside = camera.pose_mount_camera.inverse().apply(points)
    depth = np.where(inside[..., 2:] > 1e-3, inside[..., 2:], np.nan)
    pixels: Array = (inside @ camera.intrinsics().T)[..., :2] / depth
    return pixels / [info.width, info.height]


def seen_from_hand(points: Array, qpos: AnyArray) -> Array:
    """Return points (N, K, 3) [m] of the base frame in the frame of the hand; qpos is (N, 7) [rad]."""
    hands = forward_kinematics(qpos)
    hands[:, :3, 3] -= panda.HAND_TO_EE * hands[:, :3, 2]
    return (points - hands[:, None, :3, 3]) @ hands[:, :3, :3]
