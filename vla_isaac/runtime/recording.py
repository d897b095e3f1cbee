"""`STEP_FIELDS` and `StepTable`: the values of each step that recorders store; `describe_start`: the start of an episode.

A recorder is a subscriber that selects values by name from `STEP_FIELDS` and stores them in a `StepTable`. The values
are those of the loop, without loss; each dataset format is derived from them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np

from vla_isaac import __version__
from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.config import to_mapping
from vla_isaac.runtime.subscriber import EpisodeStart, Step

StepValue = Callable[[Step], Any]
"""Returns one value of a step: a number, or an array that has the same shape in every step."""


class StepField(NamedTuple):
    """A value of a step that can be recorded."""

    path: str
    """Attribute path in a `Step`."""

    about: str
    """Description, with unit, frame and the shape for T steps."""


STEP_FIELDS: Mapping[str, StepField] = {
    "time": StepField("observation.time", "simulated time of the observation [s], (T,)"),
    "qpos": StepField("observation.qpos", "arm joint angles observed [rad], (T, 7)"),
    "qvel": StepField("observation.qvel", "arm joint speeds observed [rad/s], (T, 7)"),
    "gripper_width": StepField("observation.gripper_width", "distance between the fingers observed [m], (T,)"),
    "ee_pos": StepField("observation.pose_base_ee.pos", "tool centre point in the base frame [m], (T, 3)"),
    "ee_quat_wxyz": StepField("observation.pose_base_ee.quat_wxyz", "its orientation (w, x, y, z), (T, 4)"),
    "action_arm": StepField("action.arm", "the policy's action in its own convention, see action_spec, (T, n)"),
    "action_gripper": StepField("action.gripper", "its gripper number, NaN where it gave none, (T,)"),
    "target_qpos": StepField("target.qpos", "joint targets sent to the arm [rad], (T, 7)"),
    "target_gripper_width": StepField("target.gripper_width", "finger distance sent [m], (T,)"),
    "next_time": StepField("state.time", "simulated time after the step [s], (T,)"),
    "next_qpos": StepField("state.qpos", "arm joint angles after the step [rad], (T, 7)"),
    "next_gripper_width": StepField("state.gripper_width", "distance between the fingers after the step [m], (T,)"),
    "object_pos": StepField("state.object_pos", "object centres after the step in the world frame [m], (T, N, 3)"),
    "object_quat_wxyz": StepField("state.object_quat", "their orientations (w, x, y, z), (T, N, 4)"),
    "progress": StepField("verdict.progress", "progress after the step, 0 to 1, (T,)"),
    "success": StepField("verdict.done", "whether the goal holds after the step, (T,)"),
}


class StepTable:
    """The steps of one episode: a column of values under each name."""

    def __init__(self, *names: str, **values: StepValue) -> None:
        """Store the `STEP_FIELDS` of these names, and further values under names of their own."""
        self._values: dict[str, StepValue] = {name: attrgetter(STEP_FIELDS[name].path) for name in names}
        self._values |= values
        self._rows: dict[str, list[Any]] = {name: [] for name in self._values}
        self._length = 0

    def add(self, step: Step) -> None:
        """Append one step; a missing value, such as a gripper number, is NaN."""
        for name, value in self._values.items():
            found = value(step)
            self._rows[name].append(np.nan if found is None else found)
        self._length += 1

    def __len__(self) -> int:
        """Number of steps T."""
        return self._length

    def arrays(self) -> dict[str, AnyArray]:
        """Return the columns, T first."""
        return {name: np.asarray(rows) for name, rows in self._rows.items()}


def describe_start(start: EpisodeStart) -> dict[str, Any]:
    """Return the start of an episode as plain values: enough to restore it."""
    return {
        "vla_isaac": __version__,
        "instruction": start.instruction,
        "goal": str(start.plan) if start.plan else None,
        "seed": start.seed,
        "policy": start.policy,
        "backend": start.backend,
        "control_hz": start.scene.timing.control_hz,
        "action_spec": to_mapping(start.policy_spec.action),
        "scene": to_mapping(start.scene),
        "layout": to_mapping(start.layout),
    }
