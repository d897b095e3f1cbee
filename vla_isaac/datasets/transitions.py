"""Transition datasets: the numbers of every control period and a few images, in ``.npz`` files of several episodes each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vla_isaac.core.array_files import read_arrays
from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.atomic_files import atomic_path, write_bytes
from vla_isaac.core.errors import DatasetError, UsageError
from vla_isaac.core.input_files import read_json_object
from vla_isaac.datasets.untrusted_paths import file_inside

MAX_OBJECTS, MAX_GOALS = 14, 6
NO = -1
PLAN = "plan.json"
ROWS = ("state", "objects", "active", "place", "action")
SHAPES: dict[str, tuple[str, tuple[int, ...]]] = {
    "state": ("f", (8,)),
    "objects": ("f", (MAX_OBJECTS, 7)),
    "active": ("iu", ()),
    "place": ("f", (2,)),
    "action": ("f", (7,)),
    "bodies": ("f", (MAX_OBJECTS, 8)),
    "goals": ("iu", (MAX_GOALS, 4)),
    "sentence": ("U", ()),
    "seed": ("iu", ()),
    "success": ("b", ()),
}
"""Kind and shape of an entry of each array."""

REMEDY = "delete it and collect again, which makes only this file"
EPISODES = ("bodies", "goals", "asked", "views", "sentence", "seed", "success")


def block_path(folder: Path, block: int) -> Path:
    """Return the file of a block."""
    return folder / f"block_{block:05d}.npz"


def is_transition_dataset(folder: Path) -> bool:
    """Return whether a folder is a transition dataset."""
    return folder.is_dir() and any(folder.glob("block_*.npz"))


def plan_of(folder: Path) -> dict[str, Any]:
    """Return the options with which a dataset was collected.

    Raises:
        DatasetError: If they cannot be read.
    """
    remedy = "it belongs to the dataset; copy all of it"
    return read_json_object(file_inside(folder, PLAN), error=DatasetError, remedy=remedy)


def count_transitions(folder: Path) -> dict[str, int]:
    """Return the numbers of episodes, rows and images of a dataset.

    Raises:
        DatasetError: If a block is broken.
    """
    counts = {"episodes": 0, "rows": 0, "pictures": 0}
    for path in sorted(folder.glob("block_*.npz")):
        if not path.stat().st_size:
            continue
        block = _read(path)
        counts["episodes"] += len(block["length"])
        counts["rows"] += int(block["length"].sum())
        counts["pictures"] += len(block["of_row"])
    return counts


def save_block(path: Path, episodes: Sequence[Mapping[str, Any]]) -> None:
    """Write a block atomically; one without any episode is an empty file that counts as made."""
    if not episodes:
        write_bytes(path, b"", only_writer=True)
        return
    cameras = sorted({name for e in episodes for name in e} - {*ROWS, *EPISODES, "of_row"})
    arrays: dict[str, AnyArray] = {name: np.concatenate([e[name] for e in episodes]) for name in (*ROWS, *cameras)}
    arrays |= {name: np.array([e[name] for e in episodes]) for name in EPISODES}
    lengths = np.array([len(e["action"]) for e in episodes])
    firsts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    arrays["length"] = lengths
    arrays["of_row"] = np.concatenate([first + e["of_row"] for first, e in zip(firsts, episodes, strict=True)])
    for name in ("state", "objects", "place", "action", "bodies", "views"):
        arrays[name] = arrays[name].astype(np.float32)
    with atomic_path(path, only_writer=True) as part, part.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Transitions:
    """A complete dataset in memory: N rows, M of them with images, E episodes."""

    rows: dict[str, AnyArray]
    """state (N, 8): joints [rad] and gripper width [m]; objects (N, 14, 7): position [m] and quaternion wxyz; active (N,):
    row of the expert's current goal; place (N, 2): its destination [m]; action (N, 7)."""

    episodes: dict[str, AnyArray]
    """Arrays whose first axis is the episode; see `collection.transitions`."""

    of_episode: AnyArray
    """Episode of each row, (N,)."""

    pictures: dict[str, AnyArray]
    """uint8 (M, H, W, 3) by camera."""

    of_row: AnyArray
    """Row of each image, (M,)."""


def load_transitions(folders: Sequence[Path]) -> Transitions:
    """Read complete datasets.

    Raises:
        UsageError: If they are empty, or their images are not compatible.
        DatasetError: If a block is broken or a number in it is not finite.
    """
    blocks = [path for folder in folders for path in sorted(folder.glob("block_*.npz")) if path.stat().st_size]
    if not blocks:
        raise UsageError(f"{', '.join(map(str, folders))}: holds no transitions; collect some first")
    found: dict[str, list[AnyArray]] = {}
    rows = episodes = 0
    shapes: set[tuple[str, tuple[int, ...]]] = set()
    for path in blocks:
        block = _read(path)
        wrong = _shapes(block) ^ shapes if found else set()
        if wrong:
            raise UsageError(
                f"{path.parent}: its pictures ({_format_shapes(_shapes(block))}) are not those of {blocks[0].parent} "
                f"({_format_shapes(shapes)}); train on datasets with the same cameras and sizes"
            )
        shapes = shapes or _shapes(block)
        block["of_row"] = block["of_row"] + rows
        block["of_episode"] = episodes + np.repeat(np.arange(len(block["length"])), block["length"])
        rows, episodes = rows + len(block["action"]), episodes + len(block["length"])
        for name, values in block.items():
            found.setdefault(name, []).append(values)
    whole: dict[str, AnyArray] = {}
    for name in list(found):
        whole[name] = np.concatenate(found.pop(name))
    cameras = set(whole) - {*ROWS, *EPISODES, "length", "of_row", "of_episode"}
    return Transitions(
        {name: whole[name] for name in ROWS},
        {name: whole[name] for name in (*EPISODES, "length")},
        whole["of_episode"],
        {name: whole[name] for name in sorted(cameras)},
        whole["of_row"],
    )


def _shapes(block: Mapping[str, AnyArray]) -> set[tuple[str, tuple[int, ...]]]:
    """Return the cameras of a block and the size of their images."""
    cameras = set(block) - {*ROWS, *EPISODES, "length", "of_row", "of_episode"}
    return {(name, block[name].shape[1:]) for name in cameras}


def _format_shapes(shapes: set[tuple[str, tuple[int, ...]]]) -> str:
    return ", ".join(f"{name} {shape[0]} x {shape[1]}" for name, shape in sorted(shapes)) or "none"


def _read(path: Path) -> dict[str, AnyArray]:
    block = read_arrays(file_inside(path.parent, path.name), error=DatasetError, remedy=REMEDY)
    lacking = [name for name in (*ROWS, *EPISODES, "length", "of_row") if name not in block]
    if lacking:
        raise DatasetError(f"{path}: has no {lacking[0]!r}", remedy=REMEDY)
    _check_lengths(block, path)
    for name in ("state", "action"):
        wrong = np.flatnonzero(~np.isfinite(block[name]).all(axis=1))
        if len(wrong):
            raise DatasetError(f"{path}: {name} of row {wrong[0]} is not finite", remedy=REMEDY)
    return block


def _check_lengths(block: Mapping[str, AnyArray], path: Path) -> None:
    """Raise unless the arrays of a block have one entry per row, per episode or per image, and its indices fit."""
    length, of_row = block["length"], block["of_row"]
    if length.ndim != 1 or length.dtype.kind not in "iu" or (length < 0).any() or of_row.ndim != 1:
        raise DatasetError(f"{path}: the lengths of its episodes are not whole numbers from 0", remedy=REMEDY)
    cameras = set(block) - {*ROWS, *EPISODES, "length", "of_row"}
    counts = {**dict.fromkeys(ROWS, int(length.sum())), **dict.fromkeys(EPISODES, len(length))}
    counts |= dict.fromkeys(cameras, len(of_row))
    for name, count in counts.items():
        if block[name].shape[:1] != (count,):
            raise DatasetError(f"{path}: {name} has the shape {block[name].shape}, expected {count} entries", remedy=REMEDY)
    if of_row.dtype.kind not in "iu" or ((of_row < 0) | (of_row >= counts["action"])).any():
        raise DatasetError(f"{path}: a picture belongs to no row", remedy=REMEDY)
    shapes = {**SHAPES, "asked": ("iu", block["asked"].shape[1:3]), "views": ("f", (len(cameras), 9) if cameras else (0,))}
    shapes |= {name: ("u", (*block[name].shape[1:3], 3)) for name in cameras}
    wrong = [n for n, (kind, shape) in shapes.items() if block[n].dtype.kind not in kind or block[n].shape[1:] != shape]
    if wrong:
        raise DatasetError(f"{path}: {wrong[0]} is {block[wrong[0]].dtype}{block[wrong[0]].shape}", remedy=REMEDY)
    infinite = [
        name for name in ("objects", "place", "bodies", "views") if np.isinf(block[name]).any()
    ]  # NaN: there is none
    if infinite:
        raise DatasetError(f"{path}: {infinite[0]} has an infinite number", remedy=REMEDY)
