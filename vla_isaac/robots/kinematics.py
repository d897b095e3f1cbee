"""Forward kinematics and geometric Jacobian of the Panda in numpy.

Every function takes one arm, shape (7,), or a batch, shape (..., 7). `base` is `panda_link0`; `ee` lies between
the fingertips, z pointing out of the hand, y along the fingers' travel.

Source: J. Craig, "Introduction to Robotics", modified Denavit-Hartenberg parameters; B. Siciliano et al.,
"Robotics: Modelling, Planning and Control", geometric Jacobian.
"""

from __future__ import annotations

import math

import numpy as np

from vla_isaac.core.arrays import Array, frozen
from vla_isaac.core.poses import Pose
from vla_isaac.robots import panda

_YZX = np.array([1, 2, 0])
_ZXY = np.array([2, 0, 1])


def _chain_constants() -> tuple[Array, Array, Array]:
    """Split each joint's transform into ``constant + cos(q) * in_cos + sin(q) * in_sin``, each (7, 16), row by row."""
    constant, in_cos, in_sin = np.zeros((3, 7, 4, 4))
    for i, (a, d, alpha) in enumerate(zip(panda.DH_A, panda.DH_D, panda.DH_ALPHA, strict=True)):
        # cos(pi/2) is not exactly zero in floating point; the twists are exact multiples of pi/2
        ca, sa = round(math.cos(alpha)), round(math.sin(alpha))
        in_cos[i, :3, 0] = 1, 0, 0
        in_cos[i, :3, 1] = 0, ca, sa
        in_sin[i, :3, 0] = 0, ca, sa
        in_sin[i, :3, 1] = -1, 0, 0
        constant[i, :3, 2] = 0, -sa, ca
        constant[i, :, 3] = a, -sa * d, ca * d, 1
    return constant.reshape(7, 16), in_cos.reshape(7, 16), in_sin.reshape(7, 16)


def _hand_constant() -> Array:
    c, s = math.cos(panda.HAND_YAW), math.sin(panda.HAND_YAW)
    matrix = np.eye(4)
    matrix[:2, :2] = [[c, -s], [s, c]]
    matrix[2, 3] = panda.FLANGE_OFFSET + panda.HAND_TO_EE
    return matrix


_CONSTANT, _IN_COS, _IN_SIN = (frozen(m) for m in _chain_constants())
_LINK7_EE = frozen(_hand_constant())


def link_frames(qpos: Array) -> Array:
    """Return the frames of links 1 to 7 in `base`; (..., 7) to (..., 7, 4, 4)."""
    q = np.asarray(qpos, dtype=np.float64)[..., None]
    frames = (_CONSTANT + np.cos(q) * _IN_COS + np.sin(q) * _IN_SIN).reshape(*q.shape[:-1], 4, 4)
    if frames.ndim == 3:  # one arm, the hot path: plain products of 4 x 4 matrices
        previous = frames[0]
        for i in range(1, 7):
            previous = frames[i] = np.dot(previous, frames[i])
        return frames
    for i in range(1, 7):
        np.matmul(frames[..., i - 1, :, :], frames[..., i, :, :], out=frames[..., i, :, :])
    return frames


def forward_kinematics(qpos: Array) -> Array:
    """Return the homogeneous matrix of `ee` in `base`; (..., 7) [rad] to (..., 4, 4) [m]."""
    matrix: Array = link_frames(qpos)[..., 6, :, :] @ _LINK7_EE
    return matrix


def ee_and_jacobian(qpos: Array) -> tuple[Array, Array]:
    """Return `ee` in `base`, shape (..., 4, 4), and its geometric Jacobian, shape (..., 6, 7), in one pass.

    The Jacobian maps joint speeds [rad/s] to the linear [m/s] (rows 0 to 2) and angular [rad/s] (rows 3 to 5)
    velocity of `ee`, both expressed in `base`.
    """
    frames = link_frames(qpos)
    matrix = np.matmul(frames[..., 6, :, :], _LINK7_EE)
    axes = frames[..., :3, 2]
    arms = matrix[..., None, :3, 3] - frames[..., :3, 3]
    columns = np.empty((*axes.shape[:-1], 6))
    columns[..., :3] = axes[..., _YZX] * arms[..., _ZXY] - axes[..., _ZXY] * arms[..., _YZX]
    columns[..., 3:] = axes
    return matrix, columns.swapaxes(-1, -2)


def jacobian(qpos: Array) -> Array:
    """Return the geometric Jacobian of `ee` in `base`, linear rows first; (..., 7) to (..., 6, 7)."""
    return ee_and_jacobian(qpos)[1]


def pose_base_ee(qpos: Array) -> Pose:
    """Return the pose of `ee` in `base` for one arm posture, shape (7,) [rad]."""
    return Pose.from_matrix(forward_kinematics(qpos))
