"""Support surfaces: where an object comes to rest when it is released."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

from vla_isaac.core.arrays import Array
from vla_isaac.core.types import Body

TABLE = -1
"""Support row of objects on the table."""

_ROUND = ("cylinder", "bowl")


@dataclass(frozen=True)
class Support:
    """Surface on which a dropped object comes to rest."""

    row: int
    """Row of the object that carries it, or `TABLE`."""

    height: float
    """Height of the surface in the world [m]."""


def support_under(row: int, bodies: tuple[Body, ...], pos: Array, quat: Array, *, absent: Collection[int] = ()) -> Support:
    """Return the highest surface under the centre of the object `row`.

    A surface is under an object when it is lower than the object's centre and its footprint holds that centre;
    otherwise the object would tip off, so the surface does not count. The table has no edge here.

    Args:
        row: The object that falls.
        bodies: All objects.
        pos: Their centres in the world [m], shape (N, 3).
        quat: Their orientations (w, x, y, z), shape (N, 4).
        absent: Rows that support nothing, such as the held object.
    """
    x, y, z = (float(v) for v in pos[row])
    best = Support(TABLE, 0.0)
    for other, body in enumerate(bodies):
        if other == row or other in absent:
            continue
        height = _surface_height(body, pos[other], quat[other], x, y)
        if height is not None and best.height < height < z:
            best = Support(other, height)
    return best


def yaw_of(quat_wxyz: Array) -> float:
    """Return the turn about the vertical [rad] of an orientation."""
    w, x, y, z = (float(v) for v in quat_wxyz)
    return math.atan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))


def _surface_height(body: Body, pos: Array, quat: Array, x: float, y: float) -> float | None:
    """Return the height [m] at which `body` supports an object at (x, y); None outside it, and for a ball."""
    if body.shape == "ball":
        return None
    half_x, half_y, half_z = body.half_extents
    height = float(pos[2]) + half_z
    if body.cavity is not None:
        half_x, half_y, floor = body.cavity
        height = float(pos[2]) - half_z + floor
    dx, dy, yaw = x - float(pos[0]), y - float(pos[1]), yaw_of(quat)
    cos, sin = math.cos(yaw), math.sin(yaw)
    own_x, own_y = cos * dx + sin * dy, cos * dy - sin * dx
    if body.shape in _ROUND:
        return height if math.hypot(own_x, own_y) <= half_x else None
    return height if abs(own_x) <= half_x and abs(own_y) <= half_y else None
