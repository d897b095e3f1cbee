"""Small LeRobot datasets as other programs write them: plain files, without our metadata."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

FPS = 10
STATE, ACTION = 8, 7


def features() -> dict[str, Any]:
    plain = {"action": ("float32", [ACTION]), "observation.state": ("float32", [STATE]), "timestamp": ("float32", [1])}
    plain |= {name: ("int64", [1]) for name in ("frame_index", "episode_index", "index", "task_index")}
    return {name: {"dtype": dtype, "shape": shape, "names": None} for name, (dtype, shape) in plain.items()}


def rows(number: int, first: int, tasks: list[int]) -> pa.Table:
    """Return the rows of an episode, one for each of these task numbers."""
    length, rng = len(tasks), np.random.default_rng(number)
    vectors = {"action": ACTION, "observation.state": STATE}
    columns = {n: pa.array(list(rng.normal(0, 0.1, (length, w)).astype(np.float32))) for n, w in vectors.items()}
    columns["timestamp"] = pa.array(np.arange(length, dtype=np.float32) / np.float32(FPS))
    numbers = {"frame_index": range(length), "episode_index": [number] * length, "index": range(first, first + length)}
    return pa.table({**columns, **{n: pa.array(list(v), pa.int64()) for n, v in {**numbers, "task_index": tasks}.items()}})


def info(version: object, episodes: list[list[int]], table: list[str], **changes: Any) -> dict[str, Any]:
    data = {
        "codebase_version": version,
        "robot_type": "franka",
        "total_episodes": len(episodes),
        "total_frames": sum(map(len, episodes)),
        "total_tasks": len(table),
        "chunks_size": 1000,
        "fps": FPS,
        "splits": {"train": f"0:{len(episodes)}"},
        "features": features(),
        **changes,
    }
    return {name: value for name, value in data.items() if value is not ...}


def write_v21(
    root: Path, episodes: list[list[int]], table: list[str], *, numbers: list[int] | None = None, line=None, **changes: Any
) -> Path:
    """Write v2.1; `episodes` are the task numbers of their rows, `line` changes an entry of the list of episodes."""
    data = {"data_path": "data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet", "video_path": None}
    version = changes.pop("codebase_version", "v2.1")
    (root / "meta").mkdir(parents=True)
    (root / "data/chunk-000").mkdir(parents=True)
    (root / "meta/info.json").write_text(json.dumps(info(version, episodes, table, **data | changes)), encoding="utf-8")
    lines, first = [], 0
    for place, (number, tasks) in enumerate(zip(numbers or range(len(episodes)), episodes, strict=True)):
        pq.write_table(rows(number, first, tasks), root / f"data/chunk-000/episode_{number:06d}.parquet")
        listed = [table[k] for k in dict.fromkeys(tasks) if k < len(table)]
        entry = {"episode_index": number, "tasks": listed, "length": len(tasks)}
        lines.append(line(place, entry) if line else entry)
        first += len(tasks)
    write_lines(root / "meta/episodes.jsonl", lines)
    write_lines(root / "meta/tasks.jsonl", [{"task_index": k, "task": text} for k, text in enumerate(table)])
    return root


def write_lines(path: Path, lines: list[Any]) -> None:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def write_v30(
    root: Path, episodes: list[list[int]], table: list[str], *, numbers: list[int] | None = None, row=None, **changes: Any
) -> Path:
    """Write v3.0, all episodes in one file; `row` changes an entry of the list of episodes."""
    data = {"data_path": "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet", "video_path": None}
    version = changes.pop("codebase_version", "v3.0")
    for folder in ("meta/episodes/chunk-000", "data/chunk-000"):
        (root / folder).mkdir(parents=True)
    (root / "meta/info.json").write_text(json.dumps(info(version, episodes, table, **data | changes)), encoding="utf-8")
    tables, entries, first = [], [], 0
    for place, (number, tasks) in enumerate(zip(numbers or range(len(episodes)), episodes, strict=True)):
        tables.append(rows(number, first, tasks))
        entry = {
            "episode_index": number,
            "tasks": [table[k] for k in dict.fromkeys(tasks) if k < len(table)],
            "length": len(tasks),
            "dataset_from_index": first,
            "dataset_to_index": first + len(tasks),
            **{f"{what}/{part}_index": 0 for what in ("data", "meta/episodes") for part in ("chunk", "file")},
        }
        entries.append(row(place, entry) if row else entry)
        first += len(tasks)
    pq.write_table(pa.concat_tables(tables), root / "data/chunk-000/file-000.parquet")
    pq.write_table(pa.Table.from_pylist(entries), root / "meta/episodes/chunk-000/file-000.parquet")
    texts = {"task_index": list(range(len(table))), "task": table}
    pq.write_table(pa.table(texts), root / "meta/tasks.parquet")
    return root
