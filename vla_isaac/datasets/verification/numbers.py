"""Verify numbers: finite, within the joint limits, and within the action convention."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.errors import VlaIsaacError
from vla_isaac.core.specs import ActionSpec
from vla_isaac.datasets.episode import STATE_NAMES
from vla_isaac.datasets.formats import DatasetInfo
from vla_isaac.robots import panda

Fault = tuple[int | None, str]
"""The first row, and a description."""

JOINT_SLACK = 0.02  # [rad] simulated joints exceed their limits slightly
WIDTH_SLACK = 0.02  # [m] the same for fingers; measured: 0.0103, with an object between them
UNIT_SLACK = 1e-3  # of numbers between 0 and 1, or -1 and 1
ASK_SLACK = 1.5  # an increment may exceed the speed limits, which the controller applies; much more is a fault
REACH = 1.3  # [m] from the base to anything a Panda can touch: 0.333 to the shoulder and 0.855 from there, rounded up

_GRIPPER_RANGE = {
    "width_m": (-WIDTH_SLACK, panda.GRIPPER_MAX_WIDTH + WIDTH_SLACK),
    "open_is_one": (-UNIT_SLACK, 1 + UNIT_SLACK),
    "closed_is_one": (-UNIT_SLACK, 1 + UNIT_SLACK),
    "open_is_plus_one": (-1 - UNIT_SLACK, 1 + UNIT_SLACK),
    "open_is_minus_one": (-1 - UNIT_SLACK, 1 + UNIT_SLACK),
    "relative_closing": (-1 - UNIT_SLACK, 1 + UNIT_SLACK),
}


def number_faults(columns: Mapping[str, AnyArray], info: DatasetInfo) -> Iterator[Fault]:
    """Yield the faults in the numbers of one episode, one per column."""
    finite = {}
    for name, values in columns.items():
        fault = _shape_fault(name, values, info) or _not_finite(name, values)
        if fault:
            yield fault
        else:
            finite[name] = values
    for name, values in finite.items():
        feature = info.features.get(name)
        if feature is not None and feature.names == STATE_NAMES and name != "action":
            yield from _joint_faults(name, values)
    if "action" in finite:
        yield from _action_faults(finite["action"], info)


def spec_of(info: DatasetInfo) -> ActionSpec | None:
    """Return the action convention, if the dataset declares a valid one."""
    if not info.action_spec:
        return None
    try:
        return ActionSpec(**info.action_spec)
    except (TypeError, VlaIsaacError):
        return None


def beyond(name: str, values: AnyArray, low: Any, high: Any, *, what: str) -> Iterator[Fault]:
    """Yield the first row with a number outside its limits; values have shape (T, D)."""
    wrong = np.argwhere((values < low) | (values > high))
    if len(wrong):
        row, number = wrong[0]
        limits = np.broadcast_arrays(values[0], low, high)[1:]
        yield (
            int(row),
            f"{name}[{number}] is {values[row, number]:.4g}, beyond {what} "
            f"[{limits[0][number]:.4g}, {limits[1][number]:.4g}] ({len(np.unique(wrong[:, 0]))} rows)",
        )


def _shape_fault(name: str, values: AnyArray, info: DatasetInfo) -> Fault | None:
    feature = info.features.get(name)
    if feature is None:
        return None
    if values.dtype == feature.dtype and values.shape[1:] == feature.shape:
        return None
    found, expected = f"{values.dtype}{list(values.shape[1:])}", f"{feature.dtype}{list(feature.shape)}"
    return None, f"column {name!r} is {found}, the dataset says {expected}"


def _not_finite(name: str, values: AnyArray) -> Fault | None:
    if values.dtype.kind != "f":
        return None
    wrong = np.argwhere(~np.isfinite(values))
    if not len(wrong):
        return None
    first = tuple(int(i) for i in wrong[0])
    place = f"[{', '.join(map(str, first[1:]))}]"
    return first[0], f"{name}{place} is {values[first]} ({len(np.unique(wrong[:, 0]))} rows); every number must be finite"


def _joint_faults(name: str, values: AnyArray) -> Iterator[Fault]:
    low = np.append(panda.QPOS_LOWER - JOINT_SLACK, -WIDTH_SLACK)
    high = np.append(panda.QPOS_UPPER + JOINT_SLACK, panda.GRIPPER_MAX_WIDTH + WIDTH_SLACK)
    yield from beyond(name, values, low, high, what="the joint limits")


def _action_faults(action: AnyArray, info: DatasetInfo) -> Iterator[Fault]:
    spec = spec_of(info)
    if info.action_spec and spec is None:
        yield None, f"the action convention cannot be read: {dict(info.action_spec)}"
    if spec is None:
        return
    if spec.width != action.shape[1]:
        yield None, f"an action has {action.shape[1]} numbers, its convention {spec.width}"
        return
    if spec.gripper != "none":
        low, high = _GRIPPER_RANGE[spec.gripper]
        lows, highs = np.full(spec.width, -np.inf), np.full(spec.width, np.inf)
        lows[-1], highs[-1] = low, high
        yield from beyond("action", action, lows, highs, what=f"the gripper's range of {spec.gripper!r}")
    yield from _arm_faults(action[:, : spec.arm_width], spec)


def _arm_faults(arm: AnyArray, spec: ActionSpec) -> Iterator[Fault]:
    limit: Any
    if spec.command_limit is not None:
        limit = spec.command_limit + UNIT_SLACK
        yield from beyond("action", arm, -limit, limit, what="the command limit")
    elif spec.joints == "other_robot":
        return
    elif spec.joints == "position_rad":
        low, high = panda.QPOS_LOWER - JOINT_SLACK, panda.QPOS_UPPER + JOINT_SLACK
        yield from beyond("action", arm, low, high, what="the joint limits")
    elif spec.joints != "none":
        period = 1.0 if spec.joints == "velocity_rad_s" else 1 / spec.rate_hz
        limit = ASK_SLACK * panda.QVEL_LIMIT * period / spec.joint_scale
        yield from beyond("action", arm, -limit, limit, what=f"{ASK_SLACK} times what the joints can do in a step")
    elif spec.translation == "position_base_m":
        yield from beyond("action", arm[:, :3], -REACH, REACH, what="the arm's reach")
    else:
        yield from _increment_faults(arm, spec)


def _increment_faults(arm: AnyArray, spec: ActionSpec) -> Iterator[Fault]:
    """Compare a displacement per step with the speed limit of the end effector."""
    has_translation = spec.translation != "none"
    translation = panda.EE_SPEED_LIMIT / spec.rate_hz / spec.translation_scale
    rotation = panda.EE_TURN_RATE_LIMIT / spec.rate_hz / spec.rotation_scale
    limit = ASK_SLACK * np.array([translation] * 3 * has_translation + [rotation] * (arm.shape[1] - 3 * has_translation))
    yield from beyond("action", arm, -limit, limit, what=f"{ASK_SLACK} times what the end effector can do in a step")
