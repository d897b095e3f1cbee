"""Columns and cameras of a robomimic file that this package did not write, such as LIBERO's and Isaac Lab's.

Double precision numbers become float32, as trainers read them.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vla_isaac.datasets.episode import Feature, action_feature
from vla_isaac.datasets.formats import DatasetInfo
from vla_isaac.datasets.picture_kinds import picture_axes, why_array_is_left_out
from vla_isaac.datasets.robomimic.layout import PICTURE_ENDINGS, is_group
from vla_isaac.datasets.robomimic.provenance import rate_of, robot_of, stores_upside_down

_DTYPES = {"f": "float32", "i": "int64", "u": "int64", "b": "bool"}
_MOST_NAMED = 8  # of what is left out, in the warning
_log = logging.getLogger(__name__)


@dataclass
class _Found:
    """What the demos of a file have in common."""

    features: dict[str, Feature] = field(default_factory=dict)
    cameras: dict[str, tuple[int, int]] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)


def guess_info(data: Any, demos: Sequence[Any], path: Path) -> tuple[DatasetInfo, dict[str, str]]:
    """Return the metadata of a plain file, and the path of each camera's images below its demo.

    What is nested, is missing in a demo, or is neither numbers nor color pictures is left out with one warning.
    """
    first = demos[0]
    found = _Found(features={"action": action_feature(first["actions"].shape[1])})
    rows = len(first["actions"])
    for key in first["obs"] if is_group(first.get("obs")) else ():
        _add_observation(found, key, demos, rows)
    for key in sorted(_keys_of(demos) - set(first.get("obs", ()))):
        found.left_out.append(f"obs/{key} (only in some demos)")
    for key, name in (("rewards", "next.reward"), ("dones", "next.done"), ("states", "states")):
        _add_outcome(found, key, name, demos, rows)
    if found.left_out:
        more = f" and {len(found.left_out) - _MOST_NAMED} more" if len(found.left_out) > _MOST_NAMED else ""
        names = ", ".join(found.left_out[:_MOST_NAMED]) + more
        _log.warning("%s: left out, since only numbers and color pictures of every row and demo are read: %s", path, names)
    is_upside_down = stores_upside_down(data)
    return DatasetInfo(
        fps=rate_of(data),
        features=found.features,
        cameras=found.cameras,
        robot_type=robot_of(data),
        upside_down=tuple(found.cameras) if is_upside_down else (),
    ), found.places


def _add_observation(found: _Found, key: str, demos: Sequence[Any], rows: int) -> None:
    place = f"obs/{key}"
    array = demos[0][place]
    fault = _fault(array, place, demos, rows)
    if fault:
        found.left_out.append(f"{place} ({fault})")
    elif not why_array_is_left_out(array.shape, array.dtype):
        name = _camera_name(key)
        name = key if name in found.cameras else name
        found.cameras[name], found.places[name] = picture_axes(array.shape[1:]).resolution_hw, place
    elif array.ndim <= 2 and array.dtype.kind in _DTYPES:
        found.features[f"observation.{key}"] = _feature(array)
    else:
        found.left_out.append(f"{place} ({why_array_is_left_out(array.shape, array.dtype)})")


def _add_outcome(found: _Found, key: str, name: str, demos: Sequence[Any], rows: int) -> None:
    if key not in demos[0]:
        return
    array = demos[0][key]
    fault = _fault(array, key, demos, rows)
    if not fault and (array.ndim > 2 or array.dtype.kind not in _DTYPES):
        fault = f"shape {'x'.join(map(str, array.shape))}, {array.dtype}"
    if fault:
        found.left_out.append(f"{key} ({fault})")
    elif name == "states":
        found.features[name] = _feature(array)
    else:
        found.features[name] = Feature("float32" if name == "next.reward" else "bool", (1,))


def _fault(array: Any, place: str, demos: Sequence[Any], rows: int) -> str:
    """Return why an entry of the first demo is no array of the rows of every demo; empty if it is."""
    if is_group(array):
        return "a group"
    if array.ndim == 0:
        return "one number"
    lacking = next((demo for demo in demos if place not in demo), None)
    if lacking is not None:
        return f"not in {lacking.name.rpartition('/')[2]}"
    return ""


def _keys_of(demos: Sequence[Any]) -> set[str]:
    return {key for demo in demos if is_group(demo.get("obs")) for key in demo["obs"]}


def _feature(array: Any) -> Feature:
    return Feature(_DTYPES[array.dtype.kind], tuple(array.shape[1:]) or (1,))


def _camera_name(key: str) -> str:
    for ending in PICTURE_ENDINGS:
        key = key.removesuffix(ending)
    return key
