"""Sampling of layouts from a seed: vary the scene, then place the objects without overlap and within reach."""

from __future__ import annotations

import colorsys
from dataclasses import replace

import numpy as np

from vla_isaac.core import rotations
from vla_isaac.core.arrays import Array
from vla_isaac.core.errors import SceneError
from vla_isaac.core.seeding import stream
from vla_isaac.robots import panda
from vla_isaac.scene.cameras import CameraConfig
from vla_isaac.scene.colours import COLOURS, RGB
from vla_isaac.scene.objects import ObjectSpec, make_object
from vla_isaac.scene.randomisation import Randomisation
from vla_isaac.scene.spec import LightSpec, Placement, SceneLayout, SceneSpec, TableSpec

OBJECT_COLOURS = ("red", "green", "blue", "yellow", "orange", "purple", "pink", "cyan")
"""Colours sampled for recolouring and distractors: distinct from each other, the table and the robot."""

_TRIES_PER_OBJECT = 200
_TRIES_PER_LAYOUT = 50


def vary_scene(spec: SceneSpec, randomisation: Randomisation, seed: int) -> SceneSpec:
    """Return the scene with other colours, sizes and added objects, as the ranges allow; itself if none varies."""
    objects = spec.objects
    if randomisation.recolour:
        objects = _recoloured(objects, stream(seed, "recolour"))
    if randomisation.size_scale != (1.0, 1.0):
        rng = stream(seed, "size")
        objects = tuple(_resized(o, rng.uniform(*randomisation.size_scale)) for o in objects)
    if randomisation.distractors[1] > 0:
        objects = (*objects, *_distractors(objects, randomisation, stream(seed, "distractors")))
    return spec if objects == spec.objects else replace(spec, objects=objects)


def sample_layout(spec: SceneSpec, randomisation: Randomisation, seed: int) -> SceneLayout:
    """Return the poses and looks of everything in the episode `seed`.

    Raises:
        SceneError: If the objects do not fit into the area; the message says what to change.
    """
    rng = stream(seed, "matter")
    looks = stream(seed, "looks")
    poses = _place_objects(spec, randomisation, stream(seed, "positions"))
    objects = tuple(
        Placement(
            pos=(float(x), float(y), o.size[2] / 2),
            quat_wxyz=_yaw_quat(yaw),
            rgb=_shaded(COLOURS[o.colour], randomisation.shade, looks),
            mass=o.mass * float(rng.uniform(*randomisation.mass_scale)),
            friction=o.friction * float(rng.uniform(*randomisation.friction_scale)),
        )
        for o, (x, y, yaw) in zip(spec.objects, poses, strict=True)
    )
    lights, ambient = _lights(spec, randomisation, stream(seed, "light"))
    return SceneLayout(
        objects=objects,
        qpos=_start_posture(randomisation.start_jitter, stream(seed, "posture")),
        table=_table(spec.table, randomisation, stream(seed, "table")),
        lights=lights,
        ambient=ambient,
        cameras=tuple(_jittered(c, randomisation, stream(seed, f"camera {c.name}")) for c in spec.cameras),
    )


def _place_objects(spec: SceneSpec, randomisation: Randomisation, rng: np.random.Generator) -> Array:
    """Draw (x, y, yaw) per object, shape (N, 3): largest first, starting again when one does not fit."""
    order = sorted(range(len(spec.objects)), key=lambda i: -spec.objects[i].footprint_radius)
    for _ in range(_TRIES_PER_LAYOUT):
        poses = _try_to_place(spec.objects, order, randomisation, rng)
        if poses is not None:
            return poses
    raise SceneError(
        f"scene {spec.name!r}: {len(spec.objects)} objects do not fit into x {randomisation.area_x} m, "
        f"y {randomisation.area_y} m with {randomisation.clearance} m between them",
        remedy="take objects away, enlarge area_x and area_y, or lower clearance",
    )


def _try_to_place(
    objects: tuple[ObjectSpec, ...], order: list[int], randomisation: Randomisation, rng: np.random.Generator
) -> Array | None:
    poses = np.zeros((len(objects), 3))
    placed: list[int] = []
    radii = np.array([o.footprint_radius for o in objects])
    low = np.array([randomisation.area_x[0], randomisation.area_y[0]])
    high = np.array([randomisation.area_x[1], randomisation.area_y[1]])
    for i in order:
        candidates = rng.uniform(low, high, size=(_TRIES_PER_OBJECT, 2))
        free = _is_reachable(candidates)
        for j in placed:
            apart = np.hypot(*(candidates - poses[j, :2]).T)
            free &= apart >= radii[i] + radii[j] + randomisation.clearance
        if not free.any():
            return None
        yaw = rng.uniform(*(randomisation.fixed_yaw if objects[i].fixed else randomisation.yaw))
        poses[i] = *candidates[np.argmax(free)], yaw
        placed.append(i)
    return poses


def _is_reachable(xy: Array) -> np.ndarray:
    distance = np.hypot(xy[:, 0], xy[:, 1])
    near, far = panda.TOP_DOWN_REACH
    reachable: np.ndarray = (distance >= near) & (distance <= far)
    return reachable


def _recoloured(objects: tuple[ObjectSpec, ...], rng: np.random.Generator) -> tuple[ObjectSpec, ...]:
    """Give every object another colour; two of one shape never share one, and custom names are kept."""
    decks = {shape: list(rng.permutation(OBJECT_COLOURS)) for shape in sorted({o.shape for o in objects})}
    renewed = []
    for o in objects:
        colour = str(decks[o.shape].pop())
        name = f"{colour}_{o.shape}" if o.name == f"{o.colour}_{o.shape}" else o.name
        renewed.append(replace(o, colour=colour, name=name))
    return tuple(renewed)


def _resized(o: ObjectSpec, factor: float) -> ObjectSpec:
    if o.fixed or o.shape == "bowl":
        return o
    x, y, z = (round(float(s * factor), 5) for s in o.size)
    return replace(o, size=(x, y, z))


def _distractors(
    objects: tuple[ObjectSpec, ...], randomisation: Randomisation, rng: np.random.Generator
) -> tuple[ObjectSpec, ...]:
    """Sample added objects with unused names."""
    low, high = randomisation.distractors
    taken = {o.name for o in objects}
    free = [(s, c) for s in randomisation.distractor_shapes for c in OBJECT_COLOURS if f"{c}_{s}" not in taken]
    chosen = rng.permutation(len(free))[: int(rng.integers(low, high + 1))]
    return tuple(make_object(*free[i]) for i in chosen)


def _start_posture(jitter: float, rng: np.random.Generator) -> tuple[float, ...]:
    qpos = panda.QPOS_HOME + rng.uniform(-jitter, jitter, size=7)
    return tuple(map(float, np.clip(qpos, panda.QPOS_LOWER, panda.QPOS_UPPER)))


def _table(table: TableSpec, randomisation: Randomisation, rng: np.random.Generator) -> TableSpec:
    rgb = _shaded(
        table.rgb if randomisation.table_hue is None else _of_a_hue(randomisation, rng), randomisation.table_shade, rng
    )
    texture = str(rng.choice(randomisation.table_textures)) if randomisation.table_textures else table.texture
    return table if (rgb, texture) == (table.rgb, table.texture) else replace(table, rgb=rgb, texture=texture)


def _of_a_hue(randomisation: Randomisation, rng: np.random.Generator) -> RGB:
    assert randomisation.table_hue is not None
    ranges = (randomisation.table_hue, randomisation.table_saturation, randomisation.table_value)
    hue, saturation, value = (float(rng.uniform(*each)) for each in ranges)
    return colorsys.hsv_to_rgb(hue % 1.0, saturation, value)


def _lights(spec: SceneSpec, randomisation: Randomisation, rng: np.random.Generator) -> tuple[tuple[LightSpec, ...], float]:
    factor = float(rng.uniform(*randomisation.light_scale))
    if factor == 1.0 and randomisation.light_jitter == 0.0:
        return spec.lights, spec.ambient
    lights = tuple(
        replace(light, pos=_shifted(light.pos, randomisation.light_jitter, rng), intensity=light.intensity * factor)
        for light in spec.lights
    )
    return lights, spec.ambient * factor


def _jittered(camera: CameraConfig, randomisation: Randomisation, rng: np.random.Generator) -> CameraConfig:
    """Shift and turn a world camera; the camera on the hand is part of the robot and is not changed."""
    if camera.mount != "world" or (randomisation.camera_jitter == 0.0 and randomisation.camera_angle_jitter == 0.0):
        return camera
    eye = np.array(_shifted(camera.eye, randomisation.camera_jitter, rng))
    limit = randomisation.camera_angle_jitter
    turn = rotations.axis_angle_to_matrix(rng.uniform(-limit, limit, size=3) / np.sqrt(3))
    forward = turn @ (np.array(camera.target) - np.array(camera.eye))
    up = turn @ np.array(camera.up)
    return replace(camera, eye=_triple(eye), target=_triple(eye + forward), up=_triple(up))


def _shaded(rgb: RGB, limit: float, rng: np.random.Generator) -> RGB:
    if limit == 0.0:
        return rgb
    return _triple(np.clip(np.array(rgb) + rng.uniform(-limit, limit, size=3), 0.02, 1.0))


def _shifted(point: tuple[float, float, float], limit: float, rng: np.random.Generator) -> tuple[float, float, float]:
    return _triple(np.array(point) + rng.uniform(-limit, limit, size=3))


def _yaw_quat(yaw: float) -> tuple[float, float, float, float]:
    return float(np.cos(yaw / 2)), 0.0, 0.0, float(np.sin(yaw / 2))


def _triple(values: Array) -> tuple[float, float, float]:
    x, y, z = (float(v) for v in values)
    return x, y, z
