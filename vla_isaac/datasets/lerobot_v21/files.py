"""File layout of a LeRobot v2.1 dataset, and its lists of one JSON object per line."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vla_isaac.core.errors import DatasetError
from vla_isaac.core.input_files import read_json_lines
from vla_isaac.datasets.episode import Feature
from vla_isaac.datasets.lerobot.layout import DATA_V21, INFO, VIDEO_V21
from vla_isaac.datasets.lerobot.tasks import by_text, task_entry
from vla_isaac.datasets.meta_json import dumps
from vla_isaac.datasets.untrusted_paths import COPY_AGAIN, file_inside, fill_template, path_inside

VERSION = "v2.1"
CHUNK = 1000  # episodes per folder
DATA, VIDEO = DATA_V21, VIDEO_V21
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
    root = path.parents[1]
    place = file_inside(root, path.relative_to(root))
    try:
        return read_json_lines(place, error=DatasetError, remedy=COPY_AGAIN)
    except DatasetError:
        if is_finished:
            raise
        return read_json_lines(place, error=DatasetError, remedy=COPY_AGAIN, may_be_cut=True)


def read_task_lines(root: Path) -> dict[str, int]:
    """Return the number of each task by its text; empty if the file does not exist.

    Raises:
        DatasetError: If a line is broken, or holds anything but a number and a text.
    """
    lines = enumerate(read_lines(root / TASKS), 1)
    return by_text([task_entry(e.get("task_index"), e.get("task"), source=f"{root / TASKS}, entry {n}") for n, e in lines])


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
