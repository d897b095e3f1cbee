"""Rows of `meta/episodes`: place, metadata and statistics of each episode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from vla_isaac.core.errors import DatasetError
from vla_isaac.datasets.lerobot.fields import Fields
from vla_isaac.datasets.lerobot.layout import INFO, META_COLUMN, OURS
from vla_isaac.datasets.lerobot.tasks import listed_tasks
from vla_isaac.datasets.parquet import of_columns, pa, read_table, read_where
from vla_isaac.datasets.statistics import Statistics, flattened
from vla_isaac.datasets.untrusted_paths import COPY_AGAIN, file_inside, fill_template, path_inside, reading

FOLDER = "meta/episodes"
LATEST = 1e9  # [s] no video is 30 years long


@dataclass(frozen=True)
class Place:
    """A file by its numbers, and the start of an episode in it."""

    chunk_index: int
    file_index: int
    from_timestamp: float = 0.0
    """Start in a video [s]."""

    to_timestamp: float | None = None
    """End in a video as it is listed [s]; None where it is not."""

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


Entry = TypeVar("Entry", bound=EpisodeEntry)


@dataclass(frozen=True, kw_only=True)
class EpisodeRow(EpisodeEntry):
    """An entry with its places in shared files."""

    first_row: int
    """Index of its first row among those of all episodes."""

    listed_rows: tuple[int, int | None] | None = None
    """Index of its first row, and after its last, as they are listed; only `verify` compares them."""

    data: Place
    row: Place
    """Place of this row itself."""

    videos: Mapping[str, Place] = field(default_factory=dict)
    """Places of the videos, by name of the feature."""


def read_rows(root: Path, video_keys: Sequence[str]) -> list[EpisodeRow]:
    """Return the rows of all finished episodes in order.

    Raises:
        DatasetError: If a file or a field is broken, or there is no list of episodes.
    """
    rows = [row for path in row_files(root) for row in _rows_of(path, video_keys)]
    if not rows and not (root / OURS).exists() and next(root.glob("data/chunk-*/file-*.parquet"), None) is not None:
        raise DatasetError(f"{root / FOLDER} has no chunk-*/file-*.parquet with the list of episodes", remedy=COPY_AGAIN)
    return in_order_of_numbers(rows, root / FOLDER)


def in_order_of_numbers(entries: Sequence[Entry], path: Path) -> list[Entry]:
    """Return entries in the order of their numbers, which may have gaps and begin anywhere.

    Raises:
        DatasetError: If a number is there twice.
    """
    ordered = sorted(entries, key=lambda entry: entry.number)
    for one, other in pairwise(ordered):
        if one.number == other.number:
            raise DatasetError(f"{path}: episode {one.number} is there twice", remedy="give each a number of its own")
    return ordered


def check_numbers(numbers: Sequence[int], path: Path) -> None:
    """Check that a dataset can be continued: the next episode has the number that follows.

    Raises:
        DatasetError: If the numbers do not rise by 1 from 0.
    """
    wrong = next((place for place, number in enumerate(numbers) if number != place), None)
    if wrong is not None:
        raise DatasetError(
            f"{path}: has episode {numbers[wrong]} where {wrong} should be, so it cannot be continued",
            remedy="write a new dataset with: vla-isaac dataset convert",
        )


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


def _rows_of(path: Path, video_keys: Sequence[str]) -> list[EpisodeRow]:
    table = read_where(path, lambda name: not name.startswith("stats/"))
    return [_row(data, video_keys, f"{path}, row {row}") for row, data in enumerate(table.to_pylist())]


def _row(data: Mapping[str, Any], video_keys: Sequence[str], source: str) -> EpisodeRow:
    fields = Fields(data, source)
    first_row = fields.whole("dataset_from_index", 0)
    length = fields.whole("length") if fields.has("length") else fields.whole("dataset_to_index") - first_row
    return EpisodeRow(
        number=fields.whole("episode_index"),
        tasks=listed_tasks(data.get("tasks"), source=source),
        length=length,
        first_row=first_row,
        listed_rows=_listed_rows(fields),
        data=_place_in(fields, "data"),
        row=Place(fields.whole("meta/episodes/chunk_index", 0), fields.whole("meta/episodes/file_index", 0)),
        videos={key: _video_place(fields, f"videos/{key}") for key in video_keys},
        meta=fields.text(META_COLUMN, ""),
    )


def _place_in(fields: Fields, prefix: str) -> Place:
    return Place(fields.whole(f"{prefix}/chunk_index"), fields.whole(f"{prefix}/file_index"))


def _video_place(fields: Fields, prefix: str) -> Place:
    start, end = f"{prefix}/from_timestamp", f"{prefix}/to_timestamp"
    if fields.number(start) > LATEST:
        raise fields.wrong(start, f"seconds up to {LATEST:g}")
    listed_end = fields.number(end) if fields.has(end) else None
    return replace(_place_in(fields, prefix), from_timestamp=fields.number(start), to_timestamp=listed_end)


def _listed_rows(fields: Fields) -> tuple[int, int | None] | None:
    first, end = "dataset_from_index", "dataset_to_index"
    return (fields.whole(first), fields.whole(end) if fields.has(end) else None) if fields.has(first) else None


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
