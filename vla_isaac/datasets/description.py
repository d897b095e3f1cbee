"""`DatasetInfo` to JSON and back; JSON files whose errors name the place."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vla_isaac.core import input_files
from vla_isaac.core.atomic_files import write_bytes
from vla_isaac.core.config import from_mapping
from vla_isaac.core.errors import ConfigError, DatasetError
from vla_isaac.datasets.formats import DatasetInfo
from vla_isaac.datasets.images_on_disk import MOST_PIXELS
from vla_isaac.datasets.meta_json import dumps
from vla_isaac.datasets.untrusted_paths import COPY_AGAIN, reading
from vla_isaac.datasets.value_names import value_names

MOST_JSON = 16 * input_files.MEBIBYTE
"""Bytes of a file that describes a dataset; only a manifest has an entry for each step and may be larger."""

MOST_FPS = 10_000.0  # [Hz]
MOST_NUMBERS = 1 << 20
"""Numbers in one row of a column."""

DTYPES = ("float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool")
"""NumPy types of a column."""


STORED = ("fps", "robot_type", "features", "cameras", "action_spec")
"""Fields of `DatasetInfo` that are written."""


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
    with reading(source):
        values = {name: data[name] for name in STORED}
        values["features"] = {name: _with_value_names(name, f, source) for name, f in values["features"].items()}
    try:
        info = from_mapping(DatasetInfo, values, source=source)
    except ConfigError as error:
        raise DatasetError(f"the description of a dataset is invalid: {error}", remedy=COPY_AGAIN) from error
    check_description(info, source=source)
    return info


def _with_value_names(name: str, feature: Mapping[str, Any], source: str) -> dict[str, Any]:
    return {**feature, "names": value_names(feature.get("names"), feature["shape"], column=name, source=source)}


def check_description(info: DatasetInfo, *, source: str) -> None:
    """Check what a dataset declares, before memory is taken for it.

    Raises:
        DatasetError: Naming `source` and the first value that is not accepted.
    """
    if not 0 < info.fps <= MOST_FPS:
        raise DatasetError(f"{source}: fps is {info.fps}, expected more than 0 and at most {MOST_FPS}", remedy=COPY_AGAIN)
    for name, feature in info.features.items():
        if feature.dtype not in DTYPES:
            found = f"dtype is {str(feature.dtype)[:60]!r}, expected one of {', '.join(DTYPES)}"
            raise DatasetError(f"{source}: column {name!r}: {found}", remedy=COPY_AGAIN)
        if not _is_size(feature.shape, MOST_NUMBERS):
            found = f"shape is {str(list(feature.shape))[:60]}, expected 1 to {MOST_NUMBERS:,} numbers"
            raise DatasetError(f"{source}: column {name!r}: {found}", remedy=COPY_AGAIN)
    for name, size in info.cameras.items():
        if not _is_size(size, MOST_PIXELS):
            found = f"pictures of {str(size)[:60]} px, expected 1 to {MOST_PIXELS:,} pixels"
            raise DatasetError(f"{source}: camera {name!r}: {found}", remedy=COPY_AGAIN)


def _is_size(shape: Sequence[Any], most: int) -> bool:
    """Return whether a shape consists of positive whole numbers with a product of at most `most`."""
    return all(type(number) is int and number > 0 for number in shape) and len(shape) > 0 and math.prod(shape) <= most


def read_json(path: Path, *, limit: int = MOST_JSON) -> Any:
    """Return the content of a JSON file of at most `limit` bytes.

    Raises:
        DatasetError: If it cannot be read, or is not JSON.
    """
    return input_files.read_json(path, error=DatasetError, remedy=COPY_AGAIN, limit=limit)


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file; it gets its name only when it is complete."""
    write_bytes(path, (dumps(value, indent=1) + "\n").encode(), only_writer=True)
