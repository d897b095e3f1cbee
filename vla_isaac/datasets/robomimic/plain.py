"""Metadata of a robomimic file that this package did not write: columns, cameras, rate and instructions.

LIBERO's files are also of this kind. Double precision numbers become float32, as trainers read them.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from vla_isaac.core.errors import DatasetError
from vla_isaac.core.input_files import parse_json
from vla_isaac.datasets.episode import EpisodeMeta, Feature, action_feature
from vla_isaac.datasets.formats import DatasetInfo
from vla_isaac.datasets.robomimic.layout import PICTURE_ENDINGS
from vla_isaac.datasets.untrusted_paths import COPY_AGAIN

CONTROL_FREQ = 20.0  # [Hz] robosuite's default control_freq, for files without a rate

_DTYPES = {"f": "float32", "i": "int64", "u": "int64", "b": "bool"}
_log = logging.getLogger(__name__)


def guess_info(data: Any, demo: Any) -> tuple[DatasetInfo, dict[str, str]]:
    """Return the metadata of a plain file, from one of its demos, and the path of each camera's images."""
    features: dict[str, Feature] = {"action": action_feature(demo["actions"].shape[1])}
    cameras: dict[str, tuple[int, int]] = {}
    places: dict[str, str] = {}
    for key, array in demo.get("obs", {}).items():
        if array.ndim == 4 and array.shape[3] == 3 and array.dtype == "uint8":
            name = _camera_name(key)
            cameras[name], places[name] = array.shape[1:3], f"obs/{key}"
        elif array.ndim <= 2 and array.dtype.kind in _DTYPES:
            features[f"observation.{key}"] = _feature(array)
        else:
            _log.warning("hdf5: obs/%s has shape %s and is left out: neither numbers nor colour pictures", key, array.shape)
    if "rewards" in demo:
        features["next.reward"] = Feature("float32", (1,))
    if "dones" in demo:
        features["next.done"] = Feature("bool", (1,))
    if "states" in demo and demo["states"].ndim == 2:
        features["states"] = _feature(demo["states"])
    return DatasetInfo(fps=_rate(data), features=features, cameras=cameras, robot_type=_robot(data)), places


def guess_meta(data: Any, demo: Any, masks: list[str], fps: float) -> EpisodeMeta:
    """Return the metadata of a demo in a plain file; the instruction is the environment's name where there is none."""
    env = _json(data, "env_args")
    sentence = (
        _json(demo, "ep_meta").get("lang")  # robocasa, robomimic 0.4 and later
        or _json(data, "problem_info").get("language_instruction")  # LIBERO
        or env.get("env_name", "")
    )
    return EpisodeMeta(
        instruction=str(sentence),
        task=str(env.get("env_name", "")),
        backend=str(env.get("env_version", "")) and f"robosuite {env['env_version']}",
        fps=fps,
        extra={"masks": masks} if masks else {},
    )


def _feature(array: Any) -> Feature:
    return Feature(_DTYPES[array.dtype.kind], tuple(array.shape[1:]) or (1,))


def _camera_name(key: str) -> str:
    for ending in PICTURE_ENDINGS:
        key = key.removesuffix(ending)
    return key


def _rate(data: Any) -> float:
    kwargs = _json(data, "env_args").get("env_kwargs", {})
    return float(kwargs.get("control_freq", CONTROL_FREQ))


def _robot(data: Any) -> str:
    robots = _json(data, "env_args").get("env_kwargs", {}).get("robots", "unknown")
    return str(robots[0] if isinstance(robots, list) and robots else robots)


def _json(group: Any, name: str) -> Mapping[str, Any]:
    """Return an attribute that is JSON text, or an empty mapping."""
    try:
        found = parse_json(group.attrs.get(name, "{}"), name, error=DatasetError, remedy=COPY_AGAIN)
    except DatasetError:
        return {}
    return found if isinstance(found, dict) else {}
