"""`EpisodeMeta` to JSON and back, for metadata that a format has no field for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from typing import Any

import numpy as np

from vla_isaac.core.config import from_mapping
from vla_isaac.core.errors import ConfigError, DatasetError
from vla_isaac.core.input_files import parse_json
from vla_isaac.datasets.episode import CameraInfo, EpisodeMeta

REMEDY = "copy the dataset again, or write it again with this version"


def meta_to_json(meta: EpisodeMeta) -> dict[str, Any]:
    """Return plain data; NumPy numbers and arrays become numbers and lists."""
    plain: dict[str, Any] = json.loads(dumps(_plain_mappings(asdict(meta))))
    return plain


def meta_from_json(data: Any, *, source: str = "the metadata of an episode") -> EpisodeMeta:
    """Return the metadata; fields of later versions are ignored.

    Args:
        data: The output of `meta_to_json`.
        source: The file and the place in it, for errors.

    Raises:
        DatasetError: Naming `source`, if a required field is missing, or one is of another type.
    """
    if not isinstance(data, Mapping):
        raise DatasetError(f"{source}: expected an object, got {type(data).__name__}", remedy=REMEDY)
    values = _known(EpisodeMeta, data)
    goal = values.pop("goal", None)
    texts = goal if isinstance(goal, list) else [] if goal is None else [goal]
    if not all(isinstance(text, str) for text in texts):
        raise DatasetError(f"{source}: goal is {goal!r:.60}, expected text or a list of texts", remedy=REMEDY)
    if isinstance(values.get("cameras"), Mapping):
        values["cameras"] = {name: _known(CameraInfo, camera) for name, camera in values["cameras"].items()}
    try:
        return replace(from_mapping(EpisodeMeta, values, source=source), goal=goal)
    except ConfigError as error:
        raise DatasetError(error.message, remedy=error.remedy or REMEDY) from error


def meta_from_text(text: Any, *, source: str) -> EpisodeMeta:
    """Return the metadata of a JSON text; errors as in `meta_from_json`."""
    if not isinstance(text, str | bytes):
        raise DatasetError(f"{source}: expected text, got {type(text).__name__}", remedy=REMEDY)
    return meta_from_json(parse_json(text, source, error=DatasetError, remedy=REMEDY), source=source)


def dumps(data: Any, *, indent: int | None = None) -> str:
    """Return JSON text; NumPy numbers and arrays become plain ones."""
    return json.dumps(data, default=_plain, ensure_ascii=False, indent=indent)


def _known(kind: Any, data: Any) -> Any:
    """Return the entries that a dataclass has fields for."""
    names = {field.name for field in fields(kind)}
    return {name: value for name, value in data.items() if name in names} if isinstance(data, Mapping) else data


def _plain_mappings(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain_mappings(inner) for name, inner in value.items()}
    return [_plain_mappings(inner) for inner in value] if isinstance(value, list | tuple) else value


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is not plain data; give numbers, text, lists and mappings")
