"""`check_episode` and `check_same_info`: check an episode against a dataset, or two datasets, before anything is written."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import numpy as np

from vla_isaac.core.errors import DatasetError, UsageError
from vla_isaac.core.specs import ActionSpec
from vla_isaac.datasets.description import info_to_json
from vla_isaac.datasets.episode import Episode
from vla_isaac.datasets.formats import DatasetInfo
from vla_isaac.datasets.meta_json import dumps


def check_episode(info: DatasetInfo, episode: Episode, *, where: str) -> None:
    """Raise `DatasetError` unless the episode has rows, and exactly the columns and cameras of `info`."""
    if len(episode) == 0:
        raise DatasetError(f"{where}: the episode has no rows; leave it out")
    _check_names(where, "column", set(episode.columns), set(info.features))
    _check_names(where, "camera", set(episode.images), set(info.cameras))
    for name, feature in info.features.items():
        values = episode.columns[name]
        if values.shape[1:] != feature.shape or values.dtype != feature.dtype:
            raise DatasetError(
                f"{where}: column {name!r} is {values.dtype}{list(values.shape[1:])}, "
                f"expected {feature.dtype}{list(feature.shape)} as in the episodes before"
            )
    for camera, size in info.cameras.items():
        if episode.images[camera].shape[1:] != (*size, 3):
            raise DatasetError(
                f"{where}: camera {camera!r} has pictures of {episode.images[camera].shape[1:]}, expected {(*size, 3)}"
            )
        kind = np.asarray(episode.images[camera][0]).dtype
        if kind != np.uint8:
            raise DatasetError(f"{where}: camera {camera!r} has pictures of {kind}, expected uint8 (0 to 255)")


def check_same_info(one: DatasetInfo, other: DatasetInfo, *, where: str) -> None:
    """Raise `UsageError` with the first difference between two datasets."""
    left, right = _comparable(one), _comparable(other)
    for key, value in left.items():
        if value == right[key]:
            continue
        if isinstance(value, dict):
            name = next(n for n in {**value, **right[key]} if value.get(n) != right[key].get(n))
            what, old, new = f"{key}, {name!r}", value.get(name, "nothing"), right[key].get(name, "nothing")
        else:
            what, old, new = key, value, right[key]
        raise UsageError(f"{where}: {what}: {new} does not fit {old}; they cannot be one dataset")


def _comparable(info: DatasetInfo) -> dict[str, Any]:
    """Return the metadata, with the defaults of fields that an older dataset's action convention does not have."""
    value = info_to_json(info)
    if value["action_spec"]:
        value["action_spec"] = {**json.loads(dumps(asdict(_ANY_SPEC))), **value["action_spec"]}
    return value


_ANY_SPEC = ActionSpec(joints="position_rad")


def _check_names(where: str, kind: str, found: set[str], expected: set[str]) -> None:
    if found == expected:
        return
    missing, more = sorted(expected - found), sorted(found - expected)
    words = [f"{kind} {name!r} is missing" for name in missing] + [
        f"{kind} {name!r} is not in this dataset" for name in more
    ]
    raise DatasetError(f"{where}: {', '.join(words)}; all episodes of a dataset have the same")
