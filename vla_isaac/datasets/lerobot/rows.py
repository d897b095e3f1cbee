"""Rows of `meta/episodes`: place, metadata and statistics of each episode; and the table of tasks."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from vla_isaac.core import input_files
from vla_isaac.core.errors import DatasetError
from vla_isaac.datasets.lerobot.layout import INFO, META_COLUMN, TASKS
from vla_isaac.datasets.parquet import of_columns, pa, read_table, read_where, to_bytes
from vla_isaac.datasets.statistics import Statistics, flattened
from vla_isaac.datasets.untrusted_paths import COPY_AGAIN, file_inside, fill_template, path_inside, reading

FOLDER = "meta/episodes"
TASK_INDEX = "__index_level_0__"  # name that pandas gives an unnamed index


@dataclass(frozen=True)
class Place:
    """A file by its numbers, and the start of an episode in it."""

    chunk_index: int
    file_index: int
    from_timestamp: float = 0.0
    """Start in a video [s]."""

    def path(self, root: Path, template: str, **more: str) -> Path:
        """Return the file; `template` is the dataset's own, for videos with the key of the camera in `more`.

        Raises:
            ForeignFileError: If it leads out of the dataset's folder.
        """
        source = f"{root / INFO}: {'video_path' if more else 'data_path'}"
        names = {"chunk_index": self.chunk_index, "file_index": self.file_index, **more}
        return path_inside(root, fill_template(template, source=source, **names), source=source)


@dataclass(frozen=True, kw_only=True)
class EpisodeEntry:
    """Entry of an episode in the list of episodes, in either version of the format."""

    number: int
    tasks: tuple[str, ...]
    length: int
    meta: str = ""
    """JSON of its `EpisodeMeta`; empty in datasets of LeRobot."""


@dataclass(frozen=True, kw_only=True)
class EpisodeRow(EpisodeEntry):
    """An entry with its places in shared files."""

    first_row: int
    """Index of its first row among those of all episodes."""

    data: Place
    row: Place
    """Place of this row itself."""

    videos: Mapping[str, Place] = field(default_factory=dict)
    """Places of the videos, by name of the feature."""


def read_rows(root: Path, video_keys: Sequence[str]) -> list[EpisodeRow]:
    """Return the rows of all finished episodes in order.

    Raises:
        DatasetError: If a file is broken, or an episode's row is missing.
    """
    rows = [row for path in row_files(root) for row in _rows_of(path, video_keys)]
    rows.sort(key=lambda row: row.number)
    for expected, row in enumerate(rows):
        if row.length < 1:
            raise DatasetError(f"dataset {root}: episode {row.number} has {row.length} rows in {FOLDER}", remedy=COPY_AGAIN)
        if row.number != expected:
            raise DatasetError(
                f"dataset {root}: the row of episode {expected} is missing in {FOLDER}; copy the dataset again"
            )
    return rows


def read_statistics(root: Path) -> list[dict[str, Statistics]]:
    """Return the statistics of each episode, by column, in the order of the episodes."""
    found: dict[int, dict[str, Statistics]] = {}
    for path in row_files(root):
        with reading(path):
            for row in read_table(path).to_pylist():
                found[row["episode_index"]] = _unflattened(row)
    return [found[number] for number in sorted(found)]


def row_files(root: Path) -> list[Path]:
    """Return the files of rows."""
    return [file_inside(root, path.relative_to(root)) for path in sorted((root / FOLDER).glob("chunk-*/file-*.parquet"))]


def row_table(row: EpisodeRow, fps: float, statistics: Mapping[str, Statistics]) -> Any:
    """Return a row in the layout of LeRobot's writer, with one additional column."""
    columns: dict[str, Any] = {
        "episode_index": pa.array([row.number], pa.int64()),
        "tasks": pa.array([list(row.tasks)], pa.list_(pa.string())),
        "length": pa.array([row.length], pa.int64()),
        **_place("data", row.data),
        "dataset_from_index": pa.array([row.first_row], pa.int64()),
        "dataset_to_index": pa.array([row.first_row + row.length], pa.int64()),
    }
    for key, place in row.videos.items():
        columns |= _place(f"videos/{key}", place)
        columns[f"videos/{key}/from_timestamp"] = pa.array([place.from_timestamp], pa.float64())
        columns[f"videos/{key}/to_timestamp"] = pa.array([place.from_timestamp + row.length / fps], pa.float64())
    for name, value in flattened(statistics):
        columns[name] = pa.array([value.tolist()], _list_type(value))
    columns |= _place("meta/episodes", row.row)
    columns[META_COLUMN] = pa.array([row.meta], pa.string())
    return of_columns(columns)


def tasks_file(tasks: Mapping[str, int]) -> bytes:
    """Return the table of tasks; pandas reads the texts as its index."""
    about = {
        "index_columns": [TASK_INDEX],
        "column_indexes": [
            {
                "name": None,
                "field_name": None,
                "pandas_type": "unicode",
                "numpy_type": "object",
                "metadata": {"encoding": "UTF-8"},
            }
        ],
        "columns": [
            {
                "name": "task_index",
                "field_name": "task_index",
                "pandas_type": "int64",
                "numpy_type": "int64",
                "metadata": None,
            },
            {"name": None, "field_name": TASK_INDEX, "pandas_type": "unicode", "numpy_type": "object", "metadata": None},
        ],
        "creator": {"library": "pyarrow", "version": pa.__version__},
        "pandas_version": "2.2.0",
    }
    columns = {"task_index": pa.array(list(tasks.values()), pa.int64()), TASK_INDEX: pa.array(list(tasks), pa.string())}
    return to_bytes([of_columns(columns, {"pandas": json.dumps(about)})])


def read_tasks(root: Path) -> dict[str, int]:
    """Return the number of each task by its text; empty if the file does not exist."""
    if not (root / TASKS).exists():
        return {}
    table = read_table(file_inside(root, TASKS))
    texts = [name for name in table.column_names if name != "task_index"]
    if "task_index" not in table.column_names or not texts:
        raise DatasetError(f"{root / TASKS} has the columns {', '.join(table.column_names)}, not task_index and the texts")
    with reading(root / TASKS):
        numbers = zip(map(str, table[texts[-1]].to_pylist()), map(int, table["task_index"].to_pylist()), strict=True)
        return dict(sorted(numbers, key=lambda pair: pair[1]))


def _rows_of(path: Path, video_keys: Sequence[str]) -> list[EpisodeRow]:
    table = read_where(path, lambda name: not name.startswith("stats/"))
    with input_files.reading(
        path, what="a row of", error=DatasetError, remedy="the dataset was not finished or is of another version"
    ):
        return [_row(data, video_keys) for data in table.to_pylist()]


def _row(data: Mapping[str, Any], video_keys: Sequence[str]) -> EpisodeRow:
    return EpisodeRow(
        number=int(data["episode_index"]),
        tasks=tuple(data["tasks"]),
        length=int(data["length"]),
        first_row=int(data["dataset_from_index"]),
        data=_place_in(data, "data"),
        row=_place_in(data, "meta/episodes"),
        videos={key: _place_in(data, f"videos/{key}", data[f"videos/{key}/from_timestamp"]) for key in video_keys},
        meta=data.get(META_COLUMN) or "",
    )


def _place_in(data: Mapping[str, Any], prefix: str, from_timestamp: float = 0.0) -> Place:
    return Place(int(data[f"{prefix}/chunk_index"]), int(data[f"{prefix}/file_index"]), float(from_timestamp))


def _place(prefix: str, place: Place) -> dict[str, Any]:
    return {
        f"{prefix}/chunk_index": pa.array([place.chunk_index], pa.int64()),
        f"{prefix}/file_index": pa.array([place.file_index], pa.int64()),
    }


def _list_type(value: Any) -> Any:
    kind = pa.int64() if value.dtype == np.int64 else pa.float64()
    for _ in range(max(1, value.ndim)):
        kind = pa.list_(kind)
    return kind


def _unflattened(row: Mapping[str, Any]) -> dict[str, Statistics]:
    statistics: dict[str, Statistics] = {}
    for name, value in row.items():
        if name.startswith("stats/") and value is not None:
            column, _, key = name.removeprefix("stats/").rpartition("/")
            statistics.setdefault(column, {})[key] = np.asarray(value, dtype=np.int64 if key == "count" else np.float64)
    return statistics
