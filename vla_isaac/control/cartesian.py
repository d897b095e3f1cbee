"""Decode a Cartesian action to the goal pose of `ee`, by its action spec.

Scalar arithmetic: for one 3 x 3 matrix it is several times faster than array calls.
Poses are homogeneous matrices of `ee` in the base frame, shape (4, 4), positions in metres.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from vla_isaac.core.arrays import Array
from vla_isaac.core.errors import PolicyError
from vla_isaac.core.specs import ActionSpec

_LOCKED = 1e-9  # gimbal lock: cosine of the middle angle below which the outer two are not separable


def goal_pose(spec: ActionSpec, numbers: Sequence[float], reference: Array, commanded: Array) -> Array:
    """Return the goal pose of a Cartesian action, shape (4, 4).

    A part the action does not set, position or orientation, stays as last commanded: a measured one would drift a
    little with every step.

    Args:
        spec: Meaning of the numbers; scales are applied here.
        numbers: The arm's numbers, already limited, as many as `spec.arm_width`.
        reference: Pose that increments are added to.
        commanded: Pose last commanded.

    Raises:
        PolicyError: If an absolute orientation is not a rotation, such as a zero quaternion.
    """
    goal = commanded.copy()
    used = 0 if spec.translation == "none" else 3
    if used:
        goal[:3, 3] = _position(spec, numbers[:3], reference)
    if spec.rotation.startswith("absolute"):
        goal[:3, :3] = _ABSOLUTE[spec.rotation](numbers[used:])
    elif spec.rotation != "none":
        angles = [spec.rotation_scale * v for v in numbers[used:]]
        goal[:3, :3] = _rotated(spec, angles, reference[:3, :3])
    return goal


def rotation_of_vector(x: float, y: float, z: float) -> Array:
    """Return the matrix of a rotation vector [rad], shape (3, 3); Rodrigues' formula."""
    angle = math.sqrt(x * x + y * y + z * z)
    if angle < 1e-12:
        return np.array([[1.0, -z, y], [z, 1.0, -x], [-y, x, 1.0]])
    x, y, z = x / angle, y / angle, z / angle
    c, s = math.cos(angle), math.sin(angle)
    d = 1.0 - c
    return np.array(
        [
            [c + d * x * x, d * x * y - s * z, d * x * z + s * y],
            [d * x * y + s * z, c + d * y * y, d * y * z - s * x],
            [d * x * z - s * y, d * y * z + s * x, c + d * z * z],
        ]
    )


def rotation_of_fixed_angles(roll: float, pitch: float, yaw: float) -> Array:
    """Return ``Rz(yaw) @ Ry(pitch) @ Rx(roll)``, shape (3, 3); angles about the fixed axes [rad]."""
    cr, sr, cp, sp, cy, sy = _cosines_and_sines(roll, pitch, yaw)
    return np.array(
        [
            [cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr],
            [sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr],
            [-sp, cp * sr, cp * cr],
        ]
    )


def rotation_of_moving_angles(first: float, second: float, third: float) -> Array:
    """Return ``Rx(first) @ Ry(second) @ Rz(third)``, shape (3, 3); angles about the moving axes x, y, z [rad]."""
    ca, sa, cb, sb, cc, sc = _cosines_and_sines(first, second, third)
    return np.array(
        [
            [cb * cc, -cb * sc, sb],
            [ca * sc + sa * sb * cc, ca * cc - sa * sb * sc, -sa * cb],
            [sa * sc - ca * sb * cc, sa * cc + ca * sb * sc, ca * cb],
        ]
    )


def fixed_angles_of(rotation: Array) -> tuple[float, float, float]:
    """Return roll, pitch, yaw about the fixed axes [rad]; where pitch is a quarter turn, roll is 0."""
    (m00, m01, _), (m10, m11, _), (m20, m21, m22) = rotation.tolist()
    cosine = math.hypot(m00, m10)
    pitch = math.atan2(-m20, cosine)
    if cosine < _LOCKED:
        return 0.0, pitch, math.atan2(-m01, m11)
    return math.atan2(m21, m22), pitch, math.atan2(m10, m00)


def moving_angles_of(rotation: Array) -> tuple[float, float, float]:
    """Return the angles about the moving axes x, y, z [rad]; where the second is a quarter turn, the third is 0."""
    (m00, m01, m02), (_, m11, m12), (_, m21, m22) = rotation.tolist()
    cosine = math.hypot(m00, m01)
    second = math.atan2(m02, cosine)
    if cosine < _LOCKED:
        return math.atan2(m21, m11), second, 0.0
    return math.atan2(-m12, m22), second, math.atan2(-m01, m00)


def _position(spec: ActionSpec, numbers: Sequence[float], reference: Array) -> Array:
    values = np.array(numbers) * spec.translation_scale
    if spec.translation == "position_base_m":
        return values
    if spec.translation == "delta_tool_m":
        values = reference[:3, :3] @ values
    position: Array = reference[:3, 3] + values
    return position


def _rotated(spec: ActionSpec, angles: Sequence[float], reference: Array) -> Array:
    """Return the orientation `reference` after an increment about base axes (left) or tool axes (right)."""
    a, b, c = angles
    if spec.rotation == "rpy_difference_rad":
        if spec.axes == "base":
            roll, pitch, yaw = fixed_angles_of(reference)
            return rotation_of_fixed_angles(roll + a, pitch + b, yaw + c)
        first, second, third = moving_angles_of(reference)
        return rotation_of_moving_angles(first + a, second + b, third + c)
    turn = rotation_of_vector(a, b, c) if spec.rotation == "axis_angle_rad" else rotation_of_fixed_angles(a, b, c)
    result: Array = turn @ reference if spec.axes == "base" else reference @ turn
    return result


def _rotation_of_quat(quat_wxyz: Sequence[float]) -> Array:
    length = math.hypot(*quat_wxyz)
    if length < 1e-6:
        raise PolicyError(
            f"the action's quaternion is {_shown(quat_wxyz)}, which is no rotation",
            remedy="give a unit quaternion, for example (1, 0, 0, 0) with the scalar first",
        )
    w, x, y, z = (v / length for v in quat_wxyz)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


def _rotation_of_columns(rot6d: Sequence[float]) -> Array:
    """Return the rotation whose first two columns are given one after the other, made orthonormal."""
    ax, ay, az, bx, by, bz = rot6d
    length = math.hypot(ax, ay, az)
    if length > 1e-6:
        ax, ay, az = ax / length, ay / length, az / length
        along = ax * bx + ay * by + az * bz
        bx, by, bz = bx - along * ax, by - along * ay, bz - along * az
    rest = math.hypot(bx, by, bz)
    if length <= 1e-6 or rest <= 1e-6 * max(1.0, math.hypot(*rot6d[3:])):
        raise PolicyError(
            f"the action's rot6d is {_shown(rot6d)}: its two columns are zero or parallel, which is no rotation",
            remedy="give two independent directions, for example (1, 0, 0) and (0, 1, 0)",
        )
    bx, by, bz = bx / rest, by / rest, bz / rest
    return np.array(
        [[ax, bx, ay * bz - az * by], [ay, by, az * bx - ax * bz], [az, bz, ax * by - ay * bx]],
    )


def _cosines_and_sines(a: float, b: float, c: float) -> tuple[float, float, float, float, float, float]:
    return math.cos(a), math.sin(a), math.cos(b), math.sin(b), math.cos(c), math.sin(c)


def _shown(numbers: Sequence[float]) -> str:
    return "(" + ", ".join(f"{v:.3g}" for v in numbers) + ")"


_ABSOLUTE: dict[str, Callable[[Sequence[float]], Array]] = {
    "absolute_quat_wxyz": _rotation_of_quat,
    "absolute_quat_xyzw": lambda n: _rotation_of_quat((n[3], n[0], n[1], n[2])),
    "absolute_rot6d_columns": _rotation_of_columns,
    "absolute_rot6d_interleaved": lambda n: _rotation_of_columns((n[0], n[2], n[4], n[1], n[3], n[5])),
    "absolute_rpy_rad": lambda n: rotation_of_fixed_angles(*n),
    "absolute_axis_angle_rad": lambda n: rotation_of_vector(*n),
}
