"""Small synthetic demonstrations whose numbers are awkward and whose pictures move."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from vla_isaac.core.arrays import AnyArray
from vla_isaac.datasets.episode import OUTCOME, PROPRIOCEPTION, CameraInfo, Episode, EpisodeMeta, Feature, action_feature
from vla_isaac.datasets.formats import DatasetInfo

CAMERA = CameraInfo(
    height=48, width=64, fov_y=0.9, mount="world", eye=(1.2, 0.0, 0.7), target=(0.5, 0.0, 0.1), up=(0.0, 0.0, 1.0)
)
ACTION_SPEC = {
    "translation": "delta_base_m",
    "rotation": "axis_angle_rad",
    "gripper": "open_is_one",
    "rate_hz": 20.0,
    "sticky_thresholds": [0.05, 0.95],
}
FEATURES: dict[str, Feature] = {
    "action": action_feature(7, ("x", "y", "z", "rx", "ry", "rz", "gripper")),
    **PROPRIOCEPTION,
    **OUTCOME,
}


def moving_pictures(length: int, hw: tuple[int, int], seed: int = 0) -> AnyArray:
    """Return a square that moves over a shaded ground, shape (length, H, W, 3); each picture differs from the one before."""
    height, width = hw
    rows, columns = np.mgrid[:height, :width]
    ground = np.stack([60 + 100 * rows // height, 40 + 120 * columns // width, np.full(hw, 90)], axis=-1)
    pictures = np.repeat(ground[None].astype(np.uint8), length, axis=0)
    side = height // 4
    colour = np.random.default_rng(seed).integers(40, 255, 3)
    for t in range(length):
        top, left = (3 * t) % (height - side), (5 * t + 7 * seed) % (width - side)
        pictures[t, top : top + side, left : left + side] = colour
    return pictures


def make_info(cameras: dict[str, tuple[int, int]] | None = None, fps: float = 20.0) -> DatasetInfo:
    """Return what the episodes of `make_episode` have in common."""
    chosen = {"front": (48, 64), "wrist": (48, 64)} if cameras is None else cameras
    return DatasetInfo(fps=fps, features=FEATURES, cameras=chosen, action_spec=ACTION_SPEC)


def make_episode(
    seed: int = 0,
    length: int = 12,
    *,
    instruction: str = "pick up the red cube",
    cameras: dict[str, tuple[int, int]] | None = None,
    fps: float = 20.0,
) -> Episode:
    """Return a demonstration; the same arguments give the same one."""
    rng = np.random.default_rng(seed)
    columns: dict[str, AnyArray] = {}
    for name, feature in FEATURES.items():
        if feature.dtype == "bool":
            columns[name] = np.arange(length).reshape(-1, 1) >= length - 1
        else:
            columns[name] = rng.normal(0.3, 1.7, (length, *feature.shape)).astype(np.float32)
    columns["action"][0, 0] = np.float32(0.1)  # has no finite binary form
    columns["action"][-1, 1] = np.float32(1e-30)
    chosen = make_info(cameras).cameras
    meta = EpisodeMeta(
        instruction=instruction,
        task="lift",
        goal=["lifted(cube)", "height(cube) > 0.05"],
        success=seed % 2 == 0,
        failure=None if seed % 2 == 0 else "timeout",
        reason="cube rose 0.060 m of 0.050 m",
        seed=seed,
        fps=fps,
        action_spec=ACTION_SPEC,
        cameras=dict.fromkeys(chosen, CAMERA),
        versions={"vla_isaac": "0.1"},
        extra={"perturbation": {"at": 3, "push": [0.01, -0.02, 0.0]}, "layout": "α"},
    )
    images = {name: moving_pictures(length, hw, seed + k) for k, (name, hw) in enumerate(chosen.items())}
    return Episode(meta=meta, columns=columns, images=images)


@pytest.fixture
def episode() -> Callable[..., Episode]:
    """Return the maker of episodes."""
    return make_episode


@pytest.fixture
def info() -> DatasetInfo:
    """Return what the episodes have in common."""
    return make_info()
