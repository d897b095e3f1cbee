"""Collision shapes, materials and poses in SAPIEN's conventions: the axis of a capsule or a joint is x."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from vla_isaac.backends.physx.engine import sapien_module
from vla_isaac.core.arrays import Array
from vla_isaac.core.errors import SceneError
from vla_isaac.core.poses import Pose

SIDES = 32  # of the prism that replaces a cylinder: PhysX's own cylinder may creep or topple while it settles
HALF = math.sqrt(0.5)
TURN_X_TO = {
    "X": np.array([1.0, 0.0, 0.0, 0.0]),
    "Y": np.array([HALF, 0.0, 0.0, HALF]),
    "Z": np.array([HALF, 0.0, -HALF, 0.0]),
}
"""Quaternion that turns x into an axis."""

STATIC_BIT, MOVING_BIT = 1, 2


def groups(*, moves: bool, ignore: int = 0) -> list[int]:
    """Return a shape's collision groups: what is fixed touches only what moves.

    Args:
        moves: Whether the body can move.
        ignore: One bit for each pair of links without contact; shapes with a common bit do not touch.
    """
    return [MOVING_BIT, MOVING_BIT | STATIC_BIT, ignore, 1] if moves else [STATIC_BIT, MOVING_BIT, ignore, 1]


def sapien_pose(pose: Pose) -> Any:
    """Return a pose of ours as one of SAPIEN's; quaternions are (w, x, y, z) in both."""
    return sapien_module().Pose(np.asarray(pose.pos, dtype=np.float32), np.asarray(pose.quat_wxyz, dtype=np.float32))


def along(axis: str) -> Pose:
    """Return a frame whose x lies along an axis of its parent."""
    return Pose(np.zeros(3), TURN_X_TO[axis])


def make_material(friction: float) -> Any:
    """Return a material without restitution; its friction can be changed later."""
    return sapien_module().physx.PhysxMaterial(friction, friction, 0.0)


def set_friction(material: Any, friction: float) -> None:
    """Change a material, and with it every shape that has it."""
    material.static_friction = friction
    material.dynamic_friction = friction


def make_shape(kind: str, size: Sequence[float], pose: Pose, material: Any) -> Any:
    """Return a collision shape.

    Args:
        kind: `box`, `sphere`, `cylinder` or `capsule`; the last two along their z axis.
        size: Box: half extents [m]. Sphere: radius [m]. Cylinder, capsule: radius, half length [m].
        pose: In the body.
        material: A material of `make_material`.
    """
    physx = sapien_module().physx
    if kind == "box":
        shape = physx.PhysxCollisionShapeBox(list(size), material)
    elif kind == "sphere":
        shape = physx.PhysxCollisionShapeSphere(size[0], material)
    elif kind == "cylinder":
        shape = physx.PhysxCollisionShapeConvexMesh(prism(*size), [1.0, 1.0, 1.0], material)
    elif kind == "capsule":
        shape, pose = physx.PhysxCollisionShapeCapsule(size[0], size[1], material), pose @ along("Z")
    else:
        raise SceneError(f"PhysX has no collision shape for {kind!r}", remedy="use boxes, spheres, cylinders or capsules")
    shape.local_pose = sapien_pose(pose)
    return shape


def prism(radius: float, half_length: float) -> Array:
    """Return the corners of a prism around the z axis inside a cylinder, shape (2 * SIDES, 3), float32."""
    angle = 2 * np.pi * np.arange(SIDES) / SIDES
    ring = radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    ends = [np.column_stack([ring, np.full(SIDES, z)]) for z in (-half_length, half_length)]
    return np.concatenate(ends).astype(np.float32)
