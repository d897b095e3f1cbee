"""`EpisodeMeta` to JSON and back, for metadata that a format has no field for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

import numpy as np

from vla_isaac.core.errors import DatasetError
from vla_isaac.datasets.episode import CameraInfo, EpisodeMeta


def meta_to_json(meta: EpisodeMeta) -> dict[str, Any]:
    """Return plain data; NumPy numbers and arrays become numbers and lists."""
    plain: dict[str, Any] = json.loads(dumps(_plain_mappings(asdict(meta))))
    return plain


def meta_from_json(data: Mapping[str, Any]) -> EpisodeMeta:
    """Return the metadata; fields of later versions are ignored.

    Raises:
        DatasetError: If a required field is missing.
    """
    known = {field.name for field in fields(EpisodeMeta)}
    values = {name: value for name, value in data.items() if name in known}
    try:
        cameras = {name: _camera(camera) for name, camera in values.pop("cameras", {}).items()}
        return EpisodeMeta(cameras=cameras, **values)
    except (TypeError, ValueError, AttributeError) as error:
        raise DatasetError(f"invalid metadata of an episode ({error}); its fields: {', '.join(data)}") from error


def dumps(data: Any, *, indent: int | None = None) -> str:
    """Return JSON text; NumPy numbers and arrays become plain ones."""
    return json.dumps(data, default=_plain, ensure_ascii=False, indent=indent)


def _camera(data: Mapping[str, Any]) -> CameraInfo:
    known = {field.name for field in fields(CameraInfo)}
    return CameraInfo(**{name: _tuple(value) for name, value in data.items() if name in known})


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _plain_mappings(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain_mappings(inner) for name, inner in value.items()}
    return [_plain_mappings(inner) for inner in value] if isinstance(value, list | tuple) else value


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is not plain data; give numbers, text, lists and mappings")
