"""Flat renderer in numpy: every solid is a convex hull of one colour, painted far to near (painter's algorithm).

Depth is flat too: all pixels of a solid get the distance of its centre; only the table's depth is exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from vla_isaac.core.arrays import AnyArray, Array, Image
from vla_isaac.core.poses import Pose
from vla_isaac.robots import kinematics, panda
from vla_isaac.scene.colours import RGB
from vla_isaac.scene.spec import TableSpec

BACKGROUND, ROBOT, TABLE = -1, -2, -3  # segmentation codes of core.types.Frame
BACKGROUND_RGB = (0.72, 0.78, 0.84)
ARM_RGB = (0.90, 0.91, 0.93)
HAND_RGB = (0.20, 0.20, 0.22)
FAR = 10.0  # [m] depth of the background
NEAR = 0.01  # [m] nothing nearer is drawn

ARM_RADIUS = 0.05  # [m] half thickness of the polyline through the links
HAND_RADIUS = 0.03  # [m]
FINGER_RADIUS = 0.007  # [m]

_SIGNS = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], dtype=np.float64)


@dataclass(frozen=True, eq=False)
class DrawnSolid:
    """A convex solid to paint."""

    points: Array
    """Points in the world whose convex hull it is [m], shape (N, 3)."""

    rgb: RGB
    """Its colour, 0 to 1."""

    code: int
    """Its segmentation code."""


@dataclass(frozen=True, eq=False)
class StubCamera:
    """A camera at one instant."""

    pose_world_camera: Pose
    """Camera (+z forward, +x right, +y down) in the world."""

    intrinsics: Array
    """Matrix K [px], shape (3, 3)."""

    resolution_hw: tuple[int, int]
    """Image height and width [px]."""

    def to_camera(self, points_world: Array) -> Array:
        """Return points of the world, shape (N, 3) [m], in the camera's frame."""
        offset: Array = points_world - self.pose_world_camera.pos
        return offset @ self.pose_world_camera.rotation

    def to_pixels(self, points_camera: Array) -> Array:
        """Project points in front of the camera to (column, row) [px], shape (N, 2)."""
        projected: Array = points_camera @ self.intrinsics.T
        return projected[:, :2] / projected[:, 2:]


@dataclass(frozen=True, eq=False)
class DrawnImage:
    """The painted image; the optional layers are None unless requested."""

    rgb: Image
    depth: AnyArray | None
    segmentation: AnyArray | None


def box_solid(pose_world: Pose, half_extents: tuple[float, float, float], rgb: RGB, code: int) -> DrawnSolid:
    """Return the bounding box of an object."""
    return DrawnSolid(pose_world.apply(_SIGNS * half_extents), rgb, code)


def robot_solids(qpos: Array, gripper_width: float) -> list[DrawnSolid]:
    """Return the arm as a thick polyline through its link frames, and the hand with its fingers."""
    links = kinematics.link_frames(qpos)
    hand = Pose.from_matrix(kinematics.forward_kinematics(qpos)) @ Pose(np.array([0, 0, -panda.HAND_TO_EE]), _NO_TURN)
    wrist = hand.apply(np.array([0.0, 0.0, -ARM_RADIUS]))  # the polyline's thick end must not hide the fingers
    joints = [np.zeros(3), *links[:, :3, 3], wrist]
    arm = [_bar(a, b, ARM_RADIUS, ARM_RGB) for a, b in pairwise(joints) if not np.allclose(a, b)]
    palm = hand.apply(np.array([[0.0, -0.08, 0.03], [0.0, 0.08, 0.03]]))
    side = gripper_width / 2 + FINGER_RADIUS
    tips = hand.apply(np.array([[0, y, z] for y in (-side, side) for z in (0.06, panda.HAND_TO_EE)]))
    fingers = [_bar(tips[i], tips[i + 1], FINGER_RADIUS, HAND_RGB) for i in (0, 2)]
    return [*arm, _bar(palm[0], palm[1], HAND_RADIUS, HAND_RGB), *fingers]


def paint(
    view: StubCamera, table: TableSpec, solids: Sequence[DrawnSolid], *, depth: bool, segmentation: bool
) -> DrawnImage:
    """Return the picture of the table with all solids on it, in fresh arrays."""
    shape = view.resolution_hw
    picture = DrawnImage(
        np.empty((*shape, 3), dtype=np.uint8),
        np.full(shape, FAR, dtype=np.float32) if depth else None,
        np.full(shape, BACKGROUND, dtype=np.int32) if segmentation else None,
    )
    picture.rgb[:] = _bytes(BACKGROUND_RGB)
    top = _table_top(table)
    _paint_one(picture, view, top, _depth_of_plane(view) if depth else 0.0)
    distances = [max(NEAR, float(view.to_camera(solid.points).mean(axis=0)[2])) for solid in solids]
    for i in sorted(range(len(solids)), key=lambda i: -distances[i]):
        _paint_one(picture, view, solids[i], distances[i])
    return picture


_NO_TURN = Pose.identity().quat_wxyz


def _bar(a: Array, b: Array, radius: float, rgb: RGB) -> DrawnSolid:
    return DrawnSolid(np.concatenate([a + radius * _SIGNS, b + radius * _SIGNS]), rgb, ROBOT)


def _table_top(table: TableSpec) -> DrawnSolid:
    (x, y), (width, depth, _) = table.center_xy, table.size
    corners = [(x + sx * width / 2, y + sy * depth / 2, 0.0) for sx, sy in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    return DrawnSolid(np.array(corners), table.rgb, TABLE)


def _depth_of_plane(view: StubCamera) -> AnyArray:
    """Return the distance along z [m] to the plane z = 0 of the world per pixel; infinite above the horizon."""
    height, width = view.resolution_hw
    focal, (cx, cy) = view.intrinsics[0, 0], view.intrinsics[:2, 2]
    right, down, forward = view.pose_world_camera.rotation[2]
    columns, rows = (np.arange(width) + 0.5 - cx) / focal, (np.arange(height) + 0.5 - cy) / focal
    fall = -(right * columns[None, :] + down * rows[:, None] + forward)
    with np.errstate(divide="ignore"):
        return np.where(fall > 0, view.pose_world_camera.pos[2] / fall, np.inf)


def _paint_one(picture: DrawnImage, view: StubCamera, solid: DrawnSolid, distance: AnyArray | float) -> None:
    points = _in_front(view.to_camera(solid.points))
    if len(points) < 3:
        return
    pixels = view.to_pixels(points)
    window = _window(pixels, view.resolution_hw)
    inside = _inside_hull(pixels, window)
    picture.rgb[window][inside] = _bytes(solid.rgb)
    if picture.depth is not None:
        picture.depth[window][inside] = distance[window][inside] if isinstance(distance, np.ndarray) else distance
    if picture.segmentation is not None:
        picture.segmentation[window][inside] = solid.code


def _window(points: Array, resolution_hw: tuple[int, int]) -> tuple[slice, slice]:
    """Return the rows and columns of the image whose centres lie between the outermost `points` (column, row)."""
    size_xy = resolution_hw[::-1]
    low, high = (np.clip(np.ceil(edge - 0.5), 0, size_xy).astype(int) for edge in (points.min(axis=0), points.max(axis=0)))
    return slice(low[1], high[1]), slice(low[0], high[0])


def _in_front(points: Array) -> Array:
    """Return points whose hull is the given hull cut at the near plane; camera frame, shape (N, 3)."""
    visible = points[:, 2] >= NEAR
    if visible.all():
        return points
    front, back = points[visible][:, None], points[~visible][None, :]
    # cutting every line between front and back adds points inside the hull too, which change nothing
    share = (NEAR - front[..., 2:]) / (back[..., 2:] - front[..., 2:])
    return np.concatenate([points[visible], (front + share * (back - front)).reshape(-1, 3)])


def _inside_hull(points: Array, window: tuple[slice, slice]) -> AnyArray:
    """Return which pixel centres of the window lie in the convex hull of `points` (column, row).

    Per row of pixels every hull edge bounds the columns from the left or from the right.
    """
    rows, columns = (np.arange(side.start, side.stop) + 0.5 for side in window)
    left, right = np.full(len(rows), -np.inf), np.full(len(rows), np.inf)
    corners = _convex_hull(points)
    for (x0, y0), (x1, y1) in pairwise([*corners, corners[0]]):
        if y0 == y1:  # the window already ends here
            continue
        crossing = x0 + (rows - y0) * ((x1 - x0) / (y1 - y0))
        if y1 > y0:
            right = np.minimum(right, crossing)
        else:
            left = np.maximum(left, crossing)
    inside: AnyArray = (columns >= left[:, None]) & (columns < right[:, None])
    return inside


def _convex_hull(points: Array) -> list[tuple[float, float]]:
    """Return the corners of the hull in order: down the image on the right, up on the left.

    Source: A. Andrew (1979), the monotone chain.
    """
    ordered = sorted({(float(x), float(y)) for x, y in points})

    def half(sequence: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
        chain: list[tuple[float, float]] = []
        for point in sequence:
            while len(chain) >= 2 and _turn(chain[-2], chain[-1], point) <= 0:
                chain.pop()
            chain.append(point)
        return chain[:-1]

    return half(ordered) + half(ordered[::-1])


def _turn(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _bytes(rgb: RGB) -> AnyArray:
    return np.round(255 * np.clip(rgb, 0.0, 1.0)).astype(np.uint8)
