"""Small datasets that could have been recorded: an arm that turns its joints before two cameras."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from vla_isaac.datasets.episode import OUTCOME, PROPRIOCEPTION, CameraInfo, Episode, EpisodeMeta, action_feature
from vla_isaac.datasets.formats import DatasetInfo, create_dataset
from vla_isaac.robots import panda

FPS = 20.0
SIZE = (48, 64)
SPEC = {"translation": "delta_base_m", "rotation": "axis_angle_rad", "gripper": "width_m", "rate_hz": FPS}
FORMATS = ("lerobot", "lerobot-v2.1", "manifest", "hdf5")
CAMERA = CameraInfo(height=48, width=64, fov_y=0.9, mount="world", eye=(1.2, 0.0, 0.8), target=(0.5, 0.0, 0.1), up=(0, 0, 1))


def make_info(**changes) -> DatasetInfo:
    features = {**PROPRIOCEPTION, **OUTCOME, "action": action_feature(7, ["x", "y", "z", "rx", "ry", "rz", "gripper"])}
    info = DatasetInfo(
        fps=FPS, features=features, cameras={"front": SIZE, "hand": SIZE}, robot_type="franka_panda", action_spec=SPEC
    )
    return replace(info, **changes)


def make_columns(random, length: int, *, success: bool = True) -> dict[str, np.ndarray]:
    """Joints that turn slowly in one direction, so that no two rows are alike."""
    step = np.array([0.03, 0.02, -0.02, 0.02, 0.01, 0.02, -0.03])
    qpos = panda.QPOS_HOME + np.outer(np.arange(length + 1), step) + random.normal(0, 1e-4, (length + 1, 7))
    width = np.linspace(0.08, 0.0, length + 1)[:, None]
    states = np.concatenate([qpos, width], axis=1).astype(np.float32)
    done = np.arange(length) == length - 1
    columns = {
        "observation.state": states[:-1],
        "observation.velocity": np.broadcast_to(step * FPS, (length, 7)),
        "observation.ee_pose": random.normal(size=(length, 7)),
        "action": np.concatenate([random.uniform(-0.03, 0.03, (length, 6)), width[1:]], axis=1),
        "action.target": states[1:],
        "action.executed": states[1:],
        "next.progress": np.linspace(0.1, 1.0, length)[:, None],
        "next.success": (done & success)[:, None],
        "next.done": done[:, None],
    }
    return {name: np.asarray(v, dtype="bool" if v.dtype == bool else "float32") for name, v in columns.items()}


def make_pictures(random, length: int) -> np.ndarray:
    """A bright block that wanders over a background of its own."""
    w = SIZE[1]
    smooth = np.kron(random.integers(60, 200, (6, 8, 3)), np.ones((8, 8, 1)))
    frames = np.repeat(smooth[None].astype(np.uint8), length, axis=0)
    for t in range(length):
        x = (3 * t) % (w - 16)
        frames[t, 8:32, x : x + 16] = 250
    return frames


def make_episode(seed: int, length: int = 12, *, success: bool = True, cameras=("front", "hand"), **about) -> Episode:
    random = np.random.default_rng(seed)
    given = {
        "instruction": f"Put the red cube on box {seed} – langsam",
        "task": "place_on" if seed % 2 == 0 else "stack",
        "goal": ["lifted(red_cube)", "on(red_cube, blue_box)"],
        "reason": "red_cube lies on blue_box",
        "scene": "tabletop" if seed < 2 else "clutter",
        "randomisation": "layout",
        "policy": "scripted",
        "backend": "stub",
        "failure": None if success else "dropped",
        **about,
    }
    meta = EpisodeMeta(
        **given,
        seed=seed,
        success=success,
        fps=FPS,
        action_spec=SPEC,
        cameras=dict.fromkeys(cameras, CAMERA),
        versions={"vla_isaac": "0.1.0"},
        extra={"layout": {"red_cube": [0.5, 0.1, 0.02]}, "noise": 0.25},
    )
    columns = make_columns(random, length, success=success)
    return Episode(meta=meta, columns=columns, images={name: make_pictures(random, length) for name in cameras})


def path_of(folder, format: str, name: str = "demos"):
    return folder / (f"{name}.hdf5" if format == "hdf5" else name)


def write(path, episodes, format: str, **changes):
    writer = create_dataset(path, make_info(**changes), format)
    for episode in episodes:
        writer.add(episode)
    writer.close()
    return path
