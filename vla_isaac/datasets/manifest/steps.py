"""One step of a manifest: the three keys of the plain format first, so that its loaders read our files, then our keys.

``{"image_path", "instruction", "action", "episode", "step", "images": {camera: path}, "columns": {name: row}}``
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.errors import DatasetError
from vla_isaac.datasets.episode import Episode, Feature, stored_column

MANIFEST, COMPANION, PARTS = "manifest.json", "dataset.json", ".parts"

Step = Mapping[str, Any]

KINDS: dict[str, tuple[type, str]] = {
    "instruction": (str, "text"),
    "episode": (int, "a whole number"),
    "images": (dict, "a path for each camera"),
    "columns": (dict, "a row for each column"),
}
"""Types of the entries of a step that have one; pictures and numbers are checked where they are read."""


def picture_path(camera: str, episode: int, step: int) -> str:
    """Return the path of an image, relative to the dataset, with forward slashes."""
    return f"{picture_folder(camera, episode)}/{step:05d}.png"


def picture_folder(camera: str, episode: int) -> str:
    """Return the folder of the images of one camera and episode."""
    return f"images/{quote(camera, safe='')}/episode_{episode:06d}"


def part_path(folder: Path, episode: int) -> Path:
    """Return the file of an episode until the manifest is written."""
    return folder / PARTS / f"episode_{episode:06d}.jsonl"


def step_lines(episode: Episode, number: int) -> Iterator[str]:
    """Yield the JSON of each step, one line each; float32 is written as the equal double, so it is restored exactly."""
    rows = {name: values.tolist() for name, values in episode.columns.items()}
    actions = rows.pop("action")
    for t in range(len(episode)):
        images = {camera: picture_path(camera, number, t) for camera in episode.images}
        step = {
            "image_path": next(iter(images.values()), None),
            "instruction": episode.meta.sentence(t),
            "action": actions[t],
            "episode": number,
            "step": t,
            "images": images,
            "columns": {name: values[t] for name, values in rows.items()},
        }
        yield json.dumps(step)


def check_steps(entries: Any, *, source: str) -> list[Step]:
    """Return the entries of a manifest.

    Raises:
        DatasetError: If it is not a list of steps; the message names the first invalid one.
    """
    if not isinstance(entries, list):
        raise DatasetError(f"{source}: expected a list of steps, got {type(entries).__name__}")
    for number, entry in enumerate(entries):
        missing = [key for key in ("instruction", "action") if not isinstance(entry, dict) or key not in entry]
        if missing:
            raise DatasetError(
                f"{source}: entry {number} has no {missing[0]!r}; a step needs image_path, instruction, action"
            )
        for key, (kind, expected) in KINDS.items():
            if key in entry and (not isinstance(entry[key], kind) or isinstance(entry[key], bool)):
                raise DatasetError(
                    f"{source}: entry {number}: {key} is {entry[key]!r:.60}, expected {expected}",
                    remedy="correct this field",
                )
    return entries


def by_episode(entries: Sequence[Step]) -> list[list[Step]]:
    """Group steps into episodes.

    By the key `episode`, in order of its numbers. A plain manifest has no such key: there, consecutive steps with the same
    instruction are one episode.
    """
    if entries and all("episode" in entry for entry in entries):
        found: dict[int, list[Step]] = {}
        for entry in entries:
            found.setdefault(int(entry["episode"]), []).append(entry)
        return [found[number] for number in sorted(found)]
    return [list(steps) for _, steps in groupby(entries, key=lambda entry: entry["instruction"])]


def column(steps: Sequence[Step], name: str, feature: Feature, *, where: str) -> AnyArray:
    """Return one column of an episode, shape (T, *shape).

    Raises:
        DatasetError: Naming the first row that lacks it or has another width.
    """
    rows = []
    for t, step in enumerate(steps):
        value = step["action"] if name == "action" else step.get("columns", {}).get(name)
        if value is None:
            raise DatasetError(f"{where}, row {t}: the column {name!r} is missing")
        rows.append(_row(value, name, feature, where=f"{where}, row {t}"))
    return np.stack(rows)


def pictures(step: Step) -> Mapping[str, str]:
    """Return the image paths of a step by camera; the single image of a plain manifest is the camera ``image``."""
    if "images" in step:
        found: Mapping[str, str] = step["images"]
        return found
    return {"image": str(step["image_path"])} if step.get("image_path") else {}


def _row(value: Any, name: str, feature: Feature, *, where: str) -> AnyArray:
    try:
        row = np.asarray(value)
        if row.dtype.kind not in "fiub":
            raise ValueError
        if (row.dtype.kind == "b") != (feature.dtype == "bool"):
            raise ValueError
        row = stored_column(row, Feature(feature.dtype, row.shape or (1,)))[0].reshape(row.shape)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise DatasetError(f"{where}: {name!r} holds {str(value)[:60]!r}, expected numbers") from error
    if row.shape != feature.shape:
        raise DatasetError(f"{where}: {name!r} has shape {row.shape}, expected {feature.shape} as in the other rows")
    return row
