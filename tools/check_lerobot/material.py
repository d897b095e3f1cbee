"""Demonstrations for both directions: real float32 numbers, pictures that move."""

from __future__ import annotations

import numpy as np

from vla_isaac.core.arrays import AnyArray
from vla_isaac.datasets.episode import OUTCOME, PROPRIOCEPTION, Episode, EpisodeMeta, Feature, action_feature
from vla_isaac.datasets.formats import DatasetInfo

HW = (64, 64)
CAMERAS = ("front", "wrist")
LENGTHS = (20, 13, 17)
FPS = 20.0
FEATURES: dict[str, Feature] = {
    **PROPRIOCEPTION,
    "action": action_feature(7, ("x", "y", "z", "rx", "ry", "rz", "gripper")),
    **OUTCOME,
}
SPEC = {"translation": "delta_base_m", "rotation": "axis_angle_rad", "gripper": "open_is_one", "rate_hz": FPS}
INFO = DatasetInfo(fps=FPS, features=FEATURES, cameras=dict.fromkeys(CAMERAS, HW), action_spec=SPEC)


def episode(number: int) -> Episode:
    """Return a demonstration; the same number gives the same one."""
    length, rng = LENGTHS[number], np.random.default_rng(number)
    columns: dict[str, AnyArray] = {}
    for name, feature in FEATURES.items():
        if feature.dtype == "bool":
            columns[name] = np.arange(length).reshape(-1, 1) == length - 1
        else:
            columns[name] = rng.normal(0.2, 1.3, (length, *feature.shape)).astype(np.float32)
    meta = EpisodeMeta(instruction=f"put the cube on pad {number % 2}", task="place", fps=FPS, seed=number, action_spec=SPEC)
    images = {camera: pictures(length, number + 5 * k) for k, camera in enumerate(CAMERAS)}
    return Episode(meta=meta, columns=columns, images=images)


def pictures(length: int, seed: int) -> AnyArray:
    """Return a square that moves over a shaded ground, shape (length, 64, 64, 3)."""
    rows, columns = np.mgrid[: HW[0], : HW[1]]
    ground = np.stack([60 + 2 * rows, 40 + 2 * columns, np.full(HW, 90)], axis=-1).astype(np.uint8)
    shown = np.repeat(ground[None], length, axis=0)
    colour = np.random.default_rng(seed).integers(40, 255, 3)
    for t in range(length):
        top, left = (3 * t) % 48, (2 * t + 7 * seed) % 48
        shown[t, top : top + 16, left : left + 16] = colour
    return shown


def psnr(one: AnyArray, other: AnyArray) -> float:
    """Return how alike two pictures are [dB]."""
    return float(10 * np.log10(255.0**2 / np.mean((one.astype(np.float64) - other) ** 2)))
