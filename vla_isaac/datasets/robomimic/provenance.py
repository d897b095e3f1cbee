"""What the attributes of a third-party robomimic file say: rate, robot, instruction, success, and how pictures are stored.

Sources: robomimic, "Dataset overview" (robomimic.github.io/docs/datasets/overview.html); LIBERO @8f1084e,
``scripts/create_dataset.py``; Isaac Lab, ``isaaclab/utils/datasets/hdf5_dataset_file_handler.py`` (attribute `success`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from vla_isaac.core.errors import DatasetError
from vla_isaac.core.input_files import parse_json
from vla_isaac.datasets.episode import EpisodeMeta
from vla_isaac.datasets.untrusted_paths import COPY_AGAIN

CONTROL_FREQ = 20.0  # [Hz] robosuite's default control_freq, for files without a rate

_UPRIGHT = "opencv"  # robosuite's macros.IMAGE_CONVENTION: "opengl" stores the lowest row first, "opencv" the highest
_TRUE, _FALSE = ("true", "1"), ("false", "0")


def rate_of(data: Any) -> float:
    """Return the control rate [Hz]: robosuite's `control_freq`, or Isaac Lab's physics step times decimation."""
    env = _json(data, "env_args")
    rate = _positive(_mapping(env.get("env_kwargs")).get("control_freq"))
    sim = _mapping(env.get("sim_args"))
    dt, decimation = _positive(sim.get("dt")), _positive(sim.get("decimation"))
    if rate is None and dt is not None and decimation is not None:
        rate = _positive(round(1 / (dt * decimation), 6))
    return CONTROL_FREQ if rate is None else rate


def robot_of(data: Any) -> str:
    """Return the name of the robot; ``"unknown"`` if the file has none."""
    robots = _mapping(_json(data, "env_args").get("env_kwargs")).get("robots", "unknown")
    return str(robots[0] if isinstance(robots, list) and robots else robots)


def stores_upside_down(data: Any) -> bool:
    """Return whether the pictures have their lowest row first, as LIBERO stores what OpenGL draws.

    LIBERO's files are recognized by their task description (`problem_info`, `bddl_file_name`) or their environment's name.
    """
    env = _json(data, "env_args")
    is_libero = (
        any(name in data.attrs for name in ("problem_info", "bddl_file_name", "bddl_file_content"))
        or "bddl_file" in env
        or str(env.get("env_name", "")).lower().startswith("libero")
    )
    return is_libero and text_of(data.attrs.get("macros_image_convention")) != _UPRIGHT


def meta_of(data: Any, demo: Any, masks: list[str], fps: float) -> EpisodeMeta:
    """Return the metadata of a demo in a plain file; the instruction is the environment's name where there is none."""
    env = _json(data, "env_args")
    sentence = (
        _json(demo, "ep_meta").get("lang")  # robocasa, robomimic 0.4 and later
        or _json(data, "problem_info").get("language_instruction")  # LIBERO
        or env.get("env_name", "")
    )
    return EpisodeMeta(
        instruction="".join(sentence) if isinstance(sentence, list) else str(sentence),
        task=str(env.get("env_name", "")),
        success=_success(demo),
        backend=str(env.get("env_version", "")) and f"robosuite {env['env_version']}",
        fps=fps,
        extra={"masks": masks} if masks else {},
    )


def _success(demo: Any) -> bool | None:
    """Return Isaac Lab's verdict of a demo; None if it has none."""
    text = text_of(demo.attrs.get("success")).lower()
    return True if text in _TRUE else False if text in _FALSE else None


def text_of(value: Any) -> str:
    """Return an attribute as text: a word, a number, or an array of one; whole numbers without a point."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    while isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def _positive(value: Any) -> float | None:
    """Return a positive finite number; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 < value < 1e9 and math.isfinite(value) else None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _json(group: Any, name: str) -> Mapping[str, Any]:
    """Return an attribute that is JSON text, or an empty mapping."""
    try:
        return _mapping(parse_json(group.attrs.get(name, "{}"), name, error=DatasetError, remedy=COPY_AGAIN))
    except DatasetError:
        return {}
