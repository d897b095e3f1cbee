"""`info.json` of a LeRobot dataset, v3.0 and v2.1, to `DatasetInfo` and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vla_isaac.core.errors import DatasetError, ShapeError, UsageError
from vla_isaac.datasets.description import check_description, read_json
from vla_isaac.datasets.episode import Feature
from vla_isaac.datasets.formats import DatasetInfo, check_has_actions
from vla_isaac.datasets.lerobot.fields import Fields
from vla_isaac.datasets.lerobot.info_json import said_version
from vla_isaac.datasets.lerobot.language import LANGUAGE
from vla_isaac.datasets.lerobot.layout import BOOKKEEPING, IMAGE_PREFIX, INFO, NUMBERS, OURS, video_key
from vla_isaac.datasets.meta_json import dumps
from vla_isaac.datasets.picture_kinds import PictureAxes, declared_pixel_format, is_depth_map, picture_axes, why_left_out
from vla_isaac.datasets.untrusted_paths import file_inside
from vla_isaac.datasets.value_names import value_names
from vla_isaac.datasets.video_files import PIXELS

ANNOTATION = "annotation."


@dataclass(frozen=True)
class Camera:
    """Storage of a camera's images."""

    key: str
    """Name of its feature."""

    axes: PictureAxes
    is_video: bool
    """False where images are PNG files inside the Parquet rows."""

    pixel_format: str = ""
    """FFmpeg's name of it; empty where `info.json` does not give it."""

    left_out: str = ""
    """Why `info.json` says that its pictures are no color pictures; empty if it does not."""


def has_version(path: Path, prefix: str) -> bool:
    """Return whether a folder says that it holds a LeRobot dataset whose version begins with `prefix`."""
    try:
        return str(said_version(path)).startswith(prefix)
    except DatasetError:
        return False


def columns_of(data: Mapping[str, Any], *, source: str = INFO) -> dict[str, Feature]:
    """Return the numeric columns, without text, images and bookkeeping; `source` names the file in warnings."""
    return {
        name: _column(name, feature, source)
        for name, feature in data["features"].items()
        if feature["dtype"] in NUMBERS and name not in BOOKKEEPING and not name.startswith(ANNOTATION)
    }


def all_cameras_of(data: Mapping[str, Any]) -> dict[str, Camera]:
    """Return its cameras by name, also those whose pictures are left out."""
    return {
        name.removeprefix(IMAGE_PREFIX).removeprefix("observation."): _camera(name, feature)
        for name, feature in data["features"].items()
        if feature["dtype"] in ("video", "image")
    }


def cameras_of(data: Mapping[str, Any]) -> dict[str, Camera]:
    """Return the cameras with color pictures by name."""
    return {name: camera for name, camera in all_cameras_of(data).items() if not camera.left_out}


def axes_of(name: str, feature: Mapping[str, Any]) -> PictureAxes:
    """Return the size and the channels of the pictures of a feature.

    Raises:
        DatasetError: If its shape is not that of a picture.
    """
    try:
        return picture_axes(feature["shape"], feature.get("names"))
    except ShapeError as error:
        raise DatasetError(
            f"{INFO}: feature {name!r}: {error.message}", remedy="write the shape of its pictures there, as [48, 64, 3]"
        ) from error


def info_of(path: Path, data: Mapping[str, Any]) -> DatasetInfo:
    """Return the metadata that all episodes share, from the content of `info.json` as `read_info` returns it.

    Raises:
        DatasetError: If a value is not accepted, or our own file next to it is broken.
    """
    ours = Fields(read_json(file_inside(path, OURS)) if (path / OURS).exists() else {}, str(path / OURS))
    info = DatasetInfo(
        fps=data["fps"],
        features=columns_of(data, source=str(path / INFO)),
        cameras={name: camera.axes.resolution_hw for name, camera in cameras_of(data).items()},
        robot_type=data["robot_type"],
        action_spec=ours.mapping("action_spec", {}),
        has_annotations=any(name in data["features"] for name in LANGUAGE),
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
    check_has_actions(info, path)
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


def _column(name: str, feature: Mapping[str, Any], source: str) -> Feature:
    shape = tuple(feature["shape"]) or (1,)
    return Feature(feature["dtype"], shape, value_names(feature.get("names"), shape, column=name, source=source))


def _camera(name: str, feature: Mapping[str, Any]) -> Camera:
    axes = axes_of(name, feature)
    why = why_left_out(axes.channels, "8 bits", is_8_bit=True, is_depth=is_depth_map(feature))
    return Camera(name, axes, feature["dtype"] == "video", declared_pixel_format(feature), why)
