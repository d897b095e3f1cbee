"""`ActionConverter`: convert actions of any convention to joint targets within all limits."""

from __future__ import annotations

import math
from typing import Any, cast

import numpy as np

from vla_isaac.control import ik
from vla_isaac.control.cartesian import goal_pose, rotation_of_vector
from vla_isaac.control.config import ControlConfig
from vla_isaac.control.gripper import GripperDecoder
from vla_isaac.control.safety import ClipCounts, SafetyStage
from vla_isaac.core.arrays import Array, frozen
from vla_isaac.core.checks import check_finite, real_numbers
from vla_isaac.core.errors import ConfigError, ConventionError, PolicyError, VlaIsaacError, shown
from vla_isaac.core.specs import ActionSpec
from vla_isaac.core.types import Action, JointTarget
from vla_isaac.robots.kinematics import forward_kinematics

_LARGEST_NUMBER = 1e6  # no convention uses larger numbers; beyond it sums and squares lose all digits
_SLACK = 1e-3  # [m] goals stay this far inside the workspace box, so that the arm can slide along its walls


class ActionConverter:
    """Converts actions of one spec: decodes the numbers, solves inverse kinematics, applies every limit.

    It stores its last target, where the next step starts; call `reset` at the start of each episode.
    """

    def __init__(self, spec: ActionSpec, config: ControlConfig | None = None, *, period: float | None = None) -> None:
        """Prepare for one convention.

        Args:
            spec: What the actions mean.
            config: Limits and inverse kinematics; None takes the defaults.
            period: Time between two actions [s]; None takes ``1 / spec.rate_hz``.

        Raises:
            ConventionError: If the actions are those of another robot.
            ConfigError: If the period is not positive.
        """
        if spec.joints == "other_robot":
            raise ConventionError(
                f"the actions are {spec.other_width} numbers of a robot that is no Franka, and cannot be executed here",
                remedy="run the policy on its own robot; policies of a Franka declare another action convention",
            )
        self.spec = spec
        self.config = config or ControlConfig()
        given = 1.0 / spec.rate_hz if period is None else period
        self.period = _one_number("action converter: period", given, "give a positive number", ConfigError)
        if not 0.0 < self.period < math.inf:
            raise ConfigError(f"action converter: period={self.period} s is not accepted", remedy="give a positive number")
        is_absolute = spec.translation == "position_base_m" or spec.rotation.startswith("absolute")
        self._shortens = spec.shorten_vectors and spec.joints == "none" and not is_absolute
        self._adds_to_measured = spec.reference == "measured" and not is_absolute
        self._safety = SafetyStage(self.config)
        self._gripper = GripperDecoder(spec)
        self._target: JointTarget | None = None
        self._commanded: Array | None = None
        limits = self.config
        self._longest_step = _less_tolerance(limits.ee_speed * self.period, limits.position_tolerance)
        self._largest_turn = _less_tolerance(limits.ee_turn_rate * self.period, limits.rotation_tolerance)
        self._low = np.array(limits.workspace_low) + _SLACK
        self._high = np.array(limits.workspace_high) - _SLACK

    @property
    def clipped(self) -> ClipCounts:
        """Counts of limited steps since the last reset."""
        return self._safety.clipped

    def reset(self, qpos: Array, gripper_width: float) -> None:
        """Start an episode at the measured posture, inside the limits; counts are set to zero.

        Args:
            qpos: Measured joint angles [rad], shape (7,).
            gripper_width: Measured distance between the fingers [m].

        Raises:
            ShapeError: If a value has another shape or is not finite.
        """
        self._target = self._safety.hold(qpos, gripper_width)
        self._commanded = None
        self._gripper.reset(self._target.gripper_width)
        self._safety.reset()

    def convert(self, action: Action, *, qpos: Array, gripper_width: float) -> JointTarget:
        """Return the joint target one period from now, inside every limit.

        Args:
            action: One action in the convention of `spec`.
            qpos: Measured joint angles [rad], shape (7,).
            gripper_width: Measured distance between the fingers [m].

        Raises:
            PolicyError: If the action has another length, is not finite or has no valid rotation.
        """
        arm = self._checked_arm(action.arm)
        gripper = self._checked_gripper(action.gripper)
        previous = self._previous(qpos, gripper_width)
        width = self._gripper.decode(gripper, gripper_width)
        numbers = self._limited(arm)
        goal: Array | None = None
        pose: Array | None = None
        if self.spec.joints == "none":
            commanded = self._pose_commanded(previous)
            goal = self._reachable_soon(self._goal(numbers, qpos, commanded), commanded)
            found = ik.solve(goal, previous.qpos, self.config)
            joints, pose, exact = found.qpos, found.pose, found.converged
        else:
            joints, exact = self._joints(numbers, qpos, previous.qpos), False
        target = self._safety.apply(JointTarget(joints, width), previous, self.period, pose=pose)
        # the goal, not the pose solved within tolerance: otherwise each step would drift a little
        self._commanded = goal if exact and self._safety.changed_nothing else None
        self._target = target
        return JointTarget(frozen(target.qpos), target.gripper_width)  # the next step starts from our own copy

    def hold(self, qpos: Array, gripper_width: float) -> JointTarget:
        """Return the target that holds the measured posture, inside its limits; the state is not changed.

        Raises:
            ShapeError: If a value has another shape or is not finite.
        """
        return self._safety.hold(qpos, gripper_width)

    def _checked_arm(self, arm: Any) -> list[float]:
        remedy = f"expected {self.spec.arm_width} numbers"
        array = real_numbers("the action's arm", arm, error=PolicyError, remedy=remedy)
        if array.shape != (self.spec.arm_width,):
            raise self._wrong_length(array.shape)
        numbers: list[float] = array.tolist()
        if not math.isfinite(sum(numbers)):
            check_finite("the action's arm", array, error=PolicyError)
        return numbers

    def _wrong_length(self, shape: tuple[int, ...]) -> PolicyError:
        spec, width = self.spec, self.spec.arm_width
        meaning = f"joints={spec.joints!r}" if spec.joints != "none" else f"{spec.translation!r} and {spec.rotation!r}"
        message = f"the action's arm has shape {shape}, expected ({width},), the arm_width of {meaning}"
        if len(shape) == 2:
            return PolicyError(message, remedy="this is a chunk: convert one step of it at a time, ActionChunk[i]")
        if shape == (width + 1,):
            return PolicyError(
                message,
                remedy="the gripper is a separate field, Action.gripper: split rows that end with the gripper by "
                "ActionChunk.from_rows",
            )
        return PolicyError(message, remedy="compare the policy's ActionSpec with what it returns")

    def _checked_gripper(self, value: Any) -> float | None:
        if value is None:
            return None
        if self.spec.gripper == "none":
            raise PolicyError(
                f"the action has gripper={shown(value)} although its convention declares gripper='none'",
                remedy="leave Action.gripper at None, or declare what the number means",
            )
        remedy = "expected one number or None"
        number = value if type(value) is float else _one_number("the action's gripper", value, remedy)
        if not math.isfinite(number):
            raise PolicyError(f"the action's gripper is {number}", remedy="expected a finite number, or None")
        return number

    def _limited(self, numbers: list[float]) -> list[float]:
        """Return the numbers limited to the convention's range: clipped, shortened or divided, as it declares."""
        limit = _LARGEST_NUMBER if self.spec.command_limit is None else self.spec.command_limit
        limited = [min(max(v, -limit), limit) for v in numbers]
        if self._shortens:
            limited = [v for start in range(0, len(limited), 3) for v in _shortened(limited[start : start + 3])]
        if self.spec.joints == "velocity_fraction":
            largest = max(map(abs, limited))
            limited = [v / largest for v in limited] if largest > 1.0 else limited
        if limited != numbers:
            self._safety.note("command")
        return limited

    def _joints(self, numbers: list[float], measured: Array, previous: Array) -> Array:
        values = np.array(numbers)
        if self.spec.joints == "position_rad":
            return values
        duration = self.period if self.spec.joints == "velocity_rad_s" else 1.0
        reference = measured if self._adds_to_measured else previous
        target: Array = reference + values * (self.spec.joint_scale * duration)
        return target

    def _goal(self, numbers: list[float], measured: Array, commanded: Array) -> Array:
        """Return the goal pose of `ee` inside the workspace box, shape (4, 4)."""
        reference = forward_kinematics(measured) if self._adds_to_measured else commanded
        goal = goal_pose(self.spec, numbers, reference, commanded)
        position = goal[:3, 3]
        inside = np.minimum(np.maximum(position, self._low), self._high)
        if (inside != position).any():
            self._safety.note("workspace")
            goal[:3, 3] = inside
        return goal

    def _reachable_soon(self, goal: Array, commanded: Array) -> Array:
        """Return the goal, or the point towards it that the Cartesian speed limits allow in one period."""
        x, y, z, rx, ry, rz = ik.displacement_between(commanded, goal).tolist()
        distance = math.sqrt(x * x + y * y + z * z) / self._longest_step
        angle = math.sqrt(rx * rx + ry * ry + rz * rz) / self._largest_turn
        excess = max(distance, angle)
        if not excess > 1.0:
            return goal
        self._safety.note("speed")
        share = 1.0 / excess
        nearer = commanded.copy()
        nearer[:3, 3] += share * np.array([x, y, z])
        nearer[:3, :3] = rotation_of_vector(share * rx, share * ry, share * rz) @ commanded[:3, :3]
        return nearer

    def _previous(self, qpos: Array, gripper_width: float) -> JointTarget:
        """Return the last target; before the first one, the measured posture."""
        if self._target is None:
            self.reset(qpos, gripper_width)
        return cast(JointTarget, self._target)

    def _pose_commanded(self, previous: JointTarget) -> Array:
        """Return the last commanded pose, or that of the last target if a limit changed it."""
        return forward_kinematics(previous.qpos) if self._commanded is None else self._commanded


def _less_tolerance(limit: float, tolerance: float) -> float:
    """Return how far a goal may be away, so that the solutions of this step and the last one keep `limit` between them."""
    return max(limit - 2.0 * tolerance, 0.5 * limit)


def _one_number(name: str, value: Any, remedy: str, error: type[VlaIsaacError] = PolicyError) -> float:
    array = real_numbers(name, value, error=error, remedy=remedy)
    if array.ndim != 0:
        raise error(f"{name} has shape {array.shape}", remedy=remedy)
    return float(array)


def _shortened(vector: list[float]) -> list[float]:
    length = math.hypot(*vector)
    return [v / length for v in vector] if length > 1.0 else vector
