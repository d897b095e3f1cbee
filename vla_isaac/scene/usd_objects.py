"""Table, floor and objects on a stage: solids to see and to touch, masses, frictions, labels."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from vla_isaac.core.errors import SceneError
from vla_isaac.core.poses import Pose
from vla_isaac.scene.objects import ObjectSpec
from vla_isaac.scene.pieces import FLOOR_Z, pieces_of
from vla_isaac.scene.spec import Placement, SceneLayout, SceneSpec, TableSpec
from vla_isaac.scene.usd_prims import add_frame, add_friction, add_solid, add_surface, bind, label, make_body
from vla_isaac.scene.usd_pxr import UsdPhysics

FLOOR_HALF = (4.0, 4.0, 0.05)  # [m] half extents of the slab whose top is the floor
FLOOR_RGB = (0.78, 0.79, 0.80)
LEG_RGB = (0.25, 0.25, 0.27)
LEG_RADIUS, LEG_INSET = 0.025, 0.05  # [m]


def prim_names(names: Sequence[str]) -> dict[str, str]:
    """Return the prim name of each name: letters, digits and underscores only.

    Raises:
        SceneError: If two names would become one.
    """
    found: dict[str, str] = {}
    for name in names:
        valid = re.sub(r"[^A-Za-z0-9_]", "_", name)
        valid = valid if re.match(r"[A-Za-z_]", valid) else f"_{valid}"
        if valid in found.values():
            raise SceneError(f"{name!r} and another name would both become the prim {valid!r}", remedy="rename one of them")
        found[name] = valid
    return found


def write_objects(stage: Any, spec: SceneSpec, layout: SceneLayout, root: str) -> None:
    """Write table, floor and every object below `root`."""
    _write_table(stage, layout.table, root)
    add_frame(stage, f"{root}/Objects")
    names = prim_names(spec.object_names)
    for o, placement in zip(spec.objects, layout.objects, strict=True):
        _write_object(stage, o, placement, names[o.name], root)


def _write_object(stage: Any, o: ObjectSpec, placement: Placement, name: str, root: str) -> None:
    body = add_frame(stage, f"{root}/Objects/{name}", placement.pose_world)
    for i, piece in enumerate(pieces_of(o)):
        pose = Pose(np.array(piece.pos), np.array(piece.quat_wxyz))
        solid = add_solid(stage, f"{body.GetPath()}/piece_{i}", piece.kind, piece.size, pose, placement.rgb)
        UsdPhysics.CollisionAPI.Apply(solid)
    if not o.fixed:
        make_body(body)
        UsdPhysics.MassAPI.Apply(body).CreateMassAttr(placement.mass)
    surface = add_surface(stage, f"{root}/Looks/{name}", placement.rgb)
    bind(body, surface, add_friction(stage, f"{root}/PhysicsMaterials/{name}", placement.friction))
    label(body, o.name)


def _write_table(stage: Any, table: TableSpec, root: str) -> None:
    x, y, z = table.size
    cx, cy = table.center_xy
    friction = add_friction(stage, f"{root}/PhysicsMaterials/table", table.friction)
    add_frame(stage, f"{root}/Table")
    top = _static_box(stage, f"{root}/Table/top", (x / 2, y / 2, z / 2), (cx, cy, -z / 2), table.rgb)
    bind(top, add_surface(stage, f"{root}/Looks/table", table.rgb), friction)
    label(top, "table")
    legs = add_frame(stage, f"{root}/Table/legs")
    for i, (sx, sy) in enumerate(((-1, -1), (-1, 1), (1, -1), (1, 1))):
        pos = (cx + sx * (x / 2 - LEG_INSET), cy + sy * (y / 2 - LEG_INSET), (FLOOR_Z - z) / 2)
        add_solid(stage, f"{legs.GetPath()}/leg_{i}", "cylinder", (LEG_RADIUS, (-FLOOR_Z - z) / 2), _at(pos), LEG_RGB)
    bind(legs, add_surface(stage, f"{root}/Looks/table_legs", LEG_RGB))
    floor = _static_box(stage, f"{root}/Floor", FLOOR_HALF, (0.0, 0.0, FLOOR_Z - FLOOR_HALF[2]), FLOOR_RGB)
    bind(floor, add_surface(stage, f"{root}/Looks/floor", FLOOR_RGB), friction)
    label(floor, "floor")


def _static_box(
    stage: Any, path: str, half: tuple[float, float, float], pos: tuple[float, float, float], rgb: tuple[float, float, float]
) -> Any:
    prim = add_solid(stage, path, "box", half, _at(pos), rgb)
    UsdPhysics.CollisionAPI.Apply(prim)
    return prim


def _at(pos: tuple[float, float, float]) -> Pose:
    return Pose(np.array(pos), np.array([1.0, 0.0, 0.0, 0.0]))
