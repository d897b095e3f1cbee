"""`modality.json`: GR00T's names of the parts of state and action, for a Franka-like arm.

Source: NVIDIA/Isaac-GR00T @26f4404, `getting_started/data_preparation.md`.
"""

from __future__ import annotations

from typing import Any

from vla_isaac.core.specs import ActionSpec
from vla_isaac.datasets.episode import STATE_NAMES
from vla_isaac.datasets.formats import DatasetInfo
from vla_isaac.datasets.lerobot.layout import video_key
from vla_isaac.datasets.lerobot_v21.files import ANNOTATION

Parts = dict[str, dict[str, int]]


def modality_of(info: DatasetInfo) -> dict[str, Any]:
    """Return the content of the file."""
    return {
        "state": _state(info),
        "action": _action(info),
        "video": {name: {"original_key": video_key(name)} for name in info.cameras},
        "annotation": {ANNOTATION.removeprefix("annotation."): {}},
    }


def _state(info: DatasetInfo) -> Parts:
    feature = info.features.get("observation.state")
    if feature is None:
        return {}
    if feature.names == STATE_NAMES:
        return _parts(("joint_position", 7), ("gripper_width", 1))
    return _parts(("state", feature.shape[0]))


def _action(info: DatasetInfo) -> Parts:
    """Return the parts of an action according to its convention; one part if there is no convention."""
    width = info.features["action"].shape[0]
    if not info.action_spec:
        return _parts(("action", width))
    spec = ActionSpec(**info.action_spec)
    if spec.width != width or spec.joints == "other_robot":
        return _parts(("action", width))
    absolute = spec.translation == "position_base_m" or spec.rotation.startswith("absolute")
    suffix = "" if absolute else "_delta"
    parts = []
    if spec.joints != "none":
        names = {"position_rad": "joint_position", "delta_rad": "joint_position_delta"}
        parts.append((names.get(spec.joints, "joint_velocity"), 7))
    if spec.translation != "none":
        parts.append((f"eef_position{suffix}", 3))
    if spec.rotation != "none":
        parts.append((f"eef_rotation{suffix}", spec.arm_width - 3 * (spec.translation != "none")))
    if spec.gripper != "none":
        parts.append(("gripper", 1))
    return _parts(*parts)


def _parts(*widths: tuple[str, int]) -> Parts:
    parts: Parts = {}
    start = 0
    for name, width in widths:
        parts[name] = {"start": start, "end": start + width}
        start += width
    return parts
