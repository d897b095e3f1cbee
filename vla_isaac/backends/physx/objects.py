"""Table, floor and objects as PhysX bodies."""

from __future__ import annotations

import numpy as np

from vla_isaac.backends.physx.engine import sapien_module
from vla_isaac.backends.physx.matter import mass_properties
from vla_isaac.backends.physx.shapes import groups, make_material, make_shape, sapien_pose
from vla_isaac.core.poses import Pose
from vla_isaac.scene.convex_pieces import FLOOR_Z, Piece, pieces_of
from vla_isaac.scene.objects import BALL_DAMPING, ObjectSpec
from vla_isaac.scene.spec import TableSpec

FLOOR_HALF = (4.0, 4.0, 0.05)  # [m] half extents of the slab whose top is the floor
BALL, REST = "ball", 0.0
SOLVER_POSITION_ITERATIONS, SOLVER_VELOCITY_ITERATIONS = 16, 1


class ObjectBody:
    """One object: a static body if it is fixed, else a dynamic one."""

    def __init__(self, o: ObjectSpec) -> None:
        self.spec = o
        self.material = make_material(o.friction)
        physx = sapien_module().physx
        self._pieces = pieces_of(o)
        self.body = physx.PhysxRigidStaticComponent() if o.fixed else physx.PhysxRigidDynamicComponent()
        for piece in self._pieces:
            shape = make_shape(piece.kind, piece.size, piece.pose, self.material)
            shape.set_collision_groups(groups(moves=not o.fixed))
            self.body.attach(shape)
        if not o.fixed:
            self.body.solver_position_iterations = SOLVER_POSITION_ITERATIONS
            self.body.solver_velocity_iterations = SOLVER_VELOCITY_ITERATIONS
            self.body.linear_damping = 0.0
            self.body.angular_damping = BALL_DAMPING if o.shape == BALL else REST
            self.set_mass(o.mass)
        self.entity = sapien_module().Entity()
        self.entity.add_component(self.body)

    def set_mass(self, mass: float) -> None:
        """Set mass and inertia of a movable object."""
        centre, moments, axes = mass_properties(self._pieces, mass)
        self.body.mass = mass
        self.body.cmass_local_pose = sapien_pose(Pose(centre, axes))
        self.body.inertia = moments.tolist()

    def place(self, pose: Pose) -> None:
        """Put it somewhere, at rest."""
        self.entity.pose = sapien_pose(pose)
        self.stop()

    def stop(self) -> None:
        """Set its velocity to zero; nothing for a fixed one."""
        if not self.spec.fixed:
            self.body.linear_velocity = np.zeros(3, dtype=np.float32)
            self.body.angular_velocity = np.zeros(3, dtype=np.float32)


class StaticBox:
    """A box that never moves: the table top or the floor."""

    def __init__(self, box: Piece, friction: float) -> None:
        sapien = sapien_module()
        self.material = make_material(friction)
        body = sapien.physx.PhysxRigidStaticComponent()
        shape = make_shape(box.kind, box.size, Pose.identity(), self.material)
        shape.set_collision_groups(groups(moves=False))
        body.attach(shape)
        self.entity = sapien.Entity()
        self.entity.add_component(body)
        self.entity.pose = sapien_pose(box.pose)


def table_top(table: TableSpec) -> StaticBox:
    """Return the table top; its legs are out of reach and only drawn."""
    x, y, z = table.size
    return StaticBox(Piece("box", (x / 2, y / 2, z / 2), (*table.center_xy, -z / 2)), table.friction)


def floor() -> StaticBox:
    """Return the floor."""
    return StaticBox(Piece("box", FLOOR_HALF, (0.0, 0.0, FLOOR_Z - FLOOR_HALF[2])), 1.0)
