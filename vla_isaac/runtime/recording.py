"""What is recorded of an episode, put together once for every recorder: the values of a step, and what set the stage.

A recorder is a subscriber that picks its values by name from `STEP_FIELDS` and keeps them in a `StepTable`. The values are
those of the loop, without loss; each format of a dataset is made from them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
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

    about: str
    """What it is, with unit, frame and the shape of T steps together."""

    value: StepValue


STEP_FIELDS: Mapping[str, StepField] = {
    "time": StepField("simulated time of the observation [s], (T,)", lambda step: step.observation.time),
    "qpos": StepField("arm joint angles observed [rad], (T, 7)", lambda step: step.observation.qpos),
    "qvel": StepField("arm joint speeds observed [rad/s], (T, 7)", lambda step: step.observation.qvel),
    "gripper_width": StepField(
        "distance between the fingers observed [m], (T,)", lambda step: step.observation.gripper_width
    ),
    "ee_pos": StepField("tool centre point in the base frame [m], (T, 3)", lambda step: step.observation.pose_base_ee.pos),
    "ee_quat_wxyz": StepField("its orientation (w, x, y, z), (T, 4)", lambda step: step.observation.pose_base_ee.quat_wxyz),
    "action_arm": StepField(
        "the policy's action in its own convention, see action_spec, (T, n)", lambda step: step.action.arm
    ),
    "action_gripper": StepField(
        "its gripper number, NaN where it gave none, (T,)",
        lambda step: np.nan if step.action.gripper is None else step.action.gripper,
    ),
    "target_qpos": StepField("joint targets sent to the arm [rad], (T, 7)", lambda step: step.target.qpos),
    "target_gripper_width": StepField("finger distance sent [m], (T,)", lambda step: step.target.gripper_width),
    "next_time": StepField("simulated time after the step [s], (T,)", lambda step: step.state.time),
    "next_qpos": StepField("arm joint angles after the step [rad], (T, 7)", lambda step: step.state.qpos),
    "next_gripper_width": StepField(
        "distance between the fingers after the step [m], (T,)", lambda step: step.state.gripper_width
    ),
    "object_pos": StepField(
        "object centres after the step in the world frame [m], (T, N, 3)", lambda step: step.state.object_pos
    ),
    "object_quat_wxyz": StepField("their orientations (w, x, y, z), (T, N, 4)", lambda step: step.state.object_quat),
    "progress": StepField("progress after the step, 0 to 1, (T,)", lambda step: step.verdict.progress),
    "success": StepField("whether the goal holds after the step, (T,)", lambda step: step.verdict.done),
}


class StepTable:
    """The steps of one episode: a column of values under each name."""

    def __init__(self, *names: str, **values: StepValue) -> None:
        """Keep the `STEP_FIELDS` of these names, and further values under names of their own."""
        self._values = {name: STEP_FIELDS[name].value for name in names} | values
        self._rows: dict[str, list[Any]] = {name: [] for name in self._values}
        self._length = 0

    def add(self, step: Step) -> None:
        """Append one step."""
        for name, value in self._values.items():
            self._rows[name].append(value(step))
        self._length += 1

    def __len__(self) -> int:
        """Number of steps T."""
        return self._length

    def arrays(self) -> dict[str, AnyArray]:
        """Return the columns, T first."""
        return {name: np.asarray(rows) for name, rows in self._rows.items()}


def describe_start(start: EpisodeStart) -> dict[str, Any]:
    """Return what set the stage of an episode as plain values: enough to set it again."""
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
