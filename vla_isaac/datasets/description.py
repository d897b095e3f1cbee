"""What a dataset and its demonstrations are about, as plain JSON and back; shared by the formats that write it as text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

from vla_isaac.core.errors import DatasetError
from vla_isaac.datasets.episode import CameraInfo, EpisodeMeta, Feature
from vla_isaac.datasets.formats import DatasetInfo


def plain(value: Any) -> Any:
    """Return `value` in the types of JSON: mappings as dicts, tuples and arrays as lists, NumPy numbers as numbers."""
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    return value


def meta_to_json(meta: EpisodeMeta) -> dict[str, Any]:
    """Return all that is known about a demonstration."""
    values = {f.name: getattr(meta, f.name) for f in fields(meta)}
    values["cameras"] = {name: asdict(camera) for name, camera in meta.cameras.items()}
    found: dict[str, Any] = plain(values)
    return found


def meta_from_json(data: Any, *, source: str) -> EpisodeMeta:
    """Return a demonstration's description; keys of later versions are kept in `extra`.

    Raises:
        DatasetError: Naming `source`, if it is none.
    """
    if not isinstance(data, Mapping) or not isinstance(data.get("instruction"), str):
        raise DatasetError(f"{source}: expected a mapping with the key 'instruction', got {_show(data)}")
    known = {f.name for f in fields(EpisodeMeta)}
    values = {key: value for key, value in data.items() if key in known}
    strange = {key: value for key, value in data.items() if key not in known}
    try:
        cameras = {name: _camera(entry) for name, entry in values.pop("cameras", {}).items()}
        return EpisodeMeta(**{**values, "cameras": cameras, "extra": {**values.get("extra", {}), **strange}})
    except (TypeError, AttributeError, KeyError) as error:
        raise DatasetError(f"{source}: cannot be read as the description of a demonstration: {error}") from error


def info_to_json(info: DatasetInfo) -> dict[str, Any]:
    """Return what all episodes have in common."""
    features = {
        name: {"dtype": f.dtype, "shape": list(f.shape), "names": list(f.names) if f.names else None}
        for name, f in info.features.items()
    }
    return {
        "fps": info.fps,
        "robot_type": info.robot_type,
        "features": features,
        "cameras": {name: list(size) for name, size in info.cameras.items()},
        "action_spec": plain(info.action_spec),
    }


def info_from_json(data: Any, *, source: str) -> DatasetInfo:
    """Return what all episodes have in common.

    Raises:
        DatasetError: Naming `source`, if a key is missing or of another kind.
    """
    try:
        features = {
            name: Feature(f["dtype"], tuple(f["shape"]), tuple(f["names"]) if f["names"] else None)
            for name, f in data["features"].items()
        }
        return DatasetInfo(
            fps=float(data["fps"]),
            features=features,
            cameras={name: (int(size[0]), int(size[1])) for name, size in data["cameras"].items()},
            robot_type=data["robot_type"],
            action_spec=data["action_spec"],
        )
    except (TypeError, KeyError, ValueError, AttributeError, IndexError) as error:
        raise DatasetError(f"{source}: cannot be read as the description of a dataset: {error!r}") from error


def read_json(path: Path) -> Any:
    """Return the content of a JSON file.

    Raises:
        DatasetError: If it cannot be read, or is not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path}: is not UTF-8 text ({error.reason} at byte {error.start})") from error
    except json.JSONDecodeError as error:
        raise DatasetError(
            f"{path}: is not valid JSON: {error.msg} in line {error.lineno}, column {error.colno}; was its writing cut off?"
        ) from error


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file that appears under its name only when it is whole."""
    part = path.with_name(f".{path.name}.part")
    part.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
    part.replace(path)


def _camera(entry: Mapping[str, Any]) -> CameraInfo:
    return CameraInfo(**{key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()})


def _show(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
