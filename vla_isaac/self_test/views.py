"""What a camera must see of the cubes and the table, by geometry alone, and how cubes are found by their colour."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from vla_isaac.core.arrays import AnyArray, Array, Image
from vla_isaac.core.poses import Pose
from vla_isaac.core.types import SceneState
from vla_isaac.robots import panda
from vla_isaac.scene.cameras import CameraConfig
from vla_isaac.scene.spec import TableSpec

TABLE, NOTHING = -3, -1  # as in `core.types.Frame.segmentation`
SATURATED = 0.45  # (max - min) / max of a pixel that counts as coloured: the table has 0.29, the sky 0.15
DARKEST = 12  # largest channel below which a pixel has no colour
HUE_WINDOW = 24.0  # [degrees] half of the smallest distance between the hues of our five colours, 50 degrees
BLOCK = 16  # [px] of the blocks in which the most coloured place is looked for
LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601


@dataclass(frozen=True, eq=False)
class ExpectedView:
    """What every pixel of one camera must show, if nothing but the robot hides it."""

    labels: AnyArray
    """Row of the object, `TABLE` or `NOTHING`, shape (H, W)."""

    depth: Array
    """Distance along the optical axis [m], infinite where there is nothing, shape (H, W)."""


def pose_world_camera(camera: CameraConfig, state: SceneState) -> Pose:
    """Return the pose of a camera (+z forward, +y down) at a state."""
    if camera.mount == "world":
        return camera.pose_mount_camera
    pose_ee_hand = Pose(np.array([0.0, 0.0, -panda.HAND_TO_EE]), np.array([1.0, 0.0, 0.0, 0.0]))
    return state.pose_world_ee @ pose_ee_hand @ camera.pose_mount_camera


def expected_view(camera: CameraConfig, state: SceneState, table: TableSpec) -> ExpectedView:
    """Return what the camera must see: one ray per pixel, cut with every box and the top of the table."""
    height, width = camera.resolution_hw
    pose = pose_world_camera(camera, state)
    columns, rows = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    rays = np.stack([columns, rows, np.ones_like(rows)], axis=-1) @ np.linalg.inv(camera.intrinsics()).T
    turn = pose.matrix()[:3, :3]
    directions = rays @ turn.T  # of length 1 along the optical axis, so that the way along them is the depth
    labels, depth = np.full((height, width), NOTHING), np.full((height, width), np.inf)
    with np.errstate(divide="ignore", invalid="ignore"):
        way = -pose.pos[2] / directions[..., 2]
        on_top = pose.pos[:2] + way[..., None] * directions[..., :2] - np.array(table.center_xy)
        is_table = (way > 0) & (np.abs(on_top) <= np.array(table.size[:2]) / 2).all(axis=-1)
        labels[is_table], depth[is_table] = TABLE, way[is_table]
        for row, body in enumerate(state.bodies):
            way = _way_into_box(pose, directions, state, row, np.array(body.half_extents))
            is_nearer = way < depth
            labels[is_nearer], depth[is_nearer] = row, way[is_nearer]
    return ExpectedView(labels, depth)


def _way_into_box(pose: Pose, directions: Array, state: SceneState, row: int, half: Array) -> Array:
    """Return how far along each ray a box begins; infinite where the ray misses it (slab method)."""
    matrix = Pose(state.object_pos[row], state.object_quat[row]).matrix()
    origin = (pose.pos - matrix[:3, 3]) @ matrix[:3, :3]
    inside = directions @ matrix[:3, :3]
    first, second = (-half - origin) / inside, (half - origin) / inside
    enter, leave = np.minimum(first, second).max(axis=-1), np.maximum(first, second).min(axis=-1)
    way: Array = np.where((enter <= leave) & (leave > 0), enter, np.inf)
    return way


def hue_and_saturation(rgb: Image) -> tuple[Array, Array]:
    """Return hue [degrees] and saturation (0 to 1) of every pixel; black has neither."""
    values = rgb.astype(np.float64)
    most, least = values.max(axis=-1), values.min(axis=-1)
    spread = np.maximum(most - least, 1e-9)
    red, green, blue = np.moveaxis(values, -1, 0)
    hue = np.select(
        [most == red, most == green], [((green - blue) / spread) % 6, (blue - red) / spread + 2], (red - green) / spread + 4
    )
    return 60.0 * hue, np.where(most >= DARKEST, (most - least) / np.maximum(most, 1.0), 0.0)


def hue_distance(first: AnyArray | float, second: AnyArray | float) -> AnyArray:
    """Return the distance of two hues on the circle [degrees]."""
    return np.abs((np.asarray(first) - np.asarray(second) + 180.0) % 360.0 - 180.0)


def mean_hue(rgb: AnyArray) -> float:
    """Return the hue of the mean colour of some pixels, shape (N, 3) [degrees]."""
    hue, _ = hue_and_saturation(np.asarray(rgb, dtype=np.float64).mean(axis=0)[None, None])
    return float(hue[0, 0])


def brightness(rgb: AnyArray) -> float:
    """Return the mean luma of some pixels, shape (N, 3), 0 to 255."""
    return float((np.asarray(rgb, dtype=np.float64) @ LUMA).mean())


def find_by_hue(rgb: Image, hue: float, reach: float) -> AnyArray | None:
    """Return the mask of the coloured thing of a hue: its pixels within `reach` [px] of where they are densest."""
    hues, saturation = hue_and_saturation(rgb)
    mask = (saturation >= SATURATED) & (hue_distance(hues, hue) <= HUE_WINDOW)
    if not mask.any():
        return None
    rows, columns = np.nonzero(mask)
    blocks = np.stack([rows // BLOCK, columns // BLOCK])
    places, counts = np.unique(blocks, axis=1, return_counts=True)
    centre = (places[:, counts.argmax()] + 0.5) * BLOCK
    for _ in range(4):  # towards the centre of what is near
        near = np.hypot(rows - centre[0], columns - centre[1]) <= reach
        if not near.any():
            return None
        centre = np.array([rows[near].mean(), columns[near].mean()])
    found = np.zeros_like(mask)
    found[rows[near], columns[near]] = True
    return found


def centre_of(mask: AnyArray) -> Array:
    """Return the mean column and row of a mask's pixels [px], shape (2,)."""
    rows, columns = np.nonzero(mask)
    return np.array([columns.mean() + 0.5, rows.mean() + 0.5])


FLIPS: dict[str, Array] = {
    name: np.array(matrix, dtype=np.float64)
    for name, matrix in {
        "as expected": [[1, 0], [0, 1]],
        "mirrored left to right": [[-1, 0], [0, 1]],
        "upside down, mirrored": [[1, 0], [0, -1]],
        "turned by 180 degrees": [[-1, 0], [0, -1]],
        "turned by 90 degrees": [[0, -1], [1, 0]],
        "turned by -90 degrees": [[0, 1], [-1, 0]],
        "transposed": [[0, 1], [1, 0]],
        "transposed along the other diagonal": [[0, -1], [-1, 0]],
    }.items()
}
"""The eight ways in which axes of a square picture can be swapped and turned round."""


def best_flip(expected: Array, found: Array) -> tuple[str, float]:
    """Return the flip of `FLIPS` that takes expected places to those found best, and the largest distance left.

    Args:
        expected: Places from the picture's centre [px], shape (N, 2).
        found: Places from the picture's centre [px], shape (N, 2).
    """
    left = {name: float(np.linalg.norm(expected @ flip.T - found, axis=1).max()) for name, flip in FLIPS.items()}
    name = min(left, key=lambda one: left[one])
    return name, left[name]


def fitted_scale(expected: Array, found: Array) -> tuple[float, Array]:
    """Return the scale and the offset [px], shape (2,), that take expected places to those found, by least squares."""
    middle, seen = expected.mean(axis=0), found.mean(axis=0)
    spread = expected - middle
    scale = float((spread * (found - seen)).sum() / (spread**2).sum())
    return scale, seen - scale * middle


def outlined(rgb: Image, labels: AnyArray) -> Image:
    """Return the image with a white line around every expected object."""
    picture = rgb.copy()
    for across, down in itertools.product((0, 1), (0, 1)):
        if (across, down) == (0, 0):
            continue
        moved = np.roll(labels, (down, across), axis=(0, 1))
        picture[(moved != labels) & ((labels >= 0) | (moved >= 0))] = 255
    return picture
