"""Convex pieces of each object shape, as plain data for every physics engine."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from vla_isaac.core import rotations
from vla_isaac.core.arrays import Array
from vla_isaac.core.errors import SceneError
from vla_isaac.core.poses import Pose
from vla_isaac.scene.objects import BOWL_FLOOR_RATIO, BOWL_SIDES, WALL, ObjectSpec
from vla_isaac.scene.spec import TableSpec

PieceKind = Literal["box", "sphere", "cylinder"]

FLOOR_Z = -0.75  # [m] of the floor, under the table top
FLOOR_RGB = (0.78, 0.79, 0.80)
LEG_RGB = (0.25, 0.25, 0.27)
LEG_RADIUS, LEG_INSET = 0.025, 0.05  # [m]


@dataclass(frozen=True)
class Piece:
    """One convex solid in the axes of its object."""

    kind: PieceKind
    """`cylinder` stands along its z axis."""

    size: tuple[float, ...]
    """Box: half extents x, y, z [m]. Sphere: radius [m]. Cylinder: radius, half height [m]."""

    pos: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Its centre [m]."""

    quat_wxyz: tuple[float, float, float, float] = (1.0, 0.0, 0.0, 0.0)
    """Its orientation."""

    @property
    def pose(self) -> Pose:
        """Pose in the frame of its object."""
        return Pose(np.array(self.pos), np.array(self.quat_wxyz))


def table_legs(table: TableSpec) -> tuple[Piece, ...]:
    """Return the four legs, in the world."""
    (x, y, z), (cx, cy) = table.size, table.center_xy
    return tuple(
        Piece(
            "cylinder",
            (LEG_RADIUS, (-FLOOR_Z - z) / 2),
            (cx + sx * (x / 2 - LEG_INSET), cy + sy * (y / 2 - LEG_INSET), (FLOOR_Z - z) / 2),
        )
        for sx in (-1, 1)
        for sy in (-1, 1)
    )


def pieces_of(o: ObjectSpec) -> tuple[Piece, ...]:
    """Return the convex pieces an object is made of, in its own axes.

    Raises:
        SceneError: If the shape has no pieces defined.
    """
    x, y, z = (s / 2 for s in o.size)
    if o.shape in ("cube", "box"):
        return (Piece("box", (x, y, z)),)
    if o.shape == "ball":
        return (Piece("sphere", (x,)),)
    if o.shape == "cylinder":
        return (Piece("cylinder", (x, z)),)
    if o.shape == "bin":
        return _bin_pieces(x, y, z)
    if o.shape == "bowl":
        return _bowl_pieces(x, z)
    raise SceneError(
        f"object {o.name!r}: there are no pieces for the shape {o.shape!r}", remedy="add them in scene/convex_pieces.py"
    )


def cylinder_moments(o: ObjectSpec, mass: float) -> Array:
    """Return the moments of inertia of a solid cylinder about its own axes x, y, z [kg m^2], shape (3,)."""
    radius, height = o.size[0] / 2, o.size[2]
    across = mass * (3 * radius**2 + height**2) / 12
    return np.array([across, across, mass * radius**2 / 2])


def _bin_pieces(x: float, y: float, z: float) -> tuple[Piece, ...]:
    wall = WALL / 2
    floor = Piece("box", (x, y, wall), (0.0, 0.0, -z + wall))
    ends = (Piece("box", (wall, y, z), (sign * (x - wall), 0.0, 0.0)) for sign in (-1, 1))
    sides = (Piece("box", (x - 2 * wall, wall, z), (0.0, sign * (y - wall), 0.0)) for sign in (-1, 1))
    return (floor, *ends, *sides)


def _bowl_pieces(rim: float, z: float) -> tuple[Piece, ...]:
    """Return a square-edged floor and eight walls that lean outwards."""
    wall = WALL / 2
    apothem_top = rim * math.cos(math.pi / BOWL_SIDES) - wall
    apothem_floor = apothem_top * BOWL_FLOOR_RATIO
    lean = math.atan2(apothem_top - apothem_floor, 2 * z)
    half_width = rim * math.sin(math.pi / BOWL_SIDES)
    half_height = z / math.cos(lean) - wall * math.tan(lean)
    middle = (apothem_top + apothem_floor) / 2
    pieces = [Piece("box", (apothem_floor * 0.92, apothem_floor * 0.92, wall), (0.0, 0.0, -z + wall))]
    for i in range(BOWL_SIDES):
        angle = 2 * math.pi * i / BOWL_SIDES
        quat = rotations.quat_multiply(
            rotations.axis_angle_to_quat(np.array([0, 0, angle])), rotations.axis_angle_to_quat(np.array([0, lean, 0]))
        )
        w, qx, qy, qz = (float(v) for v in quat)
        pos = (middle * math.cos(angle), middle * math.sin(angle), 0.0)
        pieces.append(Piece("box", (wall, half_width, half_height), pos, (w, qx, qy, qz)))
    return tuple(pieces)
