"""`LeRobotLayout`: places of the episodes of a LeRobot dataset, from its tables; the same for v3.0 and v2.1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vla_isaac.datasets.lerobot.episode_reader import EpisodeReader
from vla_isaac.datasets.lerobot.info_json import read_info
from vla_isaac.datasets.lerobot.layout import STATS, TASKS
from vla_isaac.datasets.lerobot_v21 import files as v21


@dataclass(frozen=True)
class Span:
    """The images of an episode in a video file."""

    path: Path
    first: int
    """Index of its first image in the file."""

    from_timestamp: float = 0.0
    """Where it begins as it is listed [s]."""

    to_timestamp: float | None = None
    """Where it ends as it is listed [s]; None where it is not."""


@dataclass(frozen=True, kw_only=True)
class Where:
    """The place of one episode."""

    number: int
    length: int
    tasks: tuple[str, ...] = ()
    """The sentences that the list of episodes names."""

    data: Path
    videos: Mapping[str, Span] = field(default_factory=dict)
    """Spans by name of the feature."""

    rows: tuple[int, int | None] | None = None
    """Index of its first row and after its last among those of all episodes, as they are listed; None where they are not."""


@dataclass(frozen=True, kw_only=True)
class LeRobotLayout:
    """The tables of a dataset."""

    root: Path
    info: Mapping[str, Any]
    episodes: list[Where]
    tasks: Mapping[str, int]
    """The number of each task by its text."""

    is_v21: bool
    templates: tuple[str, str]
    """Paths of the data and of the videos, with placeholders."""

    @property
    def stats_file(self) -> str:
        """Return the relative path of its statistics; v2.0 has them as v3.0 does."""
        has_own = self.is_v21 and ((self.root / v21.EPISODE_STATS).exists() or not (self.root / STATS).exists())
        return v21.EPISODE_STATS if has_own else STATS

    @property
    def tasks_file(self) -> str:
        """Return the relative path of its table of tasks."""
        return v21.TASKS if self.is_v21 else TASKS

    @property
    def fps(self) -> float:
        """Return the rows per second."""
        return float(self.info["fps"])

    def relative(self, path: Path) -> str:
        """Return a file's name for findings."""
        return path.relative_to(self.root).as_posix()


def layout_of(reader: EpisodeReader) -> LeRobotLayout:
    """Return the places of the episodes of an open dataset; reads no data yet.

    Raises:
        DatasetError: If the table of tasks is broken.
    """
    info = read_info(reader.path)
    keys = [name for name, feature in info["features"].items() if feature["dtype"] == "video"]
    return LeRobotLayout(
        root=reader.path,
        info=info,
        episodes=[_where(reader, episode, keys) for episode in range(len(reader))],
        tasks=reader.tasks(),
        is_v21=reader.version == 2,
        templates=reader.templates(),
    )


def _where(reader: EpisodeReader, episode: int, keys: list[str]) -> Where:
    return Where(
        number=reader.number(episode),
        length=reader.length(episode),
        tasks=reader.listed_tasks(episode),
        data=reader.data_path(episode),
        videos={key: _span(reader, episode, key) for key in keys},
        rows=reader.listed_rows(episode),
    )


def _span(reader: EpisodeReader, episode: int, key: str) -> Span:
    place = reader.video_place(episode, key)
    first = reader.first_frame(episode, key)
    return Span(reader.video_path(episode, key), first, place.from_timestamp, place.to_timestamp)
