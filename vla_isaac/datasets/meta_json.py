"""`EpisodeMeta` to JSON and back, for metadata that a format has no field for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

import numpy as np

from vla_isaac.core.config import from_mapping
from vla_isaac.core.errors import ConfigError, DatasetError
from vla_isaac.core.input_files import parse_json, reading
from vla_isaac.datasets.episode import CameraInfo, EpisodeMeta
from vla_isaac.datasets.untrusted_paths import COPY_AGAIN


def meta_to_json(meta: EpisodeMeta) -> dict[str, Any]:
    """Return plain data; NumPy numbers and arrays become numbers and lists."""
    plain: dict[str, Any] = json.loads(dumps(_plain_mappings(asdict(meta))))
    return plain


def meta_from_text(text: str | bytes, *, source: str) -> EpisodeMeta:
    """Return the metadata from the JSON text that a format stores; arguments and errors as in `meta_from_json`."""
    return meta_from_json(parse_json(text, source, error=DatasetError, remedy=COPY_AGAIN), source=source)


def meta_from_json(data: Any, *, source: str) -> EpisodeMeta:
    """Return the metadata; fields of later versions are ignored.

    Args:
        data: The output of `meta_to_json`.
        source: The file and the place in it, for errors.

    Raises:
        DatasetError: If a required field is missing, or one is of another type.
    """
    values = _known(data, EpisodeMeta)
    with reading(source, error=DatasetError, remedy=COPY_AGAIN):
        if "cameras" in values:
            values["cameras"] = {name: _known(camera, CameraInfo) for name, camera in values["cameras"].items()}
    try:
        return from_mapping(EpisodeMeta, values, source=source)
    except ConfigError as error:
        raise DatasetError(f"the metadata of an episode is invalid: {error}", remedy=COPY_AGAIN) from error


def dumps(data: Any, *, indent: int | None = None) -> str:
    """Return JSON text; NumPy numbers and arrays become plain ones."""
    return json.dumps(data, default=_plain, ensure_ascii=False, indent=indent)


def _known(data: Any, kind: Any) -> Any:
    """Return the entries of a mapping that are fields of a dataclass; other values unchanged."""
    known = {field.name for field in fields(kind)}
    return {name: value for name, value in data.items() if name in known} if isinstance(data, Mapping) else data


def _plain_mappings(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain_mappings(inner) for name, inner in value.items()}
    return [_plain_mappings(inner) for inner in value] if isinstance(value, list | tuple) else value


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is not plain data; give numbers, text, lists and mappings")
