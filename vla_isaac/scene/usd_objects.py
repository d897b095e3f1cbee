"""Table, floor and objects on a stage: visuals, collision shapes, masses, frictions, labels."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from vla_isaac.core import rotations
from vla_isaac.core.errors import SceneError
from vla_isaac.core.poses import Pose
from vla_isaac.scene.colours import RGB
from vla_isaac.scene.convex_pieces import FLOOR_RGB, FLOOR_Z, LEG_RGB, Piece, cylinder_moments, pieces_of, table_legs
from vla_isaac.scene.objects import BALL_DAMPING, BALL_ROLLING, ObjectSpec
from vla_isaac.scene.spec import Placement, SceneLayout, SceneSpec, TableSpec
from vla_isaac.scene.usd_prims import (
    add_collider,
    add_frame,
    add_friction,
    add_solid,
    add_surface,
    apply_raw,
    bind,
    hide,
    label,
    make_body,
    principal_inertia,
    set_custom,
)
from vla_isaac.scene.usd_pxr import Sdf, UsdPhysics

WITH_ROLLING = 6  # directions of contact in MuJoCo's solver: normal, two of sliding, spinning, two of rolling
FLOOR_HALF = (4.0, 4.0, 0.05)  # [m] half extents of the slab whose top is the floor


def prim_names(names: Sequence[str]) -> dict[str, str]:
    """Return the prim name of each name: letters, digits and underscores only.

    Raises:
        SceneError: If two names give the same prim name.
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
    friction = add_friction(stage, f"{root}/PhysicsMaterials/{name}", placement.friction)
    for i, piece in enumerate(pieces_of(o)):
        collider = _write_piece(stage, piece, f"{body.GetPath()}/piece_{i}", placement.rgb)
        bind(collider, friction=friction)  # on itself: OpenUSD's physics parser ignores what a collider inherits
    if not o.fixed:
        make_body(body)
        _weigh(body, o, placement.mass)
    bind(body, add_surface(stage, f"{root}/Looks/{name}", placement.rgb))
    if o.shape == "ball":
        _let_it_stop(body, friction)
    label(body, o.name)


def _weigh(body: Any, o: ObjectSpec, mass: float) -> None:
    """Set the mass; a cylinder has a cylinder's inertia, which engines would read off the prism that it is touched as."""
    if o.shape != "cylinder":
        UsdPhysics.MassAPI.Apply(body).CreateMassAttr(mass)
        return
    principal_inertia(body, mass, Pose.identity().pos, cylinder_moments(o, mass), rotations.QUAT_IDENTITY)


def _write_piece(stage: Any, piece: Piece, path: str, rgb: RGB) -> Any:
    """Write one solid and return what collides: the solid itself, or the hidden prism of a cylinder."""
    if piece.kind != "cylinder":
        return add_collider(stage, path, piece.kind, piece.size, piece.pose, rgb)
    add_solid(stage, path, piece.kind, piece.size, piece.pose, rgb)
    hull = add_collider(stage, f"{path}_hull", piece.kind, piece.size, piece.pose, rgb)
    hide(hull)
    return hull


def _let_it_stop(ball: Any, friction: Any) -> None:
    """Let a ball roll to rest: damped in PhysX, which has no rolling friction, and by friction in Newton."""
    number = Sdf.ValueTypeNames.Float
    if ball.HasAPI(UsdPhysics.RigidBodyAPI):
        apply_raw(ball, "PhysxRigidBodyAPI", {"physxRigidBody:angularDamping": (number, BALL_DAMPING)})
    apply_raw(friction.GetPrim(), "NewtonMaterialAPI", {"newton:rollingFriction": (number, BALL_ROLLING)})
    for piece in ball.GetChildren():
        set_custom(piece, "mjc:condim", Sdf.ValueTypeNames.Int, WITH_ROLLING)


def _write_table(stage: Any, table: TableSpec, root: str) -> None:
    x, y, z = table.size
    cx, cy = table.center_xy
    friction = add_friction(stage, f"{root}/PhysicsMaterials/table", table.friction)
    add_frame(stage, f"{root}/Table")
    top = _static_box(stage, f"{root}/Table/top", Piece("box", (x / 2, y / 2, z / 2), (cx, cy, -z / 2)), table.rgb)
    bind(top, add_surface(stage, f"{root}/Looks/table", table.rgb), friction)
    label(top, "table")
    legs = add_frame(stage, f"{root}/Table/legs")
    for i, leg in enumerate(table_legs(table)):
        add_solid(stage, f"{legs.GetPath()}/leg_{i}", leg.kind, leg.size, leg.pose, LEG_RGB)
    bind(legs, add_surface(stage, f"{root}/Looks/table_legs", LEG_RGB))
    slab = Piece("box", FLOOR_HALF, (0.0, 0.0, FLOOR_Z - FLOOR_HALF[2]))
    floor = _static_box(stage, f"{root}/Floor", slab, FLOOR_RGB)
    bind(floor, add_surface(stage, f"{root}/Looks/floor", FLOOR_RGB), friction)
    label(floor, "floor")


def _static_box(stage: Any, path: str, box: Piece, rgb: RGB) -> Any:
    return add_collider(stage, path, box.kind, box.size, box.pose, rgb)
