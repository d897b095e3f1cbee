"""Verify the tables of a LeRobot dataset: column types, indices, timestamps, and counts in `info.json`."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.errors import DatasetError
from vla_isaac.datasets.episode import Feature
from vla_isaac.datasets.lerobot.info_json import version_fault
from vla_isaac.datasets.lerobot.layout import BOOKKEEPING, INFO
from vla_isaac.datasets.lerobot.rows import FOLDER as EPISODES_FOLDER
from vla_isaac.datasets.parquet import pa, read_table, to_numpy
from vla_isaac.datasets.verification.finding import Finding
from vla_isaac.datasets.verification.lerobot_language import language_faults
from vla_isaac.datasets.verification.lerobot_layout import LeRobotLayout, Where
from vla_isaac.datasets.verification.lerobot_shares import row_range_faults

TIME_SLACK = 1e-4  # [s] LeRobot's own tolerance, `tolerance_s`


def table_findings(layout: LeRobotLayout) -> Iterator[Finding]:
    """Yield the faults of the Parquet files, each file read once."""
    yield from _count_findings(layout)
    yield from _task_table_findings(layout)
    first_row = {where.number: start for where, start in zip(layout.episodes, _starts(layout), strict=True)}
    yield from _order_findings(layout)
    by_file: dict[Path, list[Where]] = defaultdict(list)
    for where in layout.episodes:
        by_file[where.data].append(where)
        for words in row_range_faults(where, first_row[where.number]):
            yield Finding(file=EPISODES_FOLDER, episode=where.number, what=words)
    for path, episodes in by_file.items():
        file = layout.relative(path)
        try:
            table = read_table(path)
        except DatasetError as error:
            yield from (Finding(file=file, episode=where.number, what=str(error)) for where in episodes)
            continue
        faults = list(_schema_faults(table, layout.info["features"]))
        yield from (Finding(file=file, episode=episodes[0].number, what=words) for words in faults)
        if not any(name in words for words in faults for name in BOOKKEEPING):
            columns = {name: to_numpy(table[name], feature)[:, 0] for name, feature in BOOKKEEPING.items()}
            yield from _foreign_findings(columns, episodes, set(first_row), file)
            yield from _row_findings(columns, episodes, first_row, layout, file)
            for where in episodes:
                rows = table.filter(columns["episode_index"] == where.number)
                for row, words in language_faults(rows, layout.info["features"]):
                    yield Finding(file=file, episode=where.number, row=row, what=words)


def _count_findings(layout: LeRobotLayout) -> Iterator[Finding]:
    rows = sum(where.length for where in layout.episodes)
    fault = version_fault(layout.root)
    if fault is not None:
        yield Finding(file=INFO, what=fault)
    for key, found in (("total_episodes", len(layout.episodes)), ("total_frames", rows)):
        if layout.info.get(key) != found:
            yield Finding(file=INFO, what=f"{key} is {layout.info.get(key)}, the episodes listed make {found}")
    for expected, where in enumerate(layout.episodes):
        if where.number != expected:
            what = f"the list of episodes has number {where.number} where {expected} should be; convert numbers them again"
            yield Finding(file=INFO, episode=expected, what=what)
            return


def _task_table_findings(layout: LeRobotLayout) -> Iterator[Finding]:
    if not layout.tasks and layout.episodes:
        yield Finding(file=layout.tasks_file, what="the table of tasks is missing or has no entry")
    numbers = Counter(layout.tasks.values())
    for number in sorted(number for number, count in numbers.items() if count > 1):
        yield Finding(file=layout.tasks_file, what=f"task_index {number} is there {numbers[number]} times")


def _task_faults(numbers: AnyArray, listed: tuple[str, ...], layout: LeRobotLayout) -> Iterator[tuple[int, str]]:
    """Yield the first row of each task that the table lacks, or that the list of episodes does not name."""
    texts = {number: text for text, number in layout.tasks.items()}
    for number, row in zip(*np.unique(numbers, return_index=True), strict=True):
        if texts and int(number) not in texts:
            yield int(row), f"task_index is {number}, {layout.tasks_file} has {len(texts)} tasks, up to {max(texts)}"
        elif texts and listed and texts[int(number)] not in listed:
            yield int(row), f"task_index {number} is {texts[int(number)]!r}; the list of episodes names {', '.join(listed)}"


def _starts(layout: LeRobotLayout) -> list[int]:
    lengths = [where.length for where in layout.episodes]
    return [int(start) for start in np.cumsum([0, *lengths])[:-1]]


def _schema_faults(table: Any, features: Mapping[str, Any]) -> Iterator[str]:
    """Yield the faults of the columns of a file."""
    stored = {name: feature for name, feature in features.items() if feature["dtype"] != "video"}
    for name, feature in stored.items():
        if name not in table.column_names:
            yield f"the column {name!r} is missing; the file has {', '.join(table.column_names)}"
        elif feature["dtype"] not in ("string", "image", "language"):
            found = _kind(table.schema.field(name).type)
            if found != feature["dtype"]:
                yield f"the column {name!r} holds {found}, {INFO} says {feature['dtype']}"
            elif table[name].null_count:
                yield f"the column {name!r} has {table[name].null_count} empty cells"
            else:
                yield from _width_faults(table[name], name, tuple(feature["shape"]))
    for name in table.column_names:
        if name not in stored:
            yield f"the column {name!r} is not in {INFO}"


def _kind(kind: Any) -> str:
    """Return the NumPy type name of a column, at any nesting depth."""
    while isinstance(kind, pa.ExtensionType) or pa.types.is_nested(kind):
        if isinstance(kind, pa.ExtensionType):
            kind = kind.storage_type
        elif hasattr(kind, "value_type"):
            kind = kind.value_type
        else:
            return str(kind)
    return {"float": "float32", "double": "float64", "halffloat": "float16"}.get(str(kind), str(kind))


def _width_faults(column: Any, name: str, shape: tuple[int, ...]) -> Iterator[str]:
    try:
        to_numpy(column, Feature("float64", shape or (1,)))
    except ValueError:
        yield f"the column {name!r} has rows of another width than {list(shape)}"


def _order_findings(layout: LeRobotLayout) -> Iterator[Finding]:
    """Yield the first episode in a file that comes before that of an earlier one; LeRobot reads files in order of names."""
    files = [layout.relative(where.data) for where in layout.episodes]
    for where, file, before in zip(layout.episodes[1:], files[1:], files, strict=False):
        if where.rows is not None and file < before:
            what = f"the file comes before {before}, which has the episode before; files must be in the order of episodes"
            yield Finding(file=file, episode=where.number, what=what)
            return


def _foreign_findings(
    columns: Mapping[str, AnyArray], episodes: list[Where], listed: set[int], file: str
) -> Iterator[Finding]:
    """Yield the episodes with rows in a file that the list of episodes does not name for them."""
    for number in sorted(set(np.unique(columns["episode_index"]).tolist()) - {where.number for where in episodes}):
        rest = "in the wrong file" if number in listed else "in it, and the list of episodes has no such episode"
        yield Finding(file=file, episode=int(number), what=f"rows of episode {number} are {rest}")


def _row_findings(
    columns: Mapping[str, AnyArray], episodes: list[Where], first_row: Mapping[int, int], layout: LeRobotLayout, file: str
) -> Iterator[Finding]:
    for where in episodes:
        rows = columns["episode_index"] == where.number
        if rows.sum() != where.length:
            what = f"the episode has {rows.sum()} rows, the list of episodes says {where.length}"
            yield Finding(file=file, episode=where.number, what=what)
        elif len(inside := np.flatnonzero(rows)) and inside[-1] - inside[0] >= len(inside):
            yield Finding(file=file, episode=where.number, what="rows of another episode are between those of this one")
        ours = {name: values[rows] for name, values in columns.items()}
        for row, words in _index_faults(ours, first_row[where.number], layout.fps):
            yield Finding(file=file, episode=where.number, row=row, what=words)
        for row, words in _task_faults(ours["task_index"], where.tasks, layout):
            yield Finding(file=file, episode=where.number, row=row, what=words)


def _index_faults(columns: Mapping[str, AnyArray], start: int, fps: float) -> Iterator[tuple[int, str]]:
    """Yield the first row of an episode with a duplicate or missing index, and the first with a wrong timestamp."""
    count = np.arange(len(columns["index"]))
    for name, expected in (("frame_index", count), ("index", start + count)):
        wrong = np.flatnonzero(columns[name] != expected)
        if len(wrong):
            found, is_again = columns[name][wrong[0]], columns[name][wrong[0]] in columns[name][: wrong[0]]
            kind = "is there twice" if is_again else f"where {expected[wrong[0]]} should be"
            yield int(wrong[0]), f"{name} {found} {kind}; {len(wrong)} rows are not numbered one after the other"
    wrong = np.flatnonzero(~(np.abs(columns["timestamp"] - count / fps) <= TIME_SLACK))
    if len(wrong):
        row = int(wrong[0])
        what = f"timestamp is {columns['timestamp'][row]:.4f} s, row {row} at {fps:g} Hz is at {row / fps:.4f} s"
        yield row, f"{what} ({len(wrong)} rows)"
