"""Verify that each picture, row and file of a LeRobot dataset belongs to one episode: none is shared, none is left over.

Episodes of v3.0 share files, and a wrong offset in the list of episodes shows one episode the pictures of another.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vla_isaac.datasets.verification.finding import Finding
from vla_isaac.datasets.verification.lerobot_layout import LeRobotLayout, Where
from vla_isaac.datasets.video_container import CONTAINERS

BETWEEN = 0.1  # of a period, by which the start of an episode may miss its first picture
END_SLACK = 0.5  # of a period, by which the listed end of an episode may miss that of its last picture


def share_findings(file: str, key: str, episodes: Sequence[Where], num_frames: int) -> Iterator[Finding]:
    """Yield the pictures of a video that two episodes, or no episode, refer to.

    Args:
        file: Name of the video for findings.
        key: Name of the camera's feature.
        episodes: All episodes that refer to this file.
        num_frames: Number of pictures in it.
    """
    used = sum(where.length for where in episodes)
    before: Where | None = None
    end = 0
    for where in [*sorted(episodes, key=lambda where: where.videos[key].first), None]:
        first = num_frames if where is None else where.videos[key].first
        if first > end:
            last = min(first, num_frames) - 1
            counts = f"the video has {num_frames} pictures, its episodes have {used} rows"
            what = f"{counts}; pictures {end} to {last} belong to no episode"
            number, row = (None, None) if before is None else (before.number, before.length)
            if last >= end:
                yield Finding(file=file, episode=number, row=row, what=what)
        elif where is not None and before is not None and first < end:
            what = f"its pictures {first} to {min(first + where.length, end) - 1} are those of episode {before.number}, too"
            yield Finding(file=file, episode=where.number, what=f"{what}; one of the two points to a wrong place")
        if where is not None and first + where.length > end:
            before, end = where, first + where.length


def span_faults(where: Where, key: str, fps: float) -> Iterator[str]:
    """Yield the contradictions between the listed start and end of an episode in a video, and its rows."""
    span = where.videos[key]
    if abs(span.from_timestamp * fps - span.first) > BETWEEN:
        yield f"it begins at {span.from_timestamp:g} s of the video, between two pictures at {fps:g} Hz"
    end = span.from_timestamp + where.length / fps
    if span.to_timestamp is not None and not abs(span.to_timestamp - end) <= END_SLACK / fps:
        yield f"it is listed to end at {span.to_timestamp:g} s of the video, its {where.length} rows end at {end:g} s"


def row_range_faults(where: Where, first_row: int) -> Iterator[str]:
    """Yield the contradictions between the listed range of rows of an episode, and the lengths; LeRobot reads that range."""
    if where.rows is None:
        return
    first, end = where.rows
    if first != first_row:
        yield f"dataset_from_index is {first}, the episodes before have {first_row} rows"
    if end is not None and end != first + where.length:
        yield f"dataset_to_index is {end}, its {where.length} rows from {first} on end at {first + where.length}"


def unclaimed_findings(layout: LeRobotLayout) -> Iterator[Finding]:
    """Yield data and video files that no episode refers to."""
    claimed = {where.data for where in layout.episodes}
    claimed |= {span.path for where in layout.episodes for span in where.videos.values()}
    for template, endings in zip(layout.templates, ({".parquet"}, set(CONTAINERS)), strict=True):
        folder = template.partition("/")[0]
        if "{" in folder:
            continue
        for path in sorted((layout.root / folder).rglob("*")):
            if path.suffix.lower() in endings and path not in claimed and path.is_file():
                yield Finding(
                    file=layout.relative(path), what="no episode refers to this file; remove it, or list its episode"
                )
