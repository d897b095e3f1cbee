"""Verify the statistics of a LeRobot dataset against its rows; wrong ones make a trainer scale every action wrongly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.errors import DatasetError
from vla_isaac.core.input_files import read_json_object, reading
from vla_isaac.datasets.formats import DatasetReader
from vla_isaac.datasets.lerobot.fields import Fields
from vla_isaac.datasets.lerobot_v21.files import EPISODE_STATS, read_lines
from vla_isaac.datasets.untrusted_paths import file_inside
from vla_isaac.datasets.verification.finding import Finding
from vla_isaac.datasets.verification.lerobot_layout import LeRobotLayout

SLACK = 2e-3  # of a column's range; LeRobot computes in single precision
REMEDY = "compute the statistics again: write a new dataset with vla-isaac dataset convert"

QUANTILE_SLACK = 1e-3  # of the range, by which a quantile may leave [min, max]; LeRobot reads them off a histogram


def statistics_findings(layout: LeRobotLayout, reader: DatasetReader) -> Iterator[Finding]:
    """Yield each column with missing or wrong statistics: of the dataset in v3.0, of each episode in v2.1."""
    file = layout.stats_file
    if not (layout.root / file).is_file():
        yield Finding(file=file, what=f"the file is missing; {REMEDY}")
        return
    try:
        with reading(layout.root / file, error=DatasetError, remedy=REMEDY):
            if file == EPISODE_STATS:
                yield from _of_episodes(layout, reader)
            else:
                stats = read_json_object(file_inside(layout.root, file), error=DatasetError, remedy=REMEDY)
                yield from _findings(stats, _all_columns(reader), file, None)
    except DatasetError as error:
        yield Finding(file=file, what=f"the statistics cannot be compared: {error}")


def _of_episodes(layout: LeRobotLayout, reader: DatasetReader) -> Iterator[Finding]:
    """Yield the findings of a file with one line for each episode."""
    file, stats = layout.stats_file, {}
    for place, line in enumerate(read_lines(layout.root / file, is_finished=True), 1):
        fields = Fields(line, f"{layout.root / file}, entry {place}", remedy=REMEDY)
        stats[fields.whole("episode_index")] = fields.mapping("stats")
    for episode, where in enumerate(layout.episodes):
        if where.number not in stats:
            yield Finding(file=file, episode=where.number, what="the statistics of this episode are missing")
        else:
            yield from _findings(stats[where.number], dict(reader.columns(episode)), file, where.number)


def _all_columns(reader: DatasetReader) -> dict[str, AnyArray]:
    parts = [reader.columns(episode) for episode in range(len(reader))]
    return {name: np.concatenate([part[name] for part in parts]) for name in reader.info.features} if parts else {}


def _findings(
    stats: Mapping[str, Any], columns: Mapping[str, AnyArray], file: str, episode: int | None
) -> Iterator[Finding]:
    for name, values in columns.items():
        if not np.isfinite(values).all():
            continue  # reported elsewhere
        for words in _faults(stats.get(name), values.astype(np.float64).reshape(len(values), -1)):
            yield Finding(file=file, episode=episode, what=f"{name}: {words}")


def _faults(stats: Any, rows: AnyArray) -> Iterator[str]:
    if not isinstance(stats, Mapping):
        yield "has no statistics" if stats is None else f"its statistics are {stats!r:.60}, expected an object"
        return
    found = {}
    for key, value in stats.items():
        try:
            found[key] = np.asarray(value, dtype=np.float64).reshape(-1)
        except (TypeError, ValueError, OverflowError):
            yield f"{key} is {value!r:.60}, expected numbers"
    low, high = rows.min(axis=0), rows.max(axis=0)
    slack = SLACK * np.maximum(high - low, 1e-3 * np.maximum(np.abs(low), np.abs(high))) + 1e-6
    expected = {"min": low, "max": high, "mean": rows.mean(axis=0), "std": rows.std(axis=0)}
    for key, right in expected.items():
        given = found.get(key)
        if key in stats and given is None:
            continue
        if given is None or given.shape != right.shape:
            yield f"{key} is {'missing' if given is None else f'of {len(given)} numbers, a row has {len(right)}'}"
        elif not (np.abs(given - right) <= slack).all():
            number = int(np.argmax(~(np.abs(given - right) <= slack)))
            yield f"{key}[{number}] is {given[number]:.6g}, the rows give {right[number]:.6g}"
    if "count" in found and found["count"].tolist() != [len(rows)]:
        yield f"count is {', '.join(f'{n:g}' for n in found['count'][:3])}, there are {len(rows)} rows"
    margin = QUANTILE_SLACK * (high - low) + 1e-6
    for key in (key for key in found if key.startswith("q") and found[key].shape == low.shape):
        if ((found[key] < low - margin) | (found[key] > high + margin)).any():
            yield f"{key} lies outside of the range of the rows"
