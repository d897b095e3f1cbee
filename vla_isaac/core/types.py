"""Data classes of the control loop: state, frames, observations, actions, targets, verdicts.

SI units; quaternions are (w, x, y, z); positions are in the frame the field names.
Instances are plain data: no simulator objects, no behaviour beyond look-ups.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from vla_isaac.core.arrays import AnyArray, Array, Image
from vla_isaac.core.checks import check_shape, real_numbers
from vla_isaac.core.errors import UnknownNameError
from vla_isaac.core.goals import GoalPlan
from vla_isaac.core.poses import Pose


@dataclass(frozen=True)
class Body:
    """Shape, colour and extents of an object, for predicates and policies."""

    name: str
    """``<colour>_<shape>``, such as ``"red_cube"``."""

    shape: str
    """One of `scene.objects.SHAPES`, such as ``"cube"`` or ``"bin"``."""

    colour: str
    """Colour name, such as ``"red"``."""

    half_extents: tuple[float, float, float]
    """Half of the bounding box in the object's own axes [m]; the origin is the centre of that box."""

    cavity: tuple[float, float, float] | None = None
    """For open containers: half width, half depth [m] of the opening, and height [m] of the floor above the underside."""

    fixed: bool = False
    """Whether the object is fixed to the table."""


@dataclass(frozen=True, eq=False, kw_only=True)
class SceneState:
    """Ground truth of the scene at one instant; only predicates and privileged policies read it."""

    time: float
    """Simulated time since the last reset [s]."""

    qpos: Array
    """Arm joint angles [rad], shape (7,)."""

    qvel: Array
    """Arm joint speeds [rad/s], shape (7,)."""

    gripper_width: float
    """Distance between the fingers [m]; 0 is closed."""

    pose_world_ee: Pose
    """Tool centre point between the fingertips, in the world frame."""

    pose_world_base: Pose
    """Robot base in the world frame."""

    bodies: tuple[Body, ...]
    """The objects, in the order of the arrays below (N of them)."""

    object_pos: Array
    """Centres in the world frame [m], shape (N, 3)."""

    object_quat: Array
    """Orientations (w, x, y, z), shape (N, 4)."""

    object_linvel: Array
    """Velocities in the world frame [m/s], shape (N, 3)."""

    initial_object_pos: Array
    """Centres when the episode began, after settling [m], shape (N, 3)."""

    initial_object_quat: Array
    """Orientations when the episode began (w, x, y, z), shape (N, 4)."""

    def index(self, name: str) -> int:
        """Return the row of an object.

        Raises:
            UnknownNameError: If the scene has no object of that name.
        """
        for i, body in enumerate(self.bodies):
            if body.name == name:
                return i
        raise UnknownNameError(
            f"no object named {name!r} in this scene", remedy=f"it has: {', '.join(b.name for b in self.bodies)}"
        )

    def body(self, name: str) -> Body:
        """Return the `Body` of an object."""
        return self.bodies[self.index(name)]

    def pos(self, name: str) -> Array:
        """Return the centre of an object in the world frame [m], shape (3,)."""
        position: Array = self.object_pos[self.index(name)]
        return position

    def pose_world(self, name: str) -> Pose:
        """Return the pose of an object in the world frame."""
        i = self.index(name)
        return Pose(self.object_pos[i], self.object_quat[i])

    def initial_pose_world(self, name: str) -> Pose:
        """Return the pose an object had when the episode began, in the world frame."""
        i = self.index(name)
        return Pose(self.initial_object_pos[i], self.initial_object_quat[i])


@dataclass(frozen=True, eq=False, kw_only=True)
class Frame:
    """What one camera recorded at one instant."""

    camera: str
    """Name of the camera."""

    time: float
    """Simulated time at which the frame was taken [s]; never older than the state it is paired with."""

    rgb: Image
    """Colour image, shape (H, W, 3)."""

    depth: AnyArray | None = None
    """Distance along the camera's z axis [m], float32, shape (H, W)."""

    segmentation: AnyArray | None = None
    """Per pixel: -1 background, -2 robot, -3 table, else the row of the object in the state; int32, shape (H, W)."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Observation:
    """Input of a policy at one decision."""

    time: float
    """Simulated time [s]."""

    instruction: str
    """The sentence as the user wrote it."""

    frames: Mapping[str, Frame]
    """One frame per camera that the policy requires."""

    qpos: Array
    """Arm joint angles [rad], shape (7,)."""

    qvel: Array
    """Arm joint speeds [rad/s], shape (7,)."""

    gripper_width: float
    """Distance between the fingers [m]."""

    pose_base_ee: Pose
    """Tool centre point in the robot base frame."""

    state: SceneState | None = None
    """Ground truth, only for policies that declare themselves privileged."""


@dataclass(frozen=True, eq=False)
class Action:
    """One step of policy output; its meaning is declared by an `ActionSpec`."""

    arm: Array
    """The arm's numbers, shape (n,) as the spec's `arm_width` says."""

    gripper: float | None = None
    """The gripper's number in the spec's convention; None keeps the last command."""


@dataclass(frozen=True, eq=False)
class ActionChunk:
    """Several consecutive actions, in order."""

    arm: Array
    """Shape (T, n)."""

    gripper: Array | None = None
    """Shape (T,), or None when the policy does not command the gripper."""

    info: Mapping[str, Any] = field(default_factory=dict)
    """Extra values to show or log, such as ``{"phase": "grasp"}`` or ``{"confidence": 0.9}``."""

    def __len__(self) -> int:
        return len(self.arm)

    def __getitem__(self, step: int) -> Action:
        return Action(self.arm[step], None if self.gripper is None else float(self.gripper[step]))

    @classmethod
    def single(cls, arm: Array, gripper: float | None, **info: Any) -> ActionChunk:
        """Make a chunk of one action."""
        return cls(np.asarray(arm)[None], None if gripper is None else np.array([gripper]), info)

    @classmethod
    def from_rows(cls, rows: Array, *, with_gripper: bool = True) -> ActionChunk:
        """Split rows of a model's output: arm columns, then the gripper in the last one.

        Args:
            rows: Shape (T, D).
            with_gripper: Whether the last column is the gripper.
        """
        array = real_numbers("rows", rows)
        check_shape("rows", array, (None, None), hint="a chunk has one row per step")
        return cls(array[:, :-1], array[:, -1]) if with_gripper else cls(array)


SUBTASK = "subtask"
"""Key in a chunk's `info` of the sentence for what the policy does now, where it knows: a label for recordings."""


@dataclass(frozen=True, eq=False)
class JointTarget:
    """Joint positions to reach at the end of the next control period; the output of conversion."""

    qpos: Array
    """Arm joint angles [rad], shape (7,)."""

    gripper_width: float
    """Distance between the fingers [m]."""


@dataclass(frozen=True)
class Verdict:
    """Result of a predicate or a task for one state."""

    done: bool
    """Whether the goal holds (and, for a task, has held for its dwell time)."""

    reason: str
    """The measurement behind it, as text."""

    progress: float = 0.0
    """0 at the start, 1 when done."""

    success: bool | None = None
    """Set by a task: whether the episode has succeeded; None for a bare predicate."""


@dataclass(frozen=True)
class EpisodeContext:
    """What a policy is given at the start of an episode."""

    instruction: str
    """The sentence as the user wrote it."""

    seed: int
    """For policies that draw random numbers."""

    goal: GoalPlan | None = None
    """The goal, only for policies that declare themselves privileged."""

    state: SceneState | None = None
    """The state at the start, only for policies that declare themselves privileged."""

    metadata: Mapping[str, Any] = field(default_factory=dict)
    """Metadata of an evaluation harness, such as task family and episode number."""
