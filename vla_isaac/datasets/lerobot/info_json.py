"""`read_info`: `meta/info.json` of a LeRobot dataset, with every field checked; and the version of its layout.

A dataset that was converted, or labelled by hand, may say another version than its files are laid out in. The files decide.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vla_isaac.core.errors import DatasetError
from vla_isaac.core.input_files import read_json_object
from vla_isaac.datasets.lerobot.fields import Fields
from vla_isaac.datasets.lerobot.layout import INFO, NUMBERS
from vla_isaac.datasets.untrusted_paths import file_inside

FIX = "correct this field, or copy the dataset again"

SIGNS = {
    2: ("meta/episodes.jsonl", "meta/tasks.jsonl", "data/chunk-*/episode_*.parquet"),
    3: ("meta/episodes/chunk-*/file-*.parquet", "meta/tasks.parquet", "data/chunk-*/file-*.parquet"),
}
"""Files that only one major version of the format has."""

_log = logging.getLogger(__name__)


def read_info(root: Path) -> dict[str, Any]:
    """Return the content of `info.json`; missing sizes are LeRobot's defaults, and a missing rate is that of a camera.

    Raises:
        DatasetError: If it is broken, or a field that is needed is missing or of another type; the message names it.
    """
    path = root / INFO
    data = read_json_object(file_inside(root, INFO), error=DatasetError, remedy=FIX)
    fields = Fields(data, str(path), remedy=FIX)
    features = fields.mapping("features")
    for name, feature in features.items():
        _check_feature(Fields(feature, f"{path}: features.{name}", remedy=FIX))
    checked = {
        "fps": fields.number("fps", _video_rate(features), least=1e-3),
        "chunks_size": fields.whole("chunks_size", 1000, least=1),
        "robot_type": fields.text("robot_type", "unknown") or "unknown",
        "features": features,
    }
    return {**data, **checked}


def major_version(root: Path) -> int | None:
    """Return the major version whose layout the files have, 2 or 3; of a dataset without such files, the one it says.

    None if there is no `info.json`, or it says no version.

    Raises:
        DatasetError: If neither its files nor its version are known.
    """
    if not (root / INFO).is_file():
        return None
    found = [version for version, patterns in SIGNS.items() if any(_has(root, pattern) for pattern in patterns)]
    if len(found) == 1:
        return found[0]
    version = said_version(root)
    said = _major(version)
    if version is not None and said not in SIGNS:
        raise DatasetError(
            f"{root / INFO}: codebase_version is {version!r:.60}, supported are v2.0, v2.1 and v3.0",
            remedy="convert it with the LeRobot that wrote it",
        )
    return said


def said_version(root: Path) -> Any:
    """Return the version that `info.json` says, as it is there; None if it says none."""
    return read_json_object(root / INFO, error=DatasetError, remedy=FIX).get("codebase_version")


def version_fault(root: Path) -> str | None:
    """Return what is wrong with the version that `info.json` says; None if it is that of the files."""
    version, found = said_version(root), major_version(root)
    if _major(version) == found:
        return None
    said = "missing" if version is None else f"{version!r:.60}"
    return f"codebase_version is {said}, the files are laid out as v{found}"


def warn_of_version(root: Path) -> None:
    """Log a warning if the version that `info.json` says is not that of the files."""
    fault = version_fault(root)
    if fault is not None:
        _log.warning("%s: %s, and are read so", root / INFO, fault)


def _has(root: Path, pattern: str) -> bool:
    return next(root.glob(pattern), None) is not None


def _major(version: Any) -> int | None:
    """Return the major version: of ``v2.1``, ``2.1`` or the number 2.1 it is 2."""
    match = re.match(r"v?(\d{1,4})\b", str(version))
    return int(match[1]) if match else None


def _check_feature(feature: Fields) -> None:
    dtype = feature.text("dtype")
    if dtype in NUMBERS:
        feature.shape("shape")
    elif dtype in ("video", "image") and len(feature.shape("shape")) not in (2, 3):
        raise feature.wrong("shape", "three numbers: height, width and channels")


def _video_rate(features: Mapping[str, Any]) -> float | None:
    """Return the rate that the first camera says, None if there is none."""
    for feature in features.values():
        about = feature.get("info") or feature.get("video_info")
        rate = about.get("video.fps") if isinstance(about, Mapping) else None
        if isinstance(rate, int | float) and not isinstance(rate, bool):
            return float(rate)
    return None
