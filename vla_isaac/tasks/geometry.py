"""Extents of objects and distances between them in the current state; plain floats, since predicates run at every tick."""

from __future__ import annotations

import math

from vla_isaac.core.arrays import Array
from vla_isaac.core.types import Body, SceneState

ROUND = ("ball", "cylinder", "bowl")


def rotation_rows(quat_wxyz: Array) -> tuple[tuple[float, float, float], ...]:
    """Return the rows of a quaternion's rotation matrix as plain floats."""
    w, x, y, z = (float(v) for v in quat_wxyz)
    return (
        (1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)),
        (2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)),
        (2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)),
    )


def yaw_of(quat_wxyz: Array) -> float:
    """Return the turn about the vertical [rad]."""
    w, x, y, z = (float(v) for v in quat_wxyz)
    return math.atan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))


def vertical_half_extent(body: Body, quat_wxyz: Array) -> float:
    """Return half of the object's height in its current orientation [m]."""
    hx, hy, hz = body.half_extents
    if body.shape == "ball":
        return hx
    _, _, (a, b, c) = rotation_rows(quat_wxyz)
    if body.shape in ("cylinder", "bowl"):
        return abs(c) * hz + math.sqrt(max(0.0, 1.0 - c * c)) * hx
    return abs(a) * hx + abs(b) * hy + abs(c) * hz


def half_width_along(body: Body, quat_wxyz: Array, dx: float, dy: float) -> float:
    """Return half of the object's width along a horizontal unit direction [m]."""
    hx, hy, hz = body.half_extents
    if body.shape in ROUND:
        return hx
    rows = rotation_rows(quat_wxyz)
    along = [rows[0][i] * dx + rows[1][i] * dy for i in range(3)]
    return abs(along[0]) * hx + abs(along[1]) * hy + abs(along[2]) * hz


def bottom(state: SceneState, i: int) -> float:
    """Return the height of the object's lowest point [m]."""
    return float(state.object_pos[i, 2]) - vertical_half_extent(state.bodies[i], state.object_quat[i])


def top(state: SceneState, i: int) -> float:
    """Return the height of the object's highest point [m]."""
    return float(state.object_pos[i, 2]) + vertical_half_extent(state.bodies[i], state.object_quat[i])


def speed(state: SceneState, i: int) -> float:
    """Return the object's speed [m/s]."""
    vx, vy, vz = (float(v) for v in state.object_linvel[i])
    return math.sqrt(vx * vx + vy * vy + vz * vz)


def distance_xy(state: SceneState, i: int, j: int) -> float:
    """Return the horizontal distance between two objects' centres [m]."""
    a, b = state.object_pos[i], state.object_pos[j]
    return math.hypot(float(a[0]) - float(b[0]), float(a[1]) - float(b[1]))


def way_moved(state: SceneState, i: int) -> float:
    """Return the horizontal distance of an object from its start position [m]."""
    a, b = state.object_pos[i], state.initial_object_pos[i]
    return math.hypot(float(a[0]) - float(b[0]), float(a[1]) - float(b[1]))


def offset_in(state: SceneState, point: Array, i: int) -> tuple[float, float]:
    """Return a point's x, y in the axes of an object, turned about the vertical only [m]."""
    yaw = yaw_of(state.object_quat[i])
    dx = float(point[0]) - float(state.object_pos[i, 0])
    dy = float(point[1]) - float(state.object_pos[i, 1])
    c, s = math.cos(yaw), math.sin(yaw)
    return c * dx + s * dy, -s * dx + c * dy


def gap_to_point(state: SceneState, i: int, point: tuple[float, float, float]) -> float:
    """Return the distance from a point to the object's bounding box [m]; 0 inside."""
    rows = rotation_rows(state.object_quat[i])
    d = [point[k] - float(state.object_pos[i, k]) for k in range(3)]
    total = 0.0
    for axis, half in enumerate(state.bodies[i].half_extents):
        along = rows[0][axis] * d[0] + rows[1][axis] * d[1] + rows[2][axis] * d[2]
        outside = max(0.0, abs(along) - half)
        total += outside * outside
    return math.sqrt(total)


def finger_direction(state: SceneState) -> tuple[float, float]:
    """Return the horizontal unit direction along which the fingers move (the ee's y axis)."""
    rows = rotation_rows(state.pose_world_ee.quat_wxyz)
    x, y = rows[0][1], rows[1][1]
    norm = math.hypot(x, y)
    return (x / norm, y / norm) if norm > 1e-6 else (0.0, 1.0)


def is_between_fingers(state: SceneState, i: int) -> bool:
    """Return whether the object is between the fingers."""
    ee = state.pose_world_ee.pos
    reach = max(state.bodies[i].half_extents) + 0.005
    dx, dy, dz = (float(state.object_pos[i, k]) - float(ee[k]) for k in range(3))
    fx, fy = finger_direction(state)
    along, across = dx * fx + dy * fy, -dx * fy + dy * fx
    return abs(along) < reach and abs(across) < 0.75 * reach and abs(dz) < reach


def is_gripped(state: SceneState, i: int) -> bool:
    """Return whether the fingers are around the object and as wide apart as it is."""
    if not is_between_fingers(state, i):
        return False
    width = 2 * half_width_along(state.bodies[i], state.object_quat[i], *finger_direction(state))
    return -0.012 < state.gripper_width - width < 0.003


def is_released(state: SceneState, i: int) -> bool:
    """Return whether the fingers released the object: away from it, or open wider than it."""
    if not is_between_fingers(state, i):
        return True
    width = 2 * half_width_along(state.bodies[i], state.object_quat[i], *finger_direction(state))
    return state.gripper_width > width + 0.004
