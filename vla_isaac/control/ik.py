"""Inverse kinematics: joint angles that bring `ee` to a pose, by damped least squares.

`solve` is the control path: one goal, warm-started, a few steps. `solve_from_many` is for a batch of goals without a
starting point: many steps, several starting postures. Both take the same damped steps.

Source: S. Buss (2004), "Introduction to Inverse Kinematics with Jacobian Transpose, Pseudoinverse and Damped
Least Squares Methods"; T. Sugihara (2011), "Solvability-Unconcerned Inverse Kinematics by the
Levenberg-Marquardt Method": damping in proportion to the error, so that the last steps are exact.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from vla_isaac.control.config import ControlConfig
from vla_isaac.core.arrays import Array, frozen
from vla_isaac.core.checks import check_shape
from vla_isaac.robots import panda
from vla_isaac.robots.kinematics import ee_and_jacobian, forward_kinematics

_EYE6 = frozen(np.eye(6))
_FAR = 0.1  # error (metres and radians alike) from which the damping is full
_TRADE_POSITION, _TRADE_ROTATION = 1e-3, 0.01
"""Largest growth [m], [rad] of one error while the other shrinks; more would let the hand drift at a joint limit."""
_MIN_DAMPING_SQUARED = 1e-6  # keeps the linear system solvable where the arm is exactly singular
_LONGEST_STEP = 0.5  # [rad] of any joint per iteration; the Jacobian is a local linearisation


@dataclass(frozen=True, eq=False)
class IkResult:
    """The best posture found for one goal."""

    qpos: Array
    """Joint angles [rad], shape (7,), inside the limits."""

    pose: Array
    """Pose of `ee` at `qpos` in the base frame, homogeneous matrix, shape (4, 4)."""

    position_error: float
    """Distance of `ee` from the goal [m]."""

    rotation_error: float
    """Angle of `ee` from the goal [rad]."""

    iterations: int
    """Steps taken."""

    converged: bool
    """Whether both errors are within tolerance."""


@dataclass(frozen=True, eq=False)
class IkBatch:
    """The best postures found for N goals."""

    qpos: Array
    """Joint angles [rad], shape (N, 7), inside the limits."""

    position_error: Array
    """Distances of `ee` from the goals [m], shape (N,)."""

    rotation_error: Array
    """Angles of `ee` from the goals [rad], shape (N,)."""

    converged: np.ndarray
    """Whether both errors are within tolerance, shape (N,)."""


def joint_step(jacobian: Array, displacement_base: Array, *, damping: float = 0.05) -> Array:
    """Return the joint displacement that best realises a small end-effector motion.

    Damped least squares stays bounded: near a singular posture the arm slows down instead of jumping.

    Args:
        jacobian: Geometric Jacobian of `ee` in the `base` frame, linear rows first, shape (6, 7).
        displacement_base: Desired motion of `ee`, linear [m] then angular [rad], shape (6,).
        damping: Larger is smoother and slower; 0 is exact and fails where the arm is singular.

    Returns:
        Joint displacement [rad], shape (7,).

    Raises:
        ShapeError: If an array does not have the shape above.

    Source:
        S. Buss (2004), "Introduction to Inverse Kinematics with Jacobian Transpose,
        Pseudoinverse and Damped Least Squares Methods", the damped least squares solution.
    """
    check_shape("jacobian", jacobian, (6, 7))
    check_shape("displacement_base", displacement_base, (6,), hint="the gripper is a separate field, Action.gripper")
    return _damped_step(jacobian, displacement_base, damping**2)


def displacement_between(current: Array, target: Array) -> Array:
    """Return the motion in base axes that takes pose `current` to `target`, linear [m] then angular [rad], shape (6,).

    Both are homogeneous matrices, shape (4, 4). The angular part is the rotation vector of
    ``R_target @ R_current.T``, its angle in [0, pi].
    """
    (c00, c01, c02, cx), (c10, c11, c12, cy), (c20, c21, c22, cz), _ = current.tolist()
    (t00, t01, t02, tx), (t10, t11, t12, ty), (t20, t21, t22, tz), _ = target.tolist()
    # twice sine times axis is the sum of the cross products of equal axes, 1 + 2 cosine the sum of their dot products
    x = c10 * t20 - c20 * t10 + c11 * t21 - c21 * t11 + c12 * t22 - c22 * t12
    y = c20 * t00 - c00 * t20 + c21 * t01 - c01 * t21 + c22 * t02 - c02 * t22
    z = c00 * t10 - c10 * t00 + c01 * t11 - c11 * t01 + c02 * t12 - c12 * t02
    trace = c00 * t00 + c10 * t10 + c20 * t20 + c01 * t01 + c11 * t11 + c21 * t21 + c02 * t02 + c12 * t12 + c22 * t22
    sine, cosine = 0.5 * math.sqrt(x * x + y * y + z * z), 0.5 * (trace - 1.0)
    if sine > 1e-6:
        factor = 0.5 * math.atan2(sine, cosine) / sine
    elif cosine > 0.0:
        factor = 0.5
    else:
        x, y, z = _half_turn_axis(target[:3, :3] @ current[:3, :3].T)
        factor = math.pi
    return np.array([tx - cx, ty - cy, tz - cz, factor * x, factor * y, factor * z])


def solve(target: Array, qpos_start: Array, config: ControlConfig) -> IkResult:
    """Return joint angles near `qpos_start` that bring `ee` to `target`, or as near as the iterations allow.

    Only the first step moves the redundant elbow toward `config.posture`; the others are corrections. Nothing moves
    when the goal is already met. Joints at a limit are left out of the step. The best visited posture is returned
    that does not trade position for orientation or the reverse by more than a millimetre or a hundredth of a
    radian: where the arm cannot follow, it stops.

    Args:
        target: Goal pose of `ee` in the base frame, homogeneous matrix, shape (4, 4).
        qpos_start: Joint angles to start from [rad], shape (7,); clipped into the limits.
        config: Tolerances, damping, posture, limits margin, number of iterations.
    """
    lower, upper = joint_limits(config)
    qpos = np.minimum(np.maximum(qpos_start, lower), upper)
    best, smallest = IkResult(qpos, np.full((4, 4), np.nan), math.inf, math.inf, 0, False), math.inf
    for iteration in range(config.iterations + 1):
        matrix, jacobian = ee_and_jacobian(qpos)
        error = displacement_between(matrix, target)
        x, y, z, rx, ry, rz = error.tolist()
        away, turned = math.sqrt(x * x + y * y + z * z), math.sqrt(rx * rx + ry * ry + rz * rz)
        if iteration == 0:
            farthest, most_turned = away + _TRADE_POSITION, turned + _TRADE_ROTATION
        missing = math.hypot(away, turned)
        if missing < smallest and away <= farthest and turned <= most_turned:
            smallest = missing
            best = IkResult(qpos, matrix, away, turned, iteration, False)
        if away <= config.position_tolerance and turned <= config.rotation_tolerance:
            return IkResult(qpos, matrix, away, turned, iteration, True)
        if iteration < config.iterations:
            damping_squared = config.damping**2 * min(1.0, (missing / _FAR) ** 2) + _MIN_DAMPING_SQUARED
            pull = config.posture_gain * (np.array(config.posture) - qpos) if iteration == 0 else None
            qpos = _bounded_step(qpos, jacobian, error, damping_squared, limits=(lower, upper), pull=pull)
    return replace(best, iterations=config.iterations)


def solve_from_many(targets: Array, config: ControlConfig, *, iterations: int = 40, restarts: int = 24) -> IkBatch:
    """Return joint angles for N goals without a starting point: starts from the posture of `config`, then from others.

    Deterministic: the starts are the same for every goal and every call. No null-space motion is added.

    Args:
        targets: Goal poses of `ee` in the base frame, shape (N, 4, 4).
        config: Tolerances, damping, posture, limits margin; its number of iterations is not used.
        iterations: Most steps from each start.
        restarts: Number of starts in all; goals already met are skipped in later ones.

    Raises:
        ShapeError: If `targets` does not have the shape above.
    """
    check_shape("targets", targets, (None, 4, 4), hint="one homogeneous matrix per goal")
    lower, upper = joint_limits(config)
    goals = np.asarray(targets, dtype=np.float64)
    qpos = np.tile(np.clip(config.posture, lower, upper), (len(goals), 1))
    errors = _displacements(forward_kinematics(qpos), goals)
    for start in start_postures(config, restarts):
        open_rows = np.flatnonzero(~_within(errors, config))
        if open_rows.size == 0:
            break
        found, found_errors = _descend(goals[open_rows], start, config, iterations)
        better = np.linalg.norm(found_errors, axis=1) < np.linalg.norm(errors[open_rows], axis=1)
        qpos[open_rows[better]], errors[open_rows[better]] = found[better], found_errors[better]
    return IkBatch(
        qpos, np.linalg.norm(errors[:, :3], axis=1), np.linalg.norm(errors[:, 3:], axis=1), _within(errors, config)
    )


def start_postures(config: ControlConfig, count: int) -> Array:
    """Return `count` postures inside the limits, `config.posture` first, then evenly spread ones; (count, 7) [rad].

    Source: M. Roberts (2018), "The Unreasonable Effectiveness of Quasirandom Sequences", the additive recurrence
    on the root of x^8 = x + 1 for seven dimensions.
    """
    lower, upper = joint_limits(config)
    root = 2.0
    for _ in range(60):
        root = (1.0 + root) ** (1.0 / 8.0)
    steps = root ** -np.arange(1.0, 8.0)
    spread = lower + (upper - lower) * np.mod(0.5 + np.arange(1, count)[:, None] * steps, 1.0)
    return np.concatenate([np.clip(config.posture, lower, upper)[None], spread])


def joint_limits(config: ControlConfig) -> tuple[Array, Array]:
    """Return the lower and upper joint limits less the margin of `config` [rad], shapes (7,)."""
    return panda.QPOS_LOWER + config.joint_limit_margin, panda.QPOS_UPPER - config.joint_limit_margin


def _damped_step(jacobian: Array, displacement_base: Array, damping_squared: Array | float) -> Array:
    """Return the damped least squares steps of one arm or of many: (..., 6, 7) and (..., 6) to (..., 7)."""
    transposed = jacobian.swapaxes(-1, -2)
    gram = jacobian @ transposed + damping_squared * _EYE6
    step: Array = (transposed @ np.linalg.solve(gram, displacement_base[..., None]))[..., 0]
    return step


def _bounded_step(
    qpos: Array,
    jacobian: Array,
    error: Array,
    damping_squared: Array | float,
    *,
    limits: tuple[Array, Array],
    pull: Array | None = None,
) -> Array:
    """Return `qpos` (..., 7) after one damped step inside the limits; joints that would exceed them are left out."""
    lower, upper = limits
    if pull is not None:
        error -= jacobian @ pull
    step = _damped_step(jacobian, error, damping_squared)
    if pull is not None:
        step += pull
    moved = qpos + _shortened(step)
    inside = np.minimum(np.maximum(moved, lower), upper)
    free = inside == moved
    if free.all():
        return moved
    # blocked joints go to their limit; the others compensate for the rest
    blocked = np.where(free, 0.0, inside - qpos)
    rest = error - (jacobian @ blocked[..., None])[..., 0]
    step = blocked + free * _damped_step(jacobian * free[..., None, :], rest, damping_squared)
    return np.minimum(np.maximum(qpos + _shortened(step), lower), upper)


def _shortened(step: Array) -> Array:
    if max(map(abs, step.ravel().tolist())) <= _LONGEST_STEP:  # Python floats: for one arm several times faster
        return step
    longest = np.abs(step).max(axis=-1, keepdims=True)
    return step * (_LONGEST_STEP / np.maximum(longest, _LONGEST_STEP))


def _half_turn_axis(matrix: Array) -> list[float]:
    """Return the axis of a rotation by pi; its sign is arbitrary."""
    outer = 0.5 * (matrix + np.eye(3))
    column = outer[:, int(np.argmax(np.diag(outer)))]
    axis: list[float] = (column / np.linalg.norm(column)).tolist()
    return axis


def _descend(goals: Array, start: Array, config: ControlConfig, iterations: int) -> tuple[Array, Array]:
    """Return postures (M, 7) and remaining errors (M, 6) after iterating from one start toward M goals."""
    qpos = np.tile(start, (len(goals), 1))
    errors = np.empty((len(goals), 6))
    rows = np.arange(len(goals))
    for iteration in range(iterations + 1):
        matrix, jacobian = ee_and_jacobian(qpos[rows])
        errors[rows] = _displacements(matrix, goals[rows])
        going_on = ~_within(errors[rows], config)
        rows, jacobian = rows[going_on], jacobian[going_on]
        if rows.size == 0 or iteration == iterations:
            break
        share = np.minimum(1.0, np.sum(errors[rows] ** 2, axis=1) / _FAR**2)
        damping_squared = (config.damping**2 * share + _MIN_DAMPING_SQUARED)[:, None, None]
        qpos[rows] = _bounded_step(qpos[rows], jacobian, errors[rows], damping_squared, limits=joint_limits(config))
    return qpos, errors


def _displacements(current: Array, target: Array) -> Array:
    """Return `displacement_between` for N pairs of poses, shape (N, 6)."""
    return np.array([displacement_between(c, t) for c, t in zip(current, target, strict=True)]).reshape(-1, 6)


def _within(errors: Array, config: ControlConfig) -> np.ndarray:
    position_ok = np.linalg.norm(errors[:, :3], axis=1) <= config.position_tolerance
    return position_ok & (np.linalg.norm(errors[:, 3:], axis=1) <= config.rotation_tolerance)
