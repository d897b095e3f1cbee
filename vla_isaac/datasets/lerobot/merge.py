"""`merge`: merge LeRobot datasets into few large files, without encoding images again or changing numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from vla_isaac.core.atomic_files import atomic_tree
from vla_isaac.core.errors import DatasetError, UsageError
from vla_isaac.datasets.compatibility import check_same_info
from vla_isaac.datasets.episode import EpisodeMeta
from vla_isaac.datasets.lerobot.description import ours_of
from vla_isaac.datasets.lerobot.info_json import read_info
from vla_isaac.datasets.lerobot.language import LANGUAGE, language_columns
from vla_isaac.datasets.lerobot.layout import (
    BOOKKEEPING,
    CHUNK,
    DATA,
    DATA_MB,
    EPISODES,
    INFO,
    OURS,
    STATS,
    TASKS,
    VERSION,
    VIDEO,
    VIDEO_MB,
    place,
)
from vla_isaac.datasets.lerobot.reader import LeRobotReader
from vla_isaac.datasets.lerobot.rows import EpisodeRow, Place, read_statistics, row_table
from vla_isaac.datasets.lerobot.tasks import tasks_file
from vla_isaac.datasets.meta_json import dumps, meta_to_json
from vla_isaac.datasets.parquet import pa, to_arrow, to_bytes, to_numpy
from vla_isaac.datasets.statistics import Statistics, aggregate, column_statistics
from vla_isaac.datasets.video_files import VideoPart, can_be_joined, join_videos

MIB = 2**20


@dataclass(frozen=True)
class _Item:
    """An episode of a source and its place in the result."""

    reader: LeRobotReader
    episode: int
    """Its index in the source."""

    row: EpisodeRow
    meta: EpisodeMeta

    new: EpisodeRow
    statistics: dict[str, Statistics]


def merge(
    sources: Sequence[str | Path], destination: str | Path, *, data_mb: float = DATA_MB, video_mb: float = VIDEO_MB
) -> int:
    """Write one dataset with the episodes of several, in this order, and return how many it has.

    The destination gets its name when it is complete. Videos of different encoders are written to separate files.

    Args:
        sources: Folders of LeRobot v3 datasets, of this package or not; one is allowed, to compact it.
        destination: A folder that is new or empty.
        data_mb: A Parquet file is closed before it exceeds this [MiB].
        video_mb: The same for a video.

    Raises:
        UsageError: If there is no source, the sources differ in rate, columns or cameras, or the destination is not empty.
        DatasetError: If a file of a source is broken, or the destination cannot be written.
    """
    goal = Path(destination)
    if not sources:
        raise UsageError("nothing to merge; name at least one dataset")
    if goal.exists() and (not goal.is_dir() or any(goal.iterdir())):
        raise UsageError(f"dataset {goal}: exists and is not empty; choose a new folder")
    readers = [LeRobotReader(source) for source in sources]
    for reader in readers[1:]:
        check_same_info(readers[0].info, reader.info, where=f"{reader.path} and {readers[0].path}")
    try:
        with atomic_tree(goal) as work:
            work.mkdir()
            count = _Merger(readers, work, data_mb, video_mb).write()
            if goal.exists():
                goal.rmdir()
        return count
    finally:
        for reader in readers:
            reader.close()


class _Merger:
    def __init__(self, readers: Sequence[LeRobotReader], root: Path, data_mb: float, video_mb: float) -> None:
        self._readers, self._root = readers, root
        self._data_mb, self._video_mb = data_mb, video_mb
        self._info, self._raw = readers[0].info, read_info(readers[0].path)
        self._raw["features"] = {name: f for name, f in self._raw["features"].items() if name not in readers[0].left_out}
        if any(reader.info.has_annotations for reader in readers):
            self._info = replace(self._info, has_annotations=True)
            language = {name: {"dtype": "language", "shape": [1], "names": None} for name in LANGUAGE}
            self._raw["features"] = {**self._raw["features"], **language}
        texts = [text for reader in readers for text in reader.tasks()]
        self._tasks: dict[str, int] = {text: number for number, text in enumerate(dict.fromkeys(texts))}

    def write(self) -> int:
        items = self._planned()
        items = self._write_data(items)
        for key in [name for name, feature in self._raw["features"].items() if feature["dtype"] == "video"]:
            items = self._write_videos(items, key)
        self._write_rows(items)
        self._write_summaries(items)
        return len(items)

    def _planned(self) -> list[_Item]:
        items: list[_Item] = []
        first_row = 0
        for reader in self._readers:
            for episode, (row, statistics) in enumerate(zip(reader.rows, read_statistics(reader.path), strict=True)):
                meta = reader.meta(episode)
                new = replace(
                    row,
                    number=len(items),
                    tasks=meta.texts,
                    first_row=first_row,
                    row=Place(**place(len(items) // CHUNK)),
                    meta=row.meta or dumps(meta_to_json(replace(meta, sentences=(), annotations=()))),
                    videos={},
                )
                kept = {name: values for name, values in statistics.items() if name not in reader.left_out}
                items.append(_Item(reader, episode, row, meta, new, kept))
                first_row += row.length
                for text in meta.texts:
                    self._tasks.setdefault(text, len(self._tasks))
        return items

    def _write_data(self, items: list[_Item]) -> list[_Item]:
        """Write the numbers, a row group for each episode, and return the items with their new places."""
        done: list[_Item] = []
        sizes = _sizes(items, lambda item: item.reader.data_path(item.episode))
        for number, group in enumerate(_groups(items, sizes, self._data_mb * MIB, lambda one, other: True)):
            tables = []
            for item in group:
                table, changed = self._renumbered(item)
                tables.append(table)
                new = replace(item.new, data=Place(**place(number)))
                done.append(replace(item, new=new, statistics=item.statistics | changed))
            self._put(DATA.format(**place(number)), to_bytes(tables))
        return done

    def _renumbered(self, item: _Item) -> tuple[Any, dict[str, Statistics]]:
        """Return the rows of an episode with new bookkeeping numbers, and the statistics of these."""
        table = item.reader.table(item.episode)
        values = {
            "episode_index": np.full(item.row.length, item.new.number),
            "index": np.arange(item.row.length) + item.new.first_row,
            "task_index": np.array([self._tasks[item.meta.sentence(row)] for row in range(item.row.length)]),
        }
        features = {**self._info.features, **BOOKKEEPING}
        columns = {}
        stored = [name for name, feature in self._raw["features"].items() if feature["dtype"] != "video"]
        for name in [name for name in stored if name not in LANGUAGE]:
            if name in values:
                columns[name] = to_arrow(values[name], features[name])
            elif name in features:
                columns[name] = to_arrow(to_numpy(table[name], features[name]), features[name])
            else:
                columns[name] = table[name]
        if self._info.has_annotations:
            columns |= language_columns(item.meta.annotations, to_numpy(table["timestamp"], BOOKKEEPING["timestamp"])[:, 0])
        changed = {name: column_statistics(value[:, None]) for name, value in values.items()}
        return pa.table(columns), changed

    def _write_videos(self, items: list[_Item], key: str) -> list[_Item]:
        """Join the videos of a camera and return the items with their new places."""
        done: list[_Item] = []
        paths = {id(item): item.reader.video_path(item.episode, key) for item in items}
        sizes = _sizes(items, lambda item: paths[id(item)])
        fits = lambda one, other: can_be_joined(paths[id(one)], paths[id(other)])  # noqa: E731
        for number, group in enumerate(_groups(items, sizes, self._video_mb * MIB, fits)):
            parts, offset = [], 0
            for item in group:
                parts.append(VideoPart(paths[id(item)], item.reader.first_frame(item.episode, key), item.row.length))
                where = Place(**place(number), from_timestamp=offset / self._info.fps)
                done.append(replace(item, new=replace(item.new, videos={**item.new.videos, key: where})))
                offset += item.row.length
            path = self._root / VIDEO.format(video_key=key, **place(number))
            path.parent.mkdir(parents=True, exist_ok=True)
            join_videos(parts, path, self._info.fps)
        return done

    def _write_rows(self, items: list[_Item]) -> None:
        for first in range(0, len(items), CHUNK):
            tables = [row_table(item.new, self._info.fps, item.statistics) for item in items[first : first + CHUNK]]
            joined = pa.concat_tables(tables, promote_options="default").combine_chunks()
            self._put(EPISODES.format(**place(first // CHUNK)), to_bytes([joined]))

    def _write_summaries(self, items: list[_Item]) -> None:
        data = {
            **self._raw,
            "codebase_version": VERSION,
            "total_episodes": len(items),
            "total_frames": sum(item.row.length for item in items),
            "total_tasks": len(self._tasks),
            "chunks_size": CHUNK,
            "splits": {"train": f"0:{len(items)}"},
            "data_path": DATA,
            "video_path": VIDEO if self._raw.get("video_path") else None,
        }
        self._put(TASKS, tasks_file(self._tasks))
        self._put(STATS, dumps(aggregate([item.statistics for item in items]), indent=4).encode())
        self._put(OURS, ours_of(self._info))
        self._put(INFO, dumps(data, indent=4).encode())

    def _put(self, name: str, data: bytes) -> None:
        path = self._root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def _sizes(items: Sequence[_Item], path_of: Callable[[_Item], Path]) -> list[float]:
    """Return the approximate bytes of each episode: its share of the rows of its file."""
    rows: dict[Path, int] = {}
    for item in items:
        rows[path_of(item)] = rows.get(path_of(item), 0) + item.row.length
    return [_size_of(path_of(item)) * item.row.length / rows[path_of(item)] for item in items]


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise DatasetError(f"{path} is missing; copy the dataset again") from error


def _groups(
    items: Sequence[_Item], sizes: Sequence[float], limit: float, fits: Callable[[_Item, _Item], bool]
) -> list[list[_Item]]:
    """Return the episodes of each file: as many as fit, in order."""
    groups: list[list[_Item]] = []
    used = 0.0
    for item, size in zip(items, sizes, strict=True):
        if groups and used + size <= limit and fits(groups[-1][-1], item):
            groups[-1].append(item)
            used += size
        else:
            groups.append([item])
            used = size
    return groups
