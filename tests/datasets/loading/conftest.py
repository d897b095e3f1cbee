"""Small datasets to load from: numbers that say where they come from, pictures that say which step they are of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vla_isaac.datasets.episode import Episode, EpisodeMeta, Feature, action_feature
from vla_isaac.datasets.formats import DatasetInfo, create_dataset

NAMES = ("x", "y", "z", "rx", "ry", "rz", "gripper")
SIZE = (32, 32)


def telling_episode(
    number: int,
    length: int = 10,
    *,
    width: int = 7,
    task: str = "lift",
    cameras: Sequence[str] = ("front", "wrist"),
    size: tuple[int, int] = SIZE,
    goals: bool = False,
) -> Episode:
    """Return an episode whose action at step t is 100 * number + t in all columns, and whose pictures are 10 * t bright."""
    steps = np.arange(length, dtype=np.float32)
    action = np.repeat((100 * number + steps)[:, None], width, axis=1)
    action[:, -1] = steps % 2
    columns = {"action": action, "observation.state": np.repeat((steps - 1000 * number)[:, None], 8, axis=1)}
    if goals:
        columns["privileged.goal_objects"] = np.tile(np.array([1, 2, 3, np.nan, np.nan, np.nan], np.float32), (length, 1))
    pictures = np.broadcast_to((10 * steps).astype(np.uint8)[:, None, None, None], (length, *size, 3))
    meta = EpisodeMeta(instruction=f"{task} number {number}", task=task)
    return Episode(meta=meta, columns=columns, images={name: pictures.copy() for name in cameras})


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes episodes as a dataset and returns its path."""

    def write(episodes: Sequence[Episode], *, name: str = "data", format: str = "hdf5", **more: Any) -> Path:
        path = tmp_path / (f"{name}.hdf5" if format == "hdf5" else name)
        first = episodes[0]
        features = {key: Feature("float32", values.shape[1:]) for key, values in first.columns.items()}
        features["action"] = action_feature(
            first.columns["action"].shape[1], NAMES if first.columns["action"].shape[1] == 7 else None
        )
        cameras = {camera: pictures.shape[1:3] for camera, pictures in first.images.items()}
        with create_dataset(path, DatasetInfo(fps=20.0, features=features, cameras=cameras, **more), format) as writer:
            for episode in episodes:
                writer.add(episode)
        return path

    return write
