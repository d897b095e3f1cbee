"""All of a dataset in a form that can be compared."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from vla_isaac.datasets.formats import open_dataset


def contents(path: Path) -> list[tuple]:
    """Return all of a dataset in a form that can be compared: numbers to the last bit, descriptions, pictures."""
    reader = open_dataset(path)
    try:
        return [_episode(reader, k) for k in range(len(reader))]
    finally:
        reader.close()


def _episode(reader, k: int) -> tuple:
    episode = reader.episode(k)
    numbers = {name: np.asarray(values).tobytes() for name, values in episode.columns.items()}
    pictures = {name: np.asarray(images[:]).tobytes() for name, images in episode.images.items()}
    return episode.meta.seed, episode.meta.task, episode.meta, numbers, pictures


def differences(found: list[tuple], expected: list[tuple]) -> list[str]:
    """Name what differs, by episode; empty for equal datasets."""
    names = [] if len(found) == len(expected) else [f"{len(found)} episodes instead of {len(expected)}"]
    for k, (one, other) in enumerate(zip(found, expected, strict=False)):
        fields = [name for name in vars(one[2]) if getattr(one[2], name) != getattr(other[2], name)]
        values = [name for part in (3, 4) for name in other[part] if one[part].get(name) != other[part][name]]
        names += [f"episode {k}: {name}" for name in (*fields, *values)]
    return names
