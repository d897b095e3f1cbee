"""Verify that an episode shows its own pictures: not those of another, and not those that another's statistics describe.

Files and offsets may be consistent and still belong to another episode, such as after renaming.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.errors import DatasetError
from vla_isaac.core.input_files import reading
from vla_isaac.datasets.formats import DatasetReader
from vla_isaac.datasets.lerobot.description import all_cameras_of
from vla_isaac.datasets.lerobot.rows import read_statistics
from vla_isaac.datasets.lerobot_v21.files import EPISODE_STATS, read_lines
from vla_isaac.datasets.verification.lerobot_layout import LeRobotLayout
from vla_isaac.datasets.verification.pictures import Look

FAR = 0.01  # of 1, by which a mean is not that of the statistics; a video's compression changes it by 0.002
NEAR = 0.004  # of 1, by which it may differ from that of another episode to be taken for it
MOVING = ("action", "observation.state")

Looks = dict[tuple[str, int], Look]
"""What pictures look like, by camera and episode."""

Means = Mapping[tuple[str, int], AnyArray]
"""Mean of each color that the statistics list, 0 to 1, shape (3,); by camera and episode."""


@dataclass(frozen=True)
class Swap:
    """An episode that shows the pictures of another, both counted from 0."""

    camera: str
    episode: int
    other: int
    words: str
    """Description, with a place for the number of the other episode."""


def same_pictures(reader: DatasetReader, looks: Looks) -> Iterator[Swap]:
    """Yield where moving pictures are those of an earlier episode with other numbers."""
    first: dict[tuple[str, bytes], int] = {}
    for (camera, episode), look in looks.items():
        if look.digest is None:
            continue
        other = first.setdefault((camera, look.digest), episode)
        if other != episode and _moves_differently(reader, episode, other):
            yield Swap(camera, episode, other, "all pictures are those of episode {}, whose numbers differ")


def others_pictures(listed: Means, looks: Looks) -> Iterator[Swap]:
    """Yield where pictures fit the statistics of another episode, and not their own.

    What all episodes have in common, such as another range of colors in the video, is taken off first.
    """
    by_camera: dict[str, list[int]] = defaultdict(list)
    for camera, episode in looks:
        if (camera, episode) in listed:
            by_camera[camera].append(episode)
    for camera, episodes in by_camera.items():
        shown = np.array([looks[camera, episode].mean for episode in episodes])
        stated = np.array([listed[camera, episode] for episode in episodes])
        shown = shown - np.median(shown - stated, axis=0)
        for place, episode in enumerate(episodes):
            away = np.abs(stated - shown[place]).max(axis=1)
            nearest = int(np.argmin(away))
            if away[place] > FAR and away[nearest] < NEAR:
                words = "the pictures are those that the statistics of episode {} describe"
                yield Swap(camera, episode, episodes[nearest], words)


def listed_means(layout: LeRobotLayout | None) -> Means:
    """Return the means of the pictures as the statistics of a LeRobot dataset list them; none where these are broken."""
    if layout is None:
        return {}
    try:
        with reading(layout.root / layout.stats_file, error=DatasetError, remedy="compute them again"):
            return dict(_listed_means(layout))
    except DatasetError:
        return {}  # reported where statistics are compared


def _listed_means(layout: LeRobotLayout) -> Iterator[tuple[tuple[str, int], AnyArray]]:
    cameras = {camera.key: name for name, camera in all_cameras_of(layout.info).items()}
    statistics = _of_lines(layout) if layout.is_v21 else enumerate(read_statistics(layout.root))
    for episode, columns in statistics:
        for key in columns.keys() & cameras.keys():
            mean = np.asarray(columns[key].get("mean", ()), dtype=np.float64).reshape(-1)
            if mean.shape == (3,) and ((mean >= 0) & (mean <= 1)).all():
                yield (cameras[key], episode), mean


def _of_lines(layout: LeRobotLayout) -> Iterator[tuple[int, Mapping[str, Any]]]:
    places = {where.number: place for place, where in enumerate(layout.episodes)}
    for entry in read_lines(layout.root / EPISODE_STATS):
        if entry["episode_index"] in places:
            yield places[entry["episode_index"]], entry["stats"]


def _moves_differently(reader: DatasetReader, one: int, other: int) -> bool:
    names = [name for name in MOVING if name in reader.info.features]
    left, right = reader.columns(one, names), reader.columns(other, names)
    return any(not np.array_equal(left[name], right[name]) for name in names)
