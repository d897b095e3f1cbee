"""Rigid poses that chain: ``pose_world_ee = pose_world_base @ pose_base_ee``."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vla_isaac.core import rotations
from vla_isaac.core.arrays import Array
from vla_isaac.core.checks import check_finite, check_shape, real_numbers
from vla_isaac.core.errors import ShapeError


@dataclass(frozen=True, eq=False)
class Pose:
    """Position [m] and orientation; `pose_a_b` takes coordinates of `b` to coordinates of `a`."""

    pos: Array
    """Origin of the inner frame in the outer frame [m], shape (3,)."""

    quat_wxyz: Array
    """Unit quaternion, scalar first, shape (4,)."""

    @property
    def is_identity(self) -> bool:
        """Whether it is exactly the identity."""
        return not self.pos.any() and float(self.quat_wxyz[0]) == 1.0

    @classmethod
    def checked(cls, pos: Array, quat_wxyz: Array) -> Pose:
        """Make a pose from outside data: shapes and finiteness are checked, the quaternion is normalised.

        Raises:
            ShapeError: If a shape is wrong, an entry is not finite or the quaternion is zero.
        """
        pos, quat_wxyz = _vector("pos", pos, 3), _vector("quat_wxyz", quat_wxyz, 4, hint="scalar first")
        if float(np.linalg.norm(quat_wxyz)) < 1e-9:
            raise ShapeError("quat_wxyz is zero", remedy="a rotation needs a unit quaternion, for example (1, 0, 0, 0)")
        return cls(pos.copy(), rotations.quat_normalized(quat_wxyz))

    @classmethod
    def identity(cls) -> Pose:
        """Return the identity pose."""
        return cls(np.zeros(3), rotations.QUAT_IDENTITY)

    @classmethod
    def from_matrix(cls, matrix: Array) -> Pose:
        """Make a pose from a homogeneous matrix, shape (4, 4)."""
        m = np.asarray(matrix, dtype=np.float64)
        return cls(m[:3, 3].copy(), rotations.matrix_to_quat(m[:3, :3]))

    @property
    def rotation(self) -> Array:
        """Rotation matrix, shape (3, 3)."""
        return rotations.quat_to_matrix(self.quat_wxyz)

    def matrix(self) -> Array:
        """Return the homogeneous matrix, shape (4, 4)."""
        m = np.eye(4)
        m[:3, :3] = self.rotation
        m[:3, 3] = self.pos
        return m

    def inverse(self) -> Pose:
        """Return the inverse transform."""
        quat = rotations.quat_conjugate(self.quat_wxyz)
        return Pose(-(rotations.quat_to_matrix(quat) @ self.pos), quat)

    def __matmul__(self, other: Pose) -> Pose:
        return Pose(self.apply(other.pos), rotations.quat_multiply(self.quat_wxyz, other.quat_wxyz))

    def apply(self, points: Array) -> Array:
        """Take points of the inner frame, shape (..., 3) [m], to the outer frame."""
        return np.asarray(points) @ self.rotation.T + self.pos


def look_at(eye: Array, target: Array, up: Array = np.array([0.0, 0.0, 1.0])) -> Pose:  # noqa: B008
    """Return `pose_world_camera` of a camera at `eye` that looks at `target`.

    Camera axes: +z forward, +x right, +y down. Positions in the world frame [m], shape (3,).

    Raises:
        ShapeError: If one is not three finite numbers, `eye` and `target` coincide, or `up` is parallel to the viewing
            direction.
    """
    eye, target, up = _vector("camera eye", eye, 3), _vector("camera target", target, 3), _vector("camera up", up, 3)
    forward = target - eye
    distance = float(np.linalg.norm(forward))
    if distance < 1e-9:
        raise ShapeError(f"camera eye and target are the same point {tuple(eye.tolist())}", remedy="move one of them")
    forward = forward / distance
    right = np.cross(forward, up)
    if float(np.linalg.norm(right)) < 1e-6:
        raise ShapeError(f"camera up vector {up.tolist()} is parallel to its viewing direction", remedy="give another up")
    right = right / np.linalg.norm(right)
    down = np.cross(forward, right)
    matrix = np.stack([right, down, forward], axis=1)
    return Pose(eye.copy(), rotations.matrix_to_quat(matrix))


def _vector(name: str, values: Array, length: int, *, hint: str = "") -> Array:
    vector = real_numbers(name, values)
    check_shape(name, vector, (length,), hint=hint)
    check_finite(name, vector)
    return vector
