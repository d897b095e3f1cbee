"""The embedded Panda as a PhysX articulation with a fixed base."""

from __future__ import annotations

from typing import Any

import numpy as np

from vla_isaac.backends.physx.engine import sapien_module
from vla_isaac.backends.physx.shapes import along, groups, make_material, make_shape, sapien_pose
from vla_isaac.core.arrays import AnyArray, Array
from vla_isaac.core.poses import Pose
from vla_isaac.robots import panda
from vla_isaac.scene.panda_description import Link, PandaDescription, drive_gains, panda_description, speed_limit
from vla_isaac.scene.spec import JointGains

SOLVER_POSITION_ITERATIONS, SOLVER_VELOCITY_ITERATIONS = 32, 1  # as in the USD and in Isaac Sim's Franka examples
PAD_FRICTION = 2.0  # what panda.xml gives the pads; they alone have more than 1


class PandaArticulation:
    """Nine driven joints; arrays are in the order of `panda.JOINTS`, whatever PhysX's order is."""

    def __init__(self, gains: JointGains) -> None:
        """Make links and joints; `entities` is to be added to a scene."""
        description = panda_description()
        self.pads = make_material(PAD_FRICTION)
        self._materials: dict[float, Any] = {PAD_FRICTION: self.pads}
        self._links: dict[str, Any] = {}
        ignored = _ignored_bits(description)
        self.entities = [self._add_link(link, ignored[link.name], gains) for link in description.links]
        self._articulation = self._links[description.links[0].name].articulation
        self._articulation.solver_position_iterations = SOLVER_POSITION_ITERATIONS
        self._articulation.solver_velocity_iterations = SOLVER_VELOCITY_ITERATIONS
        self._articulation.sleep_threshold = 0.0
        names = [joint.name for joint in self._articulation.active_joints]
        self._order = np.array([names.index(name) for name in panda.JOINTS])
        self._joints = [self._articulation.active_joints[i] for i in self._order]

    def set_posture(self, position: Array) -> None:
        """Put every joint at a position, at rest, and let its drive hold it there; shape (9,) [rad], [m]."""
        values = np.empty(len(position), dtype=np.float32)
        values[self._order] = position
        self._articulation.set_qpos(values)
        self.stop()
        self._articulation.set_qacc(np.zeros_like(values))
        self.set_target(position)

    def stop(self) -> None:
        """Set every joint's speed to zero."""
        self._articulation.set_qvel(np.zeros(len(self._joints), dtype=np.float32))

    def set_target(self, position: Array) -> None:
        """Set the position that each drive goes to, shape (9,) [rad], [m]."""
        for joint, value in zip(self._joints, position.tolist(), strict=True):
            joint.set_drive_target(value)

    def qpos(self) -> Array:
        """Return the joint positions, shape (9,) [rad], [m]."""
        return self._ours(self._articulation.qpos)

    def qvel(self) -> Array:
        """Return the joint speeds, shape (9,) [rad/s], [m/s]."""
        return self._ours(self._articulation.qvel)

    def joint_names(self) -> tuple[str, ...]:
        """Return the names of all joints that can move, in PhysX's order."""
        return tuple(joint.name for joint in self._articulation.active_joints)

    def gains(self) -> tuple[Array, Array]:
        """Return stiffness and damping of the arm's drives, shape (7,) each [Nm/rad, Nm s/rad]."""
        arm = self._joints[: panda.NUM_ARM_JOINTS]
        return np.array([joint.stiffness for joint in arm]), np.array([joint.damping for joint in arm])

    def link_pose(self, name: str) -> Any:
        """Return PhysX's own pose of a link in the world."""
        return self._links[name].entity.pose

    def _ours(self, values: AnyArray) -> Array:
        return np.asarray(values, dtype=np.float64)[self._order]

    def _add_link(self, link: Link, ignored: int, gains: JointGains) -> Any:
        sapien = sapien_module()
        parent = self._links[link.parent] if link.parent else None
        body = sapien.physx.PhysxArticulationLinkComponent(parent)
        body.name = link.name
        for solid in link.solids:
            if solid.is_collision:
                shape = make_shape(solid.kind, solid.size, solid.pose_link_solid, self._material(solid.friction))
                shape.set_collision_groups(groups(moves=parent is not None, ignore=ignored))
                body.attach(shape)
        moments, axes = link.inertial.principal()
        body.mass = link.inertial.mass
        body.cmass_local_pose = sapien_pose(Pose(link.inertial.center, axes))
        body.inertia = moments.tolist()
        body.disable_gravity = True  # the real arm compensates its weight
        body.linear_damping = body.angular_damping = 0.0
        _set_joint(body.joint, link, gains)
        entity = sapien.Entity()
        entity.add_component(body)
        self._links[link.name] = body
        return entity

    def _material(self, friction: float) -> Any:
        if friction not in self._materials:
            self._materials[friction] = make_material(friction)
        return self._materials[friction]


def _set_joint(made: Any, link: Link, gains: JointGains) -> None:
    """Set the joint to the parent; a link without one is welded to the parent, or to the world."""
    joint = link.joint
    if joint is None:
        made.type = "fixed"
        made.pose_in_parent, made.pose_in_child = sapien_pose(link.pose_parent_link), sapien_pose(Pose.identity())
        return
    made.name, made.type = joint.name, joint.kind
    frame = along(joint.axis)
    made.pose_in_parent, made.pose_in_child = sapien_pose(link.pose_parent_link @ frame), sapien_pose(frame)
    made.set_limits(np.array([[joint.lower, joint.upper]], dtype=np.float32))
    stiffness, damping = drive_gains(joint, gains)
    made.set_drive_properties(stiffness, damping + joint.passive_damping, joint.max_force, "force")
    made.set_armature(np.array([joint.armature], dtype=np.float32))
    made.max_velocity = speed_limit(joint)
    made.friction = 0.0


def _ignored_bits(description: PandaDescription) -> dict[str, int]:
    """Return for each link the bits of the pairs without contact that it belongs to."""
    bits = dict.fromkeys((link.name for link in description.links), 0)
    for number, pair in enumerate(description.excluded_pairs):
        for name in pair:
            bits[name] |= 1 << number
    return bits
