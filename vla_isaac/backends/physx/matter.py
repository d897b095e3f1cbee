"""Masses and frictions of a layout in PhysX's terms."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vla_isaac.core.arrays import Array
from vla_isaac.core.rotations import matrix_to_quat, quat_to_matrix
from vla_isaac.scene.convex_pieces import Piece


def mass_properties(pieces: Sequence[Piece], mass: float) -> tuple[Array, Array, Array]:
    """Return the centre of mass, the principal moments and their axes of an object.

    Each piece has the same share of the mass, as in the MuJoCo model.

    Returns:
        Centre [m], shape (3,); moments [kg m^2], shape (3,); quaternion of the axes, shape (4,).
    """
    share = mass / len(pieces)
    centres = np.array([piece.pos for piece in pieces], dtype=np.float64)
    centre = centres.mean(axis=0)
    inertia = np.zeros((3, 3))
    for piece, away in zip(pieces, centres - centre, strict=True):
        turn = quat_to_matrix(np.array(piece.quat_wxyz))
        inertia += turn @ np.diag(share * _moments(piece)) @ turn.T
        inertia += share * (away @ away * np.eye(3) - np.outer(away, away))
    moments, axes = np.linalg.eigh(inertia)
    if np.linalg.det(axes) < 0:
        axes = axes * np.array([1.0, 1.0, -1.0])
    return centre, moments, matrix_to_quat(axes)


def _moments(piece: Piece) -> Array:
    """Return the moments of a solid of mass 1 about its own axes."""
    if piece.kind == "sphere":
        return np.full(3, 0.4 * piece.size[0] ** 2)
    if piece.kind == "cylinder":
        radius, half = piece.size
        across = radius**2 / 4 + half**2 / 3
        return np.array([across, across, radius**2 / 2])
    x, y, z = np.square(piece.size)
    return np.array([y + z, x + z, x + y]) / 3


def object_material(friction: float, table: float) -> float:
    """Return the friction of an object's material.

    PhysX through SAPIEN takes the average of two materials; MuJoCo and our USD take the larger one. With this value the
    average with the table's material is the larger of the two coefficients.

    Args:
        friction: The object's coefficient.
        table: The table's coefficient, which is also that of its material.
    """
    return 2.0 * max(friction, table) - table


def pad_material(friction: float, objects: Sequence[float]) -> float:
    """Return the friction of the finger pads' material: the average with each object's is `friction` or more.

    Args:
        friction: Coefficient of a pad against anything, 2 in the robot description.
        objects: Frictions of the objects' materials.
    """
    return max(friction, 2.0 * friction - min(objects, default=1.0))
