"""`SafetyStage`: the last stage before the arm, whose targets are finite and inside every limit.

Each limit shortens the step from the previous target and keeps its direction.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from vla_isaac.control.config import ControlConfig
from vla_isaac.control.ik import displacement_between, joint_limits
from vla_isaac.core.arrays import Array, frozen
from vla_isaac.core.checks import check_finite, check_shape, real_numbers
from vla_isaac.core.types import JointTarget
from vla_isaac.robots import panda
from vla_isaac.robots.kinematics import forward_kinematics

Limit = Literal["command", "workspace", "joint_limit", "speed", "gripper"]
"""Names of the limits, the fields of `ClipCounts`."""

_FRACTIONS = np.arange(1, 16) / 16.0
_BELOW_ONE = 1.0 - 1e-9  # keeps a scaled step inside its limit despite rounding


@dataclass
class ClipCounts:
    """Number of steps in which each limit changed the target."""

    command: int = 0
    """The action's own numbers were out of range: clipped, shortened, or not finite after conversion."""

    workspace: int = 0
    """The goal or the path to it left the workspace box."""

    joint_limit: int = 0
    """A joint target was beyond its limit."""

    speed: int = 0
    """The step was longer than the joints, or the Cartesian speed limits, allow in one period."""

    gripper: int = 0
    """The distance between the fingers was out of range. The ramp of an open or close command is not counted."""

    @property
    def total(self) -> int:
        """Sum over all limits."""
        return sum(vars(self).values())

    def as_dict(self) -> dict[str, int]:
        """Return the counts by name, ready for JSON."""
        return dict(vars(self))


class SafetyStage:
    """Limits each target and counts the limits that changed it."""

    def __init__(self, config: ControlConfig) -> None:
        self.config = config
        self.clipped = ClipCounts()
        self._noted: set[Limit] = set()
        self.changed_nothing = False
        """Whether the joints of the last target are those requested."""
        self._lower, self._upper = joint_limits(config)
        self._speed = panda.QVEL_LIMIT * config.speed_scale
        self._last = b"", np.empty((4, 4))  # the joints of the last target, as bytes, and the pose of `ee` there
        self._low = np.array(config.workspace_low)
        self._high = np.array(config.workspace_high)

    def reset(self) -> None:
        """Set the counts to zero."""
        self.clipped = ClipCounts()
        self._noted.clear()

    def note(self, limit: Limit) -> None:
        """Count a limit in the current step, which `apply` ends; twice in one step counts once."""
        self._noted.add(limit)

    def apply(
        self, requested: JointTarget, previous: JointTarget, period: float, *, pose: Array | None = None
    ) -> JointTarget:
        """Return the nearest allowed target on the straight line from `previous` to `requested`.

        Guaranteed, provided `previous` is a target of this stage or of `hold`: finite numbers; joints inside their limits
        less `config.joint_limit_margin`; no joint faster than its limit over `period`; `ee` no faster than
        `config.ee_speed` and `config.ee_turn_rate` from one target to the next, for joint commands too; `ee` inside the
        workspace box, or not farther outside than it was; fingers inside their travel and not faster than
        `config.gripper_speed`. The tolerance of all of them is rounding, 1e-9.

        Args:
            requested: Any joint target, also invalid; it is read once, so that it cannot change after the check.
            previous: The target of the step before.
            period: Time between the two [s].
            pose: Pose of `ee` at `requested` in the base frame, shape (4, 4), if the caller has it;
                None computes it.
        """
        given = qpos = np.array(requested.qpos, dtype=np.float64)
        if not np.isfinite(qpos).all():
            self.note("command")
            qpos = previous.qpos.copy()
        qpos = self._within_limits(qpos)
        qpos = self._within_speed(qpos, previous.qpos, period)
        if pose is None or qpos is not given:
            pose = forward_kinematics(qpos)
        qpos, pose = self._within_cartesian_limits(qpos, pose, previous.qpos, period)
        self.changed_nothing = qpos is given
        width = self._fingers(float(requested.gripper_width), previous.gripper_width, period)
        self._count()
        self._last = qpos.tobytes(), pose
        return JointTarget(qpos, width)

    def hold(self, qpos: Array, gripper_width: float) -> JointTarget:
        """Return the target that holds the measured joints and fingers, inside their limits; counts nothing.

        Args:
            qpos: Measured joint angles [rad], shape (7,).
            gripper_width: Measured distance between the fingers [m].

        Raises:
            ShapeError: If a value has another shape or is not finite.
        """
        measured, width = real_numbers("qpos", qpos), real_numbers("gripper_width", gripper_width)
        check_shape("qpos", measured, (7,))
        check_shape("gripper_width", width, ())
        check_finite("qpos", measured)
        check_finite("gripper_width", width)
        inside = np.minimum(np.maximum(measured, self._lower), self._upper)
        return JointTarget(frozen(inside), min(max(float(width), 0.0), panda.GRIPPER_MAX_WIDTH))

    def _count(self) -> None:
        for limit in self._noted:
            setattr(self.clipped, limit, getattr(self.clipped, limit) + 1)
        self._noted.clear()

    def _within_limits(self, qpos: Array) -> Array:
        inside = np.minimum(np.maximum(qpos, self._lower), self._upper)
        if (inside == qpos).all():
            return qpos
        self.note("joint_limit")
        return inside

    def _within_speed(self, qpos: Array, previous: Array, period: float) -> Array:
        step = qpos - previous
        excess = max((np.abs(step) / self._speed).tolist()) / period
        if excess <= 1.0:
            return qpos
        self.note("speed")
        return previous + step * (_BELOW_ONE / excess)

    def _within_cartesian_limits(self, qpos: Array, pose: Array, previous: Array, period: float) -> tuple[Array, Array]:
        """Return `qpos` and its `pose`, or those of the last posture on the line to it that keeps the limits of `ee`."""
        key, before = self._last
        if previous.tobytes() != key:
            before = forward_kinematics(previous)
        outside, allowed = float(self._distance_outside(pose)), max(float(self._distance_outside(before)), 0.0)
        excess = self._excess(before, pose, period)
        if outside <= allowed and excess <= 1.0:
            return qpos, pose
        if excess > 1.0:
            self.note("speed")
        if not outside <= allowed:  # also true for NaN
            self.note("workspace")
        good, width = 0.0, 1.0
        for _ in range(2):  # two rounds of sixteen: to 1/256 of the step
            fractions = good + width * _FRACTIONS
            poses = forward_kinematics(previous + fractions[:, None] * (qpos - previous))
            fits = self._distance_outside(poses) <= allowed
            fits &= np.array([self._excess(before, pose, period) for pose in poses]) <= _BELOW_ONE
            passed = int(np.argmin(np.append(fits, False)))
            good, width = good + width * passed / 16.0, width / 16.0
        nearer = previous + good * (qpos - previous)
        return nearer, forward_kinematics(nearer)

    def _excess(self, before: Array, after: Array, period: float) -> float:
        """Return by which factor `ee` would exceed its speed limits if it moved between two poses within `period`."""
        x, y, z, rx, ry, rz = displacement_between(before, after).tolist()
        speed = math.sqrt(x * x + y * y + z * z) / self.config.ee_speed
        return max(speed, math.sqrt(rx * rx + ry * ry + rz * rz) / self.config.ee_turn_rate) / period

    def _distance_outside(self, pose: Array) -> Array:
        """Return how far `ee` is outside the box along the worst axis [m], negative inside; (..., 4, 4) to (...)."""
        position = pose[..., :3, 3]
        worst: Array = np.maximum(self._low - position, position - self._high).max(axis=-1)
        return worst

    def _fingers(self, requested: float, previous: float, period: float) -> float:
        if not 0.0 <= requested <= panda.GRIPPER_MAX_WIDTH:
            self.note("gripper")
            requested = previous if math.isnan(requested) else min(max(requested, 0.0), panda.GRIPPER_MAX_WIDTH)
        longest = self.config.gripper_speed * period * _BELOW_ONE
        return min(max(requested, previous - longest), previous + longest)
