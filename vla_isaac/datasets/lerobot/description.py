"""`info.json` of a LeRobot dataset, v3.0 and v2.1, to `DatasetInfo` and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vla_isaac.core.errors import DatasetError, UsageError
from vla_isaac.datasets.description import check_description, read_json
from vla_isaac.datasets.episode import Feature
from vla_isaac.datasets.formats import DatasetInfo
from vla_isaac.datasets.lerobot.layout import BOOKKEEPING, IMAGE_PREFIX, INFO, OURS, video_key
from vla_isaac.datasets.meta_json import dumps
from vla_isaac.datasets.untrusted_paths import file_inside, reading
from vla_isaac.datasets.video_files import PIXELS

ANNOTATION = "annotation."
NUMBERS = {"float32", "float64", "float16", "int64", "int32", "int16", "int8", "uint8", "bool"}


@dataclass(frozen=True)
class Camera:
    """Storage of a camera's images."""

    key: str
    """Name of its feature."""

    resolution_hw: tuple[int, int]
    is_video: bool
    """False where images are PNG files inside the Parquet rows."""


def has_version(path: Path, prefix: str) -> bool:
    """Return whether a folder holds a LeRobot dataset whose version begins with `prefix`."""
    try:
        return str(read_json(path / INFO).get("codebase_version", "")).startswith(prefix)
    except (DatasetError, AttributeError):
        return False


def columns_of(data: Mapping[str, Any]) -> dict[str, Feature]:
    """Return the numeric columns, without text, images and bookkeeping."""
    return {
        name: Feature(feature["dtype"], tuple(feature["shape"]) or (1,), _names(feature.get("names")))
        for name, feature in data["features"].items()
        if feature["dtype"] in NUMBERS and name not in BOOKKEEPING and not name.startswith(ANNOTATION)
    }


def cameras_of(data: Mapping[str, Any]) -> dict[str, Camera]:
    """Return its cameras by name."""
    return {
        name.removeprefix(IMAGE_PREFIX).removeprefix("observation."): Camera(
            name, _resolution(feature), feature["dtype"] == "video"
        )
        for name, feature in data["features"].items()
        if feature["dtype"] in ("video", "image")
    }


def info_of(path: Path, data: Mapping[str, Any]) -> DatasetInfo:
    """Return the metadata that all episodes share.

    Raises:
        DatasetError: If `info.json` lacks a required entry, or one is not accepted.
    """
    with reading(path / INFO):
        ours = read_json(file_inside(path, OURS)) if (path / OURS).exists() else {}
        info = DatasetInfo(
            fps=float(data["fps"]),
            features=columns_of(data),
            cameras={name: camera.resolution_hw for name, camera in cameras_of(data).items()},
            robot_type=str(data.get("robot_type") or "unknown"),
            action_spec=dict(ours.get("action_spec", {})),
        )
        check_description(info, source=str(path / INFO))
    return info


def features_of(info: DatasetInfo, codec: str, extra: Mapping[str, Feature] | None = None) -> dict[str, Any]:
    """Return the entry `features` of a new dataset."""
    columns = {**info.features, **(extra or {})}
    features = {name: _feature(feature) for name, feature in columns.items()}
    features |= {video_key(name): _video(hw, info.fps, codec) for name, hw in info.cameras.items()}
    return features | {name: _feature(feature) for name, feature in BOOKKEEPING.items()}


def ours_of(info: DatasetInfo) -> bytes:
    """Return the file with the metadata that LeRobot's format has no field for."""
    from vla_isaac import __version__

    return dumps({"action_spec": dict(info.action_spec), "vla_isaac": __version__}, indent=4).encode()


def whole(fps: float) -> float | int:
    """Return the rate as LeRobot writes it: an integer where possible."""
    return int(fps) if fps == int(fps) else fps


def check_info(path: Path, info: DatasetInfo) -> None:
    """Check that a dataset with this metadata can be written.

    Raises:
        UsageError: If it cannot.
    """
    if "action" not in info.features:
        raise UsageError(f"dataset {path}: has no column 'action'; its columns: {', '.join(info.features)}")
    if not info.fps > 0:
        raise UsageError(f"dataset {path}: fps={info.fps} must be positive")
    taken = [name for name in info.features if name in BOOKKEEPING or "/" in name or name.startswith(ANNOTATION)]
    if taken:
        raise UsageError(f"dataset {path}: the column name {taken[0]!r} is reserved or has a '/'; choose another")
    for name, feature in info.features.items():
        if feature.dtype not in NUMBERS:
            raise UsageError(
                f"dataset {path}: column {name!r} has dtype {feature.dtype!r}; use {', '.join(sorted(NUMBERS))}"
            )
    for name, (height, width) in info.cameras.items():
        if height % 2 or width % 2 or min(height, width) < 16:
            raise UsageError(
                f"dataset {path}: camera {name!r} has {height} x {width} px; videos need even numbers of at least 16"
            )
        if "/" in name:
            raise UsageError(f"dataset {path}: the camera name {name!r} has a '/'; choose another")


def _feature(feature: Feature) -> dict[str, Any]:
    names = list(feature.names) if feature.names else None
    return {"dtype": feature.dtype, "shape": list(feature.shape), "names": names}


def _video(hw: tuple[int, int], fps: float, codec: str) -> dict[str, Any]:
    about = {
        "video.height": hw[0],
        "video.width": hw[1],
        "video.codec": codec,
        "video.pix_fmt": PIXELS,
        "video.is_depth_map": False,
        "video.fps": whole(fps),
        "video.channels": 3,
        "has_audio": False,
    }
    return {"dtype": "video", "shape": [*hw, 3], "names": ["height", "width", "channels"], "info": about}


def _names(names: Any) -> tuple[str, ...] | None:
    """Return the names of a row's values; some datasets wrap them in a mapping of one entry."""
    if isinstance(names, Mapping):
        names = next(iter(names.values()), None)
    return tuple(str(name) for name in names) if isinstance(names, list) and names else None


def _resolution(feature: Mapping[str, Any]) -> tuple[int, int]:
    shape, names = list(feature["shape"]), feature.get("names") or ["height", "width", "channels"]
    height, width = shape[1:] if str(names[0]).startswith("channel") else shape[:2]
    return int(height), int(width)
