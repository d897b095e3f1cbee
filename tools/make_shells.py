"""Make the smooth surfaces of the arm that videos show: ``data/robots/panda/shells.npz``.

    python tools/make_shells.py

Each link's primitives in ``panda.xml`` become signed distance functions, which blend into one rounded shell per colour;
surface nets turn the shells into triangles. Policies never see them, and no physics uses them. About twenty seconds.

Source:
    Surface nets: S. Gibson (1998), "Constrained Elastic Surface Nets". The smooth minimum and the distance functions of
    the primitives: I. Quilez, "Distance functions", https://iquilezles.org/articles/distfunctions/
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from vla_isaac.core import rotations
from vla_isaac.core.arrays import Array
from vla_isaac.core.poses import Pose
from vla_isaac.scene.panda_description import Link, Solid, panda_description

FILE = Path(__file__).resolve().parents[1] / "data" / "robots" / "panda" / "shells.npz"
UNIT = 1e-5  # [m] of one step of the stored int16 coordinates
SPACING = {"large": 0.009, "edged": 0.005, "middle": 0.006, "small": 0.004}  # [m] between grid points
BLEND = {
    "large": 0.030,
    "edged": 0.030,
    "middle": 0.003,
    "small": 0.003,
}  # [m] over which primitives of a colour flow into each other
EDGE = {"large": 0.010, "edged": 0.010, "middle": 0.005, "small": 0.004}  # [m] radius of edges
LEFT_OUT = ("panda_link5", "box")  # the bar on the forearm, which a rounded arm looks better without
HAND_SEAM = 0.044  # [m] up to here the hand is white, below it is dark
CAP_OUT = 0.003  # [m] by which dark caps and rings are longer, so that no blended white comes through
EDGED_LINKS = ("panda_link0", "panda_link7")
SMALL_LINKS = ("panda_hand", "panda_leftfinger", "panda_rightfinger")

Distance = Callable[[Array], Array]


def main() -> None:
    """Write the file and say how large it is."""
    arrays: dict[str, Array] = {}
    for link in panda_description().links:
        shown = [(shade_of(s), s) for s in link.solids if not s.is_collision and (link.name, s.kind) != LEFT_OUT]
        shown = [(shade, capped(s) if shade == "dark" else s) for shade, s in shown]
        if link.name == "panda_hand":
            shown = [(shade, part) for _, solid in shown for shade, part in two_coloured(solid)]
        for shade in dict.fromkeys(shade for shade, _ in shown):
            vertices, faces = shell(link, [solid for other, solid in shown if other == shade], shade)
            key = f"{link.name}.{shade}"
            arrays[f"{key}.vertices"] = np.round(vertices / UNIT).astype(np.int16)
            arrays[f"{key}.faces"] = faces.astype(np.uint16)
            print(f"{key}: {len(vertices)} vertices, {len(faces)} triangles")
    np.savez_compressed(FILE, **arrays)
    print(f"{FILE.name}: {FILE.stat().st_size / 1000:.0f} kB")


def shade_of(solid: Solid) -> str:
    """Return the name of a primitive's material in a video."""
    brightness = solid.rgb[0]
    return "white" if brightness > 0.8 else "grey" if brightness > 0.3 else "dark" if brightness > 0.1 else "pad"


def capped(solid: Solid) -> Solid:
    """Return a short cylinder a little longer."""
    if solid.kind != "cylinder" or solid.size[1] > 0.02:
        return solid
    return replace(solid, size=(solid.size[0], solid.size[1] + CAP_OUT))


def two_coloured(solid: Solid) -> Iterator[tuple[str, Solid]]:
    """Yield the white and the dark part of a primitive of the hand, which is `2 * half` long in z from 0."""
    half = float(solid.size[-1])
    for shade, low, high, inset in (("white", 0.0, HAND_SEAM, 0.0), ("dark", HAND_SEAM - 0.008, 2 * half, 0.0015)):
        pos = solid.pose_link_solid.pos * [1.0, 1.0, 0.0] + [0.0, 0.0, (low + high) / 2]
        size = (*(v - inset for v in solid.size[:-1]), (high - low) / 2)
        yield shade, replace(solid, size=size, pose_link_solid=Pose(pos, solid.pose_link_solid.quat_wxyz))


def shell(link: Link, solids: list[Solid], shade: str) -> tuple[Array, Array]:
    """Return vertices [m] and triangles of the blended surface of some primitives of a link."""
    scale = "small" if link.name in SMALL_LINKS else "middle" if shade != "white" else "large"
    scale = "edged" if scale == "large" and link.name in EDGED_LINKS else scale
    parts = [placed(solid, min(EDGE[scale], 0.45 * min(solid.size))) for solid in solids]

    def distance(points: Array) -> Array:
        total = parts[0](points)
        for part in parts[1:]:
            total = smooth_minimum(total, part(points), BLEND[scale])
        return total

    reach = [sum(s.size) for s in solids]
    low = np.min([s.pose_link_solid.pos - r for s, r in zip(solids, reach, strict=True)], axis=0) - 0.02
    high = np.max([s.pose_link_solid.pos + r for s, r in zip(solids, reach, strict=True)], axis=0) + 0.02
    vertices, faces = surface_nets(distance, low, high, SPACING[scale])
    for _ in range(4):  # onto the surface itself
        vertices = vertices - distance(vertices)[:, None] * gradient(distance, vertices)
    return vertices, faces


def placed(solid: Solid, edge: float) -> Distance:
    """Return the distance to a primitive where it is in its link, its edges rounded."""
    rotation = rotations.quat_to_matrix(solid.pose_link_solid.quat_wxyz)
    pos, size = solid.pose_link_solid.pos, np.array(solid.size)

    def distance(points: Array) -> Array:
        p = (points - pos) @ rotation
        if solid.kind == "capsule":
            away = np.maximum(np.abs(p[:, 2]) - size[1], 0.0)
            return np.sqrt(p[:, 0] ** 2 + p[:, 1] ** 2 + away**2) - size[0]
        if solid.kind == "ellipsoid":
            scaled, squared = np.linalg.norm(p / size, axis=1), np.linalg.norm(p / size**2, axis=1)
            return scaled * (scaled - 1.0) / np.maximum(squared, 1e-9)
        if solid.kind == "cylinder":
            q = np.stack([np.hypot(p[:, 0], p[:, 1]), np.abs(p[:, 2])], axis=1) - size + edge
        else:
            q = np.abs(p) - size + edge
        return np.linalg.norm(np.maximum(q, 0.0), axis=1) + np.minimum(q.max(axis=1), 0.0) - edge

    return distance


def smooth_minimum(a: Array, b: Array, width: float) -> Array:
    """Return the quadratic smooth minimum, equal to the minimum where the two differ by more than `width`."""
    overlap = np.maximum(width - np.abs(a - b), 0.0) / width
    return np.minimum(a, b) - overlap**2 * width / 4


def gradient(distance: Distance, points: Array) -> Array:
    """Return the unit gradient of a distance function by central differences, shape (N, 3)."""
    h = 1e-4
    slopes = np.stack([distance(points + h * e) - distance(points - h * e) for e in np.eye(3)], axis=1)
    return slopes / np.maximum(np.linalg.norm(slopes, axis=1, keepdims=True), 1e-12)


def surface_nets(distance: Distance, low: Array, high: Array, spacing: float) -> tuple[Array, Array]:
    """Return vertices, shape (N, 3), and triangles, shape (M, 3), of the zero level inside a box."""
    axes = [np.arange(a, b + spacing, spacing) for a, b in zip(low, high, strict=True)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    shape = grid.shape[:3]
    values = distance(grid.reshape(-1, 3)).reshape(shape)
    inside = values < 0
    cells = tuple(n - 1 for n in shape)
    total, count = np.zeros((*cells, 3)), np.zeros(cells)
    for axis in range(3):  # each edge with a change of sign pulls the vertex of its four cells
        first, second = _slice(axis, None, -1), _slice(axis, 1, None)
        crosses = inside[first] != inside[second]
        share = np.where(crosses, values[first] / np.where(crosses, values[first] - values[second], 1.0), 0.0)
        point = grid[first] + share[..., None] * (grid[second] - grid[first])
        others = [a for a in range(3) if a != axis]
        for i in (0, 1):
            for j in (0, 1):
                window: list[slice] = [slice(None)] * 3
                for other, offset in zip(others, (i, j), strict=True):
                    window[other] = slice(offset, offset + cells[other])
                total += np.where(crosses[tuple(window)][..., None], point[tuple(window)], 0.0)
                count += crosses[tuple(window)]
    active = count > 0
    number = np.full(cells, -1)
    number[active] = np.arange(active.sum())
    faces = []
    for axis in range(3):
        first, second = _slice(axis, None, -1), _slice(axis, 1, None)
        u, v = (axis + 1) % 3, (axis + 2) % 3
        for at in np.argwhere(inside[first] != inside[second]):
            corners = []
            for du, dv in ((0, 0), (-1, 0), (-1, -1), (0, -1)):
                cell = at.copy()
                cell[u] += du
                cell[v] += dv
                corners.append(number[tuple(cell)])
            if inside[tuple(at)]:
                a, b, c, d = corners
            else:
                d, c, b, a = corners
            faces += [(a, b, c), (a, c, d)]
    return total[active] / count[active][:, None], np.array(faces)


def _slice(axis: int, start: int | None, stop: int | None) -> tuple[slice, ...]:
    return tuple(slice(start, stop) if a == axis else slice(None) for a in range(3))


if __name__ == "__main__":
    main()
