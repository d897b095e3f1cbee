"""Verify motion: joint speeds above their limits, and implausible object motion."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from vla_isaac.core.arrays import AnyArray
from vla_isaac.datasets.episode import PRIVILEGED
from vla_isaac.datasets.formats import DatasetInfo
from vla_isaac.datasets.verification.numbers import Fault
from vla_isaac.robots import panda

SPEED_SLACK = 1.5  # of the joints' speed limits; a push makes a joint overshoot briefly (measured: 1.34)
OBJECT_SPEED_LIMIT = 3.0  # [m/s] an object that falls from 0.45 m; a faster one is a simulator fault
OBJECT_DISTANCE_LIMIT = 3.0  # [m] from the world's origin
EXECUTED, STATE, VELOCITY = "action.executed", "observation.state", "observation.velocity"

_SPEEDS = ("speed", "velocity", "qvel")


def motion_faults(columns: Mapping[str, AnyArray], info: DatasetInfo, extra: Mapping[str, Any]) -> Iterator[Fault]:
    """Yield impossible motion in one episode; columns with non-finite numbers are skipped."""
    finite = {n: v for n, v in columns.items() if v.dtype.kind != "f" or np.isfinite(v).all()}
    if info.robot_type == "franka_panda":
        yield from _joint_speed_faults(finite, info.fps)
    for name, values in finite.items():
        if _holds_objects(name) and values.dtype.kind == "f":
            yield from _object_faults(name, values, info.fps)
    yield from _recorded_faults(extra)


def _joint_speed_faults(columns: Mapping[str, AnyArray], fps: float) -> Iterator[Fault]:
    """Compare the joint displacement in each period with the speed limits."""
    if EXECUTED in columns and columns[EXECUTED].shape[1:] == (8,):
        before = columns[STATE][:1] if STATE in columns else columns[EXECUTED][:1]
        positions, name, first = np.concatenate([before, columns[EXECUTED]]), EXECUTED, 0
    elif STATE in columns and columns[STATE].shape[1:] == (8,):
        positions, name, first = columns[STATE], STATE, 1
    else:
        return
    speeds = np.abs(np.diff(positions[:, :7].astype(np.float64), axis=0)) * fps
    yield from _too_fast(name, speeds, first)
    if VELOCITY in columns and columns[VELOCITY].shape[1:] == (7,):
        yield from _too_fast(VELOCITY, np.abs(columns[VELOCITY]), 0)


def _too_fast(name: str, speeds: AnyArray, first: int) -> Iterator[Fault]:
    wrong = np.argwhere(speeds > SPEED_SLACK * panda.QVEL_LIMIT)
    if len(wrong):
        row, joint = wrong[0]
        yield (
            int(row) + first,
            f"{name}: joint {joint + 1} moves at {speeds[row, joint]:.1f} rad/s, its limit is "
            f"{panda.QVEL_LIMIT[joint]:.2f}; the arm was flung, or a row is wrong",
        )


def _holds_objects(name: str) -> bool:
    """Return whether a column is known to hold poses or speeds of objects: by its name, or as one of this package.

    Others, such as `object` of robosuite and of Isaac Lab, mix positions, rotations and differences in one row.
    """
    return "object" in name and (name in PRIVILEGED or any(word in name for word in ("pos", *_SPEEDS)))


def _object_faults(name: str, values: AnyArray, fps: float) -> Iterator[Fault]:
    """Check a column with `object` in its name: speeds directly, positions and poses by their displacement per period."""
    rows = values.reshape(len(values), -1).astype(np.float64)
    if any(word in name for word in _SPEEDS):
        speeds = np.abs(rows) if "speed" in name else np.linalg.norm(rows[:, :3], axis=1, keepdims=True)
        yield from _flung(name, speeds, 0)
        return
    width = 7 if rows.shape[1] % 7 == 0 else 3
    if rows.shape[1] % width:
        return
    places = rows.reshape(len(rows), -1, width)[:, :, :3]
    if "pos" in name:  # others, such as the objects of the goal that comes next, may change from one object to another
        yield from _flung(name, np.linalg.norm(np.diff(places, axis=0), axis=2) * fps, 1)
    far = np.argwhere(np.linalg.norm(places, axis=2) > OBJECT_DISTANCE_LIMIT)
    if len(far):
        distance = float(np.linalg.norm(places[tuple(far[0])]))
        yield int(far[0][0]), f"{name}: object {far[0][1]} is {distance:.1f} m away; it was flung or fell out of the world"


def _flung(name: str, speeds: AnyArray, first: int) -> Iterator[Fault]:
    wrong = np.argwhere(speeds > OBJECT_SPEED_LIMIT)
    if len(wrong):
        row, number = wrong[0]
        yield (
            int(row) + first,
            f"{name}: object {number} moves at {speeds[row, number]:.1f} m/s, more than {OBJECT_SPEED_LIMIT:.0f}; "
            "it was flung",
        )


def _recorded_faults(extra: Mapping[str, Any]) -> Iterator[Fault]:
    """Check speeds stored by the recorder, as a number or by object."""
    noted = extra.get("max_object_speed")
    speeds = noted if isinstance(noted, Mapping) else {"an object": noted}
    for name, speed in speeds.items():
        if isinstance(speed, (int, float)) and not speed <= OBJECT_SPEED_LIMIT:
            yield None, f"{name} reached {speed:.1f} m/s as recorded, more than {OBJECT_SPEED_LIMIT:.0f}; it was flung"
