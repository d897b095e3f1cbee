"""Rotations as numpy arrays: unit quaternions (w, x, y, z), matrices, axis-angle, roll-pitch-yaw, rot6d.

All functions take a single rotation or a batch with leading dimensions. Angles are in radians.
`rpy` is roll, pitch, yaw about the fixed x, y, z axes: ``R = Rz(yaw) @ Ry(pitch) @ Rx(roll)``, which is
SciPy's lower-case "xyz" order and the "RPY" of URDF.

Source: J. Diebel (2006), "Representing Attitude"; rot6d: Zhou et al. (2019), "On the Continuity of
Rotation Representations in Neural Networks".
"""

from __future__ import annotations

import math

import numpy as np

from vla_isaac.core.arrays import Array, frozen

QUAT_IDENTITY: Array = frozen([1.0, 0.0, 0.0, 0.0])


def quat_normalized(quat_wxyz: Array) -> Array:
    """Return the unit quaternion with w >= 0; shape (..., 4)."""
    q = np.asarray(quat_wxyz, dtype=np.float64)
    q = q / np.linalg.norm(q, axis=-1, keepdims=True)
    return np.where(q[..., :1] < 0.0, -q, q)


def quat_multiply(a_wxyz: Array, b_wxyz: Array) -> Array:
    """Return the product `a * b`: first rotate by `b`, then by `a`; shapes (..., 4)."""
    aw, ax, ay, az = np.moveaxis(np.asarray(a_wxyz, dtype=np.float64), -1, 0)
    bw, bx, by, bz = np.moveaxis(np.asarray(b_wxyz, dtype=np.float64), -1, 0)
    return np.stack(
        [
            aw * bw - ax * bx - ay * by - az * bz,
            aw * bx + ax * bw + ay * bz - az * by,
            aw * by - ax * bz + ay * bw + az * bx,
            aw * bz + ax * by - ay * bx + az * bw,
        ],
        axis=-1,
    )


def quat_conjugate(quat_wxyz: Array) -> Array:
    """Return the inverse of a unit quaternion; shape (..., 4)."""
    return np.asarray(quat_wxyz, dtype=np.float64) * np.array([1.0, -1.0, -1.0, -1.0])


def quat_to_matrix(quat_wxyz: Array) -> Array:
    """Return the rotation matrix of a unit quaternion; (..., 4) to (..., 3, 3)."""
    w, x, y, z = np.moveaxis(np.asarray(quat_wxyz, dtype=np.float64), -1, 0)
    rows = [
        1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y),
        2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
        2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y),
    ]  # fmt: skip
    return np.stack(rows, axis=-1).reshape(*np.shape(w), 3, 3)


def matrix_to_quat(matrix: Array) -> Array:
    """Return the unit quaternion (w >= 0) of a rotation matrix; (..., 3, 3) to (..., 4).

    Shepperd's method, branch-free over a batch: the largest of the four candidates is numerically stable.
    """
    m = np.asarray(matrix, dtype=np.float64)
    if m.ndim == 2:
        return _quat_of_one(m)
    m00, m01, m02 = m[..., 0, 0], m[..., 0, 1], m[..., 0, 2]
    m10, m11, m12 = m[..., 1, 0], m[..., 1, 1], m[..., 1, 2]
    m20, m21, m22 = m[..., 2, 0], m[..., 2, 1], m[..., 2, 2]
    candidates = np.stack(
        [
            np.stack([1 + m00 + m11 + m22, m21 - m12, m02 - m20, m10 - m01], axis=-1),
            np.stack([m21 - m12, 1 + m00 - m11 - m22, m01 + m10, m02 + m20], axis=-1),
            np.stack([m02 - m20, m01 + m10, 1 - m00 + m11 - m22, m12 + m21], axis=-1),
            np.stack([m10 - m01, m02 + m20, m12 + m21, 1 - m00 - m11 + m22], axis=-1),
        ],
        axis=-2,
    )
    scale = np.stack([candidates[..., i, i] for i in range(4)], axis=-1)
    best = np.argmax(scale, axis=-1)
    chosen = np.take_along_axis(candidates, best[..., None, None], axis=-2)[..., 0, :]
    return quat_normalized(chosen)


def _quat_of_one(matrix: Array) -> Array:
    """Compute `matrix_to_quat` of one matrix with Python floats: bitwise equal and faster."""
    (m00, m01, m02), (m10, m11, m12), (m20, m21, m22) = matrix.tolist()
    scales = (1 + m00 + m11 + m22, 1 + m00 - m11 - m22, 1 - m00 + m11 - m22, 1 - m00 - m11 + m22)
    best = scales.index(max(scales))
    w, x, y, z = (
        (scales[0], m21 - m12, m02 - m20, m10 - m01),
        (m21 - m12, scales[1], m01 + m10, m02 + m20),
        (m02 - m20, m01 + m10, scales[2], m12 + m21),
        (m10 - m01, m02 + m20, m12 + m21, scales[3]),
    )[best]
    length = math.sqrt(w * w + x * x + y * y + z * z)
    if w < 0.0:
        length = -length
    return np.array([w / length, x / length, y / length, z / length])


def axis_angle_to_quat(axis_angle: Array) -> Array:
    """Return the unit quaternion of a rotation vector (axis times angle [rad]); (..., 3) to (..., 4)."""
    v = np.asarray(axis_angle, dtype=np.float64)
    half = 0.5 * np.linalg.norm(v, axis=-1, keepdims=True)
    # sin(half)/(2 half) by np.sinc, which is exact at zero: sinc(x) = sin(pi x)/(pi x)
    return np.concatenate([np.cos(half), 0.5 * np.sinc(half / np.pi) * v], axis=-1)


def quat_to_axis_angle(quat_wxyz: Array) -> Array:
    """Return the rotation vector with angle in [0, pi]; (..., 4) to (..., 3)."""
    q = quat_normalized(quat_wxyz)
    w, v = q[..., :1], q[..., 1:]
    sine = np.linalg.norm(v, axis=-1, keepdims=True)
    angle = 2.0 * np.arctan2(sine, w)
    small = sine < 1e-9
    factor = np.where(small, 2.0, angle / np.where(small, 1.0, sine))
    return factor * v


def axis_angle_to_matrix(axis_angle: Array) -> Array:
    """Return the rotation matrix of a rotation vector; (..., 3) to (..., 3, 3)."""
    return quat_to_matrix(axis_angle_to_quat(axis_angle))


def matrix_to_axis_angle(matrix: Array) -> Array:
    """Return the rotation vector of a rotation matrix; (..., 3, 3) to (..., 3)."""
    return quat_to_axis_angle(matrix_to_quat(matrix))


def rpy_to_quat(rpy: Array) -> Array:
    """Return the unit quaternion of roll, pitch, yaw about fixed x, y, z; (..., 3) to (..., 4)."""
    half = 0.5 * np.asarray(rpy, dtype=np.float64)
    cr, cp, cy = np.moveaxis(np.cos(half), -1, 0)
    sr, sp, sy = np.moveaxis(np.sin(half), -1, 0)
    return np.stack(
        [
            cy * cp * cr + sy * sp * sr,
            cy * cp * sr - sy * sp * cr,
            cy * sp * cr + sy * cp * sr,
            sy * cp * cr - cy * sp * sr,
        ],
        axis=-1,
    )


def rpy_to_matrix(rpy: Array) -> Array:
    """Return ``Rz(yaw) @ Ry(pitch) @ Rx(roll)``; (..., 3) to (..., 3, 3)."""
    return quat_to_matrix(rpy_to_quat(rpy))


def matrix_to_rpy(matrix: Array) -> Array:
    """Return roll, pitch, yaw; (..., 3, 3) to (..., 3).

    At pitch = +-pi/2 roll and yaw are not separable (gimbal lock): roll is then 0.
    """
    m = np.asarray(matrix, dtype=np.float64)
    cos_pitch = np.hypot(m[..., 0, 0], m[..., 1, 0])
    pitch = np.arctan2(-m[..., 2, 0], cos_pitch)
    locked = cos_pitch < 1e-9
    roll = np.where(locked, 0.0, np.arctan2(m[..., 2, 1], m[..., 2, 2]))
    yaw = np.where(locked, np.arctan2(-m[..., 0, 1], m[..., 1, 1]), np.arctan2(m[..., 1, 0], m[..., 0, 0]))
    return np.stack([roll, pitch, yaw], axis=-1)


def quat_to_rpy(quat_wxyz: Array) -> Array:
    """Return roll, pitch, yaw of a unit quaternion; (..., 4) to (..., 3)."""
    return matrix_to_rpy(quat_to_matrix(quat_wxyz))


def rot6d_columns_to_matrix(rot6d: Array) -> Array:
    """Return the matrix whose first two columns are ``rot6d[0:3]`` and ``rot6d[3:6]``, orthonormalised.

    This is the layout of Zhou et al. and of PyTorch code that stacks columns ("contiguous").
    """
    v = np.asarray(rot6d, dtype=np.float64)
    a, b = v[..., 0:3], v[..., 3:6]
    x = a / np.linalg.norm(a, axis=-1, keepdims=True)
    b = b - np.sum(x * b, axis=-1, keepdims=True) * x
    y = b / np.linalg.norm(b, axis=-1, keepdims=True)
    return np.stack([x, y, np.cross(x, y)], axis=-1)


def matrix_to_rot6d_columns(matrix: Array) -> Array:
    """Return the first two columns one after the other: ``[c0x c0y c0z c1x c1y c1z]``."""
    m = np.asarray(matrix, dtype=np.float64)
    return np.concatenate([m[..., :, 0], m[..., :, 1]], axis=-1)


def rot6d_interleaved_to_matrix(rot6d: Array) -> Array:
    """Return the matrix of the interleaved layout ``[c0x c1x c0y c1y c0z c1z]`` (``matrix[:, :2].flatten()``)."""
    v = np.asarray(rot6d, dtype=np.float64)
    return rot6d_columns_to_matrix(v[..., [0, 2, 4, 1, 3, 5]])


def matrix_to_rot6d_interleaved(matrix: Array) -> Array:
    """Return ``matrix[..., :, :2]`` flattened row by row: ``[c0x c1x c0y c1y c0z c1z]``."""
    m = np.asarray(matrix, dtype=np.float64)
    return m[..., :, :2].reshape(*m.shape[:-2], 6)


def wrap_angle(angle: Array | float) -> Array:
    """Return the same angle in (-pi, pi] [rad]."""
    wrapped = np.pi - np.mod(np.pi - np.asarray(angle, dtype=np.float64), 2.0 * np.pi)
    return np.where(wrapped <= -np.pi, np.pi, wrapped)


def angle_between(a: Array, b: Array) -> Array:
    """Return the angle of the rotation from matrix `a` to matrix `b` [rad], accurate near 0 and near pi."""
    relative = np.swapaxes(np.asarray(a), -1, -2) @ np.asarray(b)
    return np.asarray(np.linalg.norm(matrix_to_axis_angle(relative), axis=-1))
