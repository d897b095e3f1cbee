"""File layout of a LeRobot v2.1 dataset, and its lists of one JSON object per line."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vla_isaac.core.errors import DatasetError
from vla_isaac.core.input_files import read_json_lines
from vla_isaac.datasets.episode import Feature
from vla_isaac.datasets.lerobot.layout import INFO
from vla_isaac.datasets.meta_json import dumps
from vla_isaac.datasets.untrusted_paths import COPY_AGAIN, file_inside, fill_template, path_inside

VERSION = "v2.1"
CHUNK = 1000  # episodes per folder
DATA = "data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet"
VIDEO = "videos/chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4"
EPISODES, EPISODE_STATS, TASKS = "meta/episodes.jsonl", "meta/episodes_stats.jsonl", "meta/tasks.jsonl"
MODALITY = "meta/modality.json"

META = "vla_isaac"
"""Key of an episode's line with its `EpisodeMeta` as JSON text."""

ANNOTATION = "annotation.human.action.task_description"
"""Column in which GR00T expects the number of the task; the same as `task_index`."""

ANNOTATIONS = {ANNOTATION: Feature("int64", (1,))}


def episode_path(root: Path, template: str, episode: int, chunk: int = CHUNK, **more: str) -> Path:
    """Return a file of an episode; `template` is the dataset's own, for videos with the key of the camera in `more`.

    Raises:
        ForeignFileError: If it leads out of the dataset's folder.
    """
    source = f"{root / INFO}: {'video_path' if more else 'data_path'}"
    names = {"episode_chunk": episode // chunk, "episode_index": episode, **more}
    return path_inside(root, fill_template(template, source=source, **names), source=source)


def read_lines(path: Path, *, is_finished: bool = False) -> list[dict[str, Any]]:
    """Return the objects of a file; none if the file does not exist, and without an incomplete last line.

    Args:
        path: The file.
        is_finished: Whether the file must exist and be complete.

    Raises:
        DatasetError: If a line before the last is broken, or `is_finished` does not hold.
    """
    if not is_finished and not path.exists():
        return []
    return read_json_lines(
        file_inside(path.parents[1], path), error=DatasetError, remedy=COPY_AGAIN, may_be_cut=not is_finished
    )


def lines_of(objects: list[dict[str, Any]]) -> bytes:
    """Return the content of a file of objects."""
    return "".join(dumps(item) + "\n" for item in objects).encode()


def append_line(path: Path, item: Mapping[str, Any]) -> None:
    """Append an object and flush it to disk; on an error nothing is appended."""
    size = path.stat().st_size if path.exists() else 0
    try:
        with path.open("ab") as file:
            file.write((dumps(item) + "\n").encode())
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        os.truncate(path, size)
        raise
