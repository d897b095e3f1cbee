"""Write the embedded Panda to a stage: a fixed-base articulation of primitives with driven joints."""

from __future__ import annotations

import math
from typing import Any

from vla_isaac.core.poses import Pose
from vla_isaac.robots import panda
from vla_isaac.scene.colours import RGB
from vla_isaac.scene.panda_description import (
    Joint,
    Link,
    PandaDescription,
    Solid,
    drive_gains,
    panda_description,
    speed_limit,
)
from vla_isaac.scene.spec import JointGains, SceneLayout
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
from vla_isaac.scene.usd_pxr import Gf, Sdf, UsdGeom, UsdPhysics

SOLVER_POSITION_ITERATIONS, SOLVER_VELOCITY_ITERATIONS = 32, 1  # as in Isaac Sim's Franka examples


def write_embedded_panda(stage: Any, layout: SceneLayout, gains: JointGains, path: str) -> None:
    """Write the robot at `path` in the layout's posture, with drives that hold it.

    Masses, limits, gains and shapes are those of ``data/robots/panda/panda.xml``. Links are siblings below
    `path`, joints are in ``path/joints``. An actuator that drives both fingers is split between them.
    """
    robot = panda_description()
    position = joint_positions(layout)
    root = add_frame(stage, path, Pose.identity())
    UsdPhysics.ArticulationRootAPI.Apply(root)
    integer, boolean = Sdf.ValueTypeNames.Int, Sdf.ValueTypeNames.Bool
    apply_raw(
        root,
        "PhysxArticulationAPI",
        {
            "physxArticulation:enabledSelfCollisions": (boolean, True),
            "physxArticulation:solverPositionIterationCount": (integer, SOLVER_POSITION_ITERATIONS),
            "physxArticulation:solverVelocityIterationCount": (integer, SOLVER_VELOCITY_ITERATIONS),
        },
    )
    label(root, "robot")
    materials = _Materials(stage, path)
    poses = robot.poses_base_link(position)
    for link in robot.links:
        _write_link(stage, link, poses[link.name], path, materials)
    UsdGeom.Scope.Define(stage, f"{path}/joints")
    for link in robot.links:
        _write_joint(stage, link, position, gains, path)
    _write_excluded_pairs(stage, robot, path)


def joint_positions(layout: SceneLayout) -> dict[str, float]:
    """Return every joint position of a layout: arm [rad], fingers [m]."""
    arm = dict(zip(panda.ARM_JOINTS, map(float, layout.qpos), strict=True))
    return {**arm, **dict.fromkeys(panda.FINGER_JOINTS, layout.gripper_width / 2)}


class _Materials:
    """Visual and friction materials of the robot, one prim per distinct value."""

    def __init__(self, stage: Any, path: str) -> None:
        self._stage, self._path = stage, path
        for folder in ("Looks", "PhysicsMaterials"):
            UsdGeom.Scope.Define(stage, f"{path}/{folder}")
        self._looks: dict[RGB, Any] = {}
        self._frictions: dict[float, Any] = {}

    def look(self, rgb: RGB) -> Any:
        if rgb not in self._looks:
            path = f"{self._path}/Looks/look_{len(self._looks)}"
            self._looks[rgb] = add_surface(self._stage, path, rgb, roughness=0.4)
        return self._looks[rgb]

    def friction(self, value: float) -> Any:
        if value not in self._frictions:
            path = f"{self._path}/PhysicsMaterials/friction_{len(self._frictions)}"
            self._frictions[value] = add_friction(self._stage, path, value)
        return self._frictions[value]


def _write_link(stage: Any, link: Link, pose: Pose, path: str, materials: _Materials) -> None:
    prim = add_frame(stage, f"{path}/{link.name}", pose)
    make_body(prim)
    # the real arm and our MuJoCo model compensate gravity: set for PhysX, and for Newton, which ignores PhysX attributes
    # of links, as MuJoCo's attribute
    apply_raw(prim, "PhysxRigidBodyAPI", {"physxRigidBody:disableGravity": (Sdf.ValueTypeNames.Bool, True)})
    set_custom(prim, "mjc:gravcomp", Sdf.ValueTypeNames.Float, 1.0)
    moments, axes = link.inertial.principal()
    principal_inertia(prim, link.inertial.mass, link.inertial.center, moments, axes)
    for kind, is_collision in (("visuals", False), ("collisions", True)):
        add_frame(stage, f"{path}/{link.name}/{kind}")
        solids = [s for s in link.solids if s.is_collision == is_collision]
        for i, solid in enumerate(solids):
            _write_solid(stage, solid, f"{path}/{link.name}/{kind}/{solid.kind}_{i}", materials)


def _write_solid(stage: Any, solid: Solid, path: str, materials: _Materials) -> None:
    add = add_collider if solid.is_collision else add_solid
    prim = add(stage, path, solid.kind, solid.size, solid.pose_link_solid, solid.rgb)
    if solid.is_collision:
        hide(prim)
        bind(prim, friction=materials.friction(solid.friction))
    else:
        bind(prim, materials.look(solid.rgb))


def _write_joint(stage: Any, link: Link, position: dict[str, float], gains: JointGains, path: str) -> None:
    """Write the joint between a link and its parent; a link without one is welded."""
    name = f"{path}/joints/{link.joint.name if link.joint else f'{link.name}_joint'}"
    if link.joint is None:
        joint = UsdPhysics.FixedJoint.Define(stage, name)
    else:
        kinds = {"revolute": UsdPhysics.RevoluteJoint, "prismatic": UsdPhysics.PrismaticJoint}
        joint = kinds[link.joint.kind].Define(stage, name)
        _set_motion(joint, link.joint, position[link.joint.name], gains)
    if link.parent is not None:
        joint.CreateBody0Rel().SetTargets([f"{path}/{link.parent}"])
    joint.CreateBody1Rel().SetTargets([f"{path}/{link.name}"])
    joint.CreateLocalPos0Attr(Gf.Vec3f(*map(float, link.pose_parent_link.pos)))
    joint.CreateLocalRot0Attr(Gf.Quatf(*map(float, link.pose_parent_link.quat_wxyz)))
    joint.CreateLocalPos1Attr(Gf.Vec3f(0.0))
    joint.CreateLocalRot1Attr(Gf.Quatf(1.0))


def _set_motion(prim: Any, joint: Joint, position: float, gains: JointGains) -> None:
    """Set limits, drive and start; USD counts revolute joints in degrees, and their gains per degree."""
    is_turning = joint.kind == "revolute"
    unit = 180.0 / math.pi if is_turning else 1.0  # of USD per unit of ours
    dof = "angular" if is_turning else "linear"
    stiffness, damping = drive_gains(joint, gains)
    prim.CreateAxisAttr(joint.axis)
    prim.CreateLowerLimitAttr(joint.lower * unit)
    prim.CreateUpperLimitAttr(joint.upper * unit)
    drive = UsdPhysics.DriveAPI.Apply(prim.GetPrim(), dof)
    drive.CreateTypeAttr("force")
    drive.CreateStiffnessAttr(stiffness / unit)
    drive.CreateDampingAttr((damping + joint.passive_damping) / unit)
    drive.CreateMaxForceAttr(joint.max_force)
    drive.CreateTargetPositionAttr(position * unit)
    drive.CreateTargetVelocityAttr(0.0)
    number = Sdf.ValueTypeNames.Float
    state = f"state:{dof}:physics"
    apply_raw(
        prim.GetPrim(),
        f"PhysicsJointStateAPI:{dof}",
        {f"{state}:position": (number, position * unit), f"{state}:velocity": (number, 0.0)},
    )
    for schema, space in (("PhysxJointAPI", "physxJoint"), (f"PhysxJointAxisAPI:{dof}", f"physxJointAxis:{dof}")):
        apply_raw(
            prim.GetPrim(),
            schema,  # the first up to Isaac Sim 5.1; later readers of USD take these two from the axis alone
            {
                f"{space}:armature": (number, joint.armature),
                f"{space}:maxJointVelocity": (number, speed_limit(joint) * unit),
            },
        )


def _write_excluded_pairs(stage: Any, robot: PandaDescription, path: str) -> None:
    """Disable contact between second neighbours; the joint disables it between direct neighbours."""
    for first in dict.fromkeys(first for first, _ in robot.excluded_pairs):
        api = UsdPhysics.FilteredPairsAPI.Apply(stage.GetPrimAtPath(f"{path}/{first}"))
        others = [f"{path}/{second}" for one, second in robot.excluded_pairs if one == first]
        api.CreateFilteredPairsRel().SetTargets(others)
