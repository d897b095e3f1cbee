"""`TransitionViews`: camera poses of a transition dataset, and object positions in the camera frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.poses import look_at
from vla_isaac.datasets.transitions import Transitions
from vla_isaac.scene.builder import scene_preset
from vla_isaac.training.goal_pixels import seen_from_hand


class TransitionViews:
    """Poses of the cameras, episode by episode."""

    def __init__(self, transitions: Transitions, cameras: Sequence[str]) -> None:
        self._place = np.nan_to_num(transitions.rows["objects"][..., :3])
        self._state, self._of_episode = transitions.rows["state"], transitions.of_episode
        views = transitions.episodes["views"]
        named = {camera.name: (number, camera.mount) for number, camera in enumerate(_recorded(transitions))}
        self._poses: dict[str, tuple[AnyArray, AnyArray, str]] = {}
        for name in cameras:
            number, mount = named[name]
            of_camera = [look_at(*(view[k : k + 3].astype(float) for k in (0, 3, 6))) for view in views[:, number]]
            rotation = np.stack([pose.rotation for pose in of_camera])
            self._poses[name] = rotation, views[:, number, :3].astype(float), mount

    def inside(self, rows: AnyArray) -> dict[str, Tensor]:
        """Return the positions of all objects in each camera's frame [m], (B, K, 3)."""
        inside, episodes = {}, self._of_episode[rows]
        for name, (rotation, origin, mount) in self._poses.items():
            place = self._place[rows].astype(float)
            if mount != "world":
                place = seen_from_hand(place, self._state[rows, :7])
            seen = (place - origin[episodes][:, None]) @ rotation[episodes]
            inside[name] = torch.from_numpy(seen.astype(np.float32))
        return inside


def _recorded(transitions: Transitions) -> list[Any]:
    """Return the recorded standard cameras, in the order of the scene."""
    return [camera for camera in scene_preset("tabletop").cameras if camera.name in transitions.pictures]
