"""`DatasetInfo` to JSON and back; JSON files whose errors name the place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from vla_isaac.core.atomic_files import write_bytes
from vla_isaac.core.errors import DatasetError
from vla_isaac.datasets.episode import Feature
from vla_isaac.datasets.formats import DatasetInfo
from vla_isaac.datasets.meta_json import dumps
from vla_isaac.datasets.value_names import value_names


def info_to_json(info: DatasetInfo) -> dict[str, Any]:
    """Return the metadata that all episodes share, as JSON."""
    features = {
        name: {"dtype": f.dtype, "shape": list(f.shape), "names": list(f.names) if f.names else None}
        for name, f in info.features.items()
    }
    return {
        "fps": info.fps,
        "robot_type": info.robot_type,
        "features": features,
        "cameras": {name: list(size) for name, size in info.cameras.items()},
        "action_spec": json.loads(dumps(dict(info.action_spec))),
    }


def info_from_json(data: Any, *, source: str) -> DatasetInfo:
    """Return the metadata that all episodes share.

    Raises:
        DatasetError: Naming `source`, if a key is missing or of another type.
    """
    try:
        features = {
            name: Feature(f["dtype"], tuple(f["shape"]), value_names(f.get("names"), f["shape"], column=name, source=source))
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
    """Write a JSON file; it gets its name only when it is complete."""
    write_bytes(path, (dumps(value, indent=1) + "\n").encode(), only_writer=True)
