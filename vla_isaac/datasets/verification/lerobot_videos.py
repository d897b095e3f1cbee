"""Verify the video files of a LeRobot dataset: existence, rate, size and length."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from vla_isaac.core.errors import DatasetError
from vla_isaac.datasets.lerobot.description import axes_of
from vla_isaac.datasets.verification.finding import Finding
from vla_isaac.datasets.verification.lerobot_layout import LeRobotLayout, Where
from vla_isaac.datasets.verification.lerobot_shares import share_findings, span_faults
from vla_isaac.datasets.video_files import VideoInfo, read_video_info


def video_findings(layout: LeRobotLayout) -> Iterator[Finding]:
    """Yield the faults of the videos, reading each file once."""
    keys = [name for name, feature in layout.info["features"].items() if feature["dtype"] == "video"]
    for key in keys:
        by_file: dict[Path, list[Where]] = defaultdict(list)
        for where in layout.episodes:
            by_file[where.videos[key].path].append(where)
        for path, episodes in by_file.items():
            yield from _file_findings(layout, key, path, episodes)


def _file_findings(layout: LeRobotLayout, key: str, path: Path, episodes: list[Where]) -> Iterator[Finding]:
    file = layout.relative(path)
    try:
        info = read_video_info(path)
    except DatasetError as error:
        yield from (Finding(file=file, episode=where.number, what=str(error)) for where in episodes)
        return
    for words in _kind_faults(info, layout, key):
        yield Finding(file=file, episode=episodes[0].number, what=words)
    for where in episodes:
        available = info.num_frames - where.videos[key].first
        if available < where.length:
            what = f"the video has {max(available, 0)} pictures for the {where.length} rows of this episode; it is cut off"
            yield Finding(file=file, episode=where.number, row=max(available, 0), what=what)
        for words in span_faults(where, key, layout.fps):
            yield Finding(file=file, episode=where.number, what=words)
    yield from share_findings(file, key, episodes, info.num_frames)


def _kind_faults(info: VideoInfo, layout: LeRobotLayout, key: str) -> Iterator[str]:
    if abs(info.fps - layout.fps) > 0.01:
        yield f"the video runs at {info.fps:g} pictures per second, the dataset at {layout.fps:g}"
    try:
        height, width = axes_of(key, layout.info["features"][key]).resolution_hw
    except DatasetError as error:
        yield str(error)
        return
    if (info.height, info.width) != (height, width):
        yield f"the video has pictures of {info.height} x {info.width}, the dataset says {height} x {width}"
