"""`LeRobotLayout`: places of the episodes of a LeRobot dataset, from its tables; the same for v3.0 and v2.1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vla_isaac.datasets.description import read_json
from vla_isaac.datasets.lerobot.description import info_of
from vla_isaac.datasets.lerobot.layout import DATA, INFO, STATS, VIDEO
from vla_isaac.datasets.lerobot.rows import read_rows
from vla_isaac.datasets.lerobot_v21 import files as v21
from vla_isaac.datasets.untrusted_paths import file_inside, reading


@dataclass(frozen=True)
class Span:
    """The images of an episode in a video file."""

    path: Path
    first: int


@dataclass(frozen=True, kw_only=True)
class Where:
    """The place of one episode."""

    number: int
    length: int
    data: Path
    videos: Mapping[str, Span] = field(default_factory=dict)
    """Spans by name of the feature."""


@dataclass(frozen=True, kw_only=True)
class LeRobotLayout:
    """The tables of a dataset."""

    root: Path
    info: Mapping[str, Any]
    episodes: list[Where]
    is_v21: bool

    @property
    def stats_file(self) -> str:
        """Return the relative path of its statistics."""
        return v21.EPISODE_STATS if self.is_v21 else STATS

    @property
    def fps(self) -> float:
        """Return the rows per second."""
        return float(self.info["fps"])

    def relative(self, path: Path) -> str:
        """Return a file's name for findings."""
        return path.relative_to(self.root).as_posix()


def read_layout(root: Path) -> LeRobotLayout:
    """Return the expected places; reads no data yet.

    Raises:
        DatasetError: If the tables are missing or broken.
    """
    info = read_json(file_inside(root, INFO))
    with reading(root / INFO):
        keys = [name for name, feature in info["features"].items() if feature["dtype"] == "video"]
        is_v21 = str(info["codebase_version"]).startswith("v2")
        episodes = _episodes_v21(root, info, keys) if is_v21 else _episodes_v30(root, info, keys)
        info_of(root, info)
        return LeRobotLayout(root=root, info=info, episodes=episodes, is_v21=is_v21)


def _episodes_v30(root: Path, info: Mapping[str, Any], keys: list[str]) -> list[Where]:
    data, video = info.get("data_path") or DATA, info.get("video_path") or VIDEO
    fps = float(info["fps"])
    return [
        Where(
            number=row.number,
            length=row.length,
            data=row.data.path(root, data),
            videos={
                key: Span(place.path(root, video, video_key=key), round(place.from_timestamp * fps))
                for key, place in row.videos.items()
            },
        )
        for row in read_rows(root, keys)
    ]


def _episodes_v21(root: Path, info: Mapping[str, Any], keys: list[str]) -> list[Where]:
    data, video = info.get("data_path") or v21.DATA, info.get("video_path") or v21.VIDEO
    size = int(info.get("chunks_size", v21.CHUNK))
    found = []
    for entry in v21.read_lines(root / v21.EPISODES, is_finished=True):
        number = int(entry["episode_index"])
        videos = {key: Span(v21.episode_path(root, video, number, size, video_key=key), 0) for key in keys}
        path = v21.episode_path(root, data, number, size)
        found.append(Where(number=number, length=int(entry["length"]), data=path, videos=videos))
    return found
