"""A USD stage read as PhysX reads it, into a MuJoCo model: bodies, solids, masses, frictions, one Franka, lamps, labels."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import mujoco
import numpy as np
from pxr import Gf, Usd, UsdGeom, UsdLux, UsdPhysics, UsdShade

from vla_isaac.rendering.robot import load_robot
from vla_isaac.robots import panda
from vla_isaac.scene.usd_cameras import DISTANT_INTENSITY, DOME_INTENSITY

DOFS = (*panda.ARM_JOINTS, *panda.FINGER_JOINTS)
TORSION, ROLLING = 0.005, 0.0001  # as our MuJoCo model has them; PhysX has none of its own
DEFAULT_ANGULAR_DAMPING = 0.05  # [1/s] of every rigid body; source: newton 1.8.0, _src/usd/schemas.py, physxRigidBody
DEFAULT_FRICTION, DEFAULT_DENSITY, DEFAULT_GRAVITY = 0.5, 1000.0, 9.81
GREY = (0.5, 0.5, 0.5)
SOLIDS = (UsdGeom.Cube, UsdGeom.Sphere, UsdGeom.Cylinder, UsdGeom.Capsule)
HIDDEN_GROUP, SHOWN_GROUP = 3, 1


@dataclass(frozen=True)
class Drive:
    """A joint's motor, in radians or metres."""

    stiffness: float
    damping: float
    max_force: float
    position: float
    target: float


@dataclass
class Robot:
    """Where the nine degrees of freedom stand in the compiled model."""

    path: str
    link_paths: dict[str, str]
    drives: list[Drive]
    has_mimic: bool
    """Whether the second finger follows the first: then it has no drive of its own."""

    qpos: Any = None
    dof: Any = None
    ctrl: Any = None
    limits: Any = None


@dataclass
class Loaded:
    """A compiled stage."""

    model: Any
    robot: Robot | None
    bodies: dict[str, int]
    """Body of the model by prim path: rigid bodies and links."""

    free: dict[str, tuple[int, int]]
    """First rows in qpos and qvel of each rigid body that can move."""

    labels: list[str]
    """Label of every geom; empty where there is none."""

    skipped: list[str] = field(default_factory=list)


class _Reader:
    def __init__(self, stage: Usd.Stage, labels_of: Any) -> None:
        self.stage, self.labels_of = stage, labels_of
        self.cache = UsdGeom.XformCache()
        self.geom_labels: dict[str, str] = {}
        self.skipped: list[str] = []
        root = next((p for p in stage.Traverse() if p.HasAPI(UsdPhysics.ArticulationRootAPI)), None)
        self.root = root
        self.spec = load_robot(None)[0] if root else mujoco.MjSpec()

    def matrix(self, prim: Usd.Prim) -> Any:
        return np.array(self.cache.GetLocalToWorldTransform(prim)).T

    def read(self) -> None:
        _set_options(self.spec)
        self._read_scene()
        inside_robot = self.root.GetPath() if self.root else None
        for prim in self.stage.Traverse():
            if inside_robot and prim.GetPath().HasPrefix(inside_robot):
                continue
            if prim.HasAPI(UsdPhysics.RigidBodyAPI) and UsdPhysics.RigidBodyAPI(prim).GetRigidBodyEnabledAttr().Get():
                self._read_body(prim)
            elif _is_solid(prim) and not _rigid_parent(prim):
                self._add_solid(self.spec.worldbody, prim, self.matrix(prim), None)
            elif prim.HasAPI(UsdPhysics.CollisionAPI) and not _is_solid(prim):
                self.skipped.append(str(prim.GetPath()))
            elif prim.IsA(UsdLux.DistantLight):
                self._read_lamp(prim)
            elif prim.IsA(UsdLux.DomeLight):
                share = UsdLux.DomeLight(prim).GetIntensityAttr().Get() / DOME_INTENSITY
                self.spec.visual.headlight.ambient = [old + share for old in self.spec.visual.headlight.ambient]

    def _read_scene(self) -> None:
        scene = next((UsdPhysics.Scene(p) for p in self.stage.Traverse() if p.IsA(UsdPhysics.Scene)), None)
        size, direction = DEFAULT_GRAVITY, np.array([0.0, 0.0, -1.0])
        if scene:
            given, way = scene.GetGravityMagnitudeAttr().Get(), np.array(scene.GetGravityDirectionAttr().Get())
            size = given if given is not None and 0.0 <= given < 1e6 else size
            direction = way if np.linalg.norm(way) > 0 else direction
        self.spec.option.gravity = direction * size

    def _read_body(self, prim: Usd.Prim) -> None:
        world = self.matrix(prim)
        path = str(prim.GetPath())
        pos, quat = _place(world)
        body = self.spec.worldbody.add_body(name=path, pos=pos, quat=quat)
        body.add_freejoint(name=path)
        solids = [p for p in Usd.PrimRange(prim) if _is_solid(p)]
        hit = [p for p in solids if p.HasAPI(UsdPhysics.CollisionAPI)]
        mass = UsdPhysics.MassAPI(prim).GetMassAttr().Get() if prim.HasAPI(UsdPhysics.MassAPI) else None
        inverse = np.linalg.inv(_rigid(world))
        for solid in solids:
            share = 0.0 if solid not in hit else (mass / len(hit) if mass else None)
            self._add_solid(body, solid, inverse @ self.matrix(solid), share, has_mass=True)

    def _add_solid(self, body: Any, prim: Usd.Prim, matrix: Any, mass: float | None, has_mass: bool = False) -> None:
        scale = np.linalg.norm(matrix[:3, :3], axis=0)
        kind, size, turn = _shape(prim, scale)
        pos, quat = _place(matrix @ turn)
        collides = prim.HasAPI(UsdPhysics.CollisionAPI)
        name = f"solid {len(self.geom_labels)}"
        more: dict[str, Any] = {"meshname": self._hull(prim, scale)} if kind == mujoco.mjtGeom.mjGEOM_MESH else {}
        if has_mass:
            more |= {"density": DEFAULT_DENSITY} if mass is None else {"mass": mass}
        body.add_geom(
            name=name,
            type=kind,
            size=[*size, 0.0, 0.0][:3],
            pos=pos,
            quat=quat,
            contype=int(collides),
            conaffinity=int(collides),
            friction=[_friction(prim), TORSION, ROLLING],
            rgba=[*_colour(prim), 1.0],
            group=SHOWN_GROUP if _is_shown(prim) else HIDDEN_GROUP,
            **more,
        )
        self.geom_labels[name] = self.labels_of(prim)

    def _hull(self, prim: Usd.Prim, scale: Any) -> str:
        """Add the points of a mesh, of which MuJoCo takes the convex hull as PhysX does, and return their name."""
        name = f"hull {len(self.geom_labels)}"
        points = np.array(UsdGeom.Mesh(prim).GetPointsAttr().Get(), dtype=float)
        self.spec.add_mesh(name=name, uservert=(points * scale).flatten())
        return name

    def _read_lamp(self, prim: Usd.Prim) -> None:
        share = UsdLux.DistantLight(prim).GetIntensityAttr().Get() / DISTANT_INTENSITY
        matrix = self.matrix(prim)
        self.spec.worldbody.add_light(
            type=mujoco.mjtLightType.mjLIGHT_DIRECTIONAL,
            pos=matrix[:3, 3],
            dir=-matrix[:3, 2],
            diffuse=[share] * 3,
            specular=[0.3 * share] * 3,
            castshadow=False,
        )

    def read_robot(self) -> Robot | None:
        """Put our Panda where the articulation root stands, two motors for its fingers, drives from the stage."""
        if self.root is None:
            return None
        spec = self.spec
        prims = {p.GetName(): p for p in Usd.PrimRange(self.root)}
        has_mimic = _is_mimic(prims.get(panda.FINGER_JOINTS[1]))
        spec.delete(spec.actuator("panda_gripper"))
        if not has_mimic:
            spec.delete(spec.equality("panda_finger_coupling"))
        for name in panda.FINGER_JOINTS:
            actuator = spec.add_actuator(name=name, target=name, trntype=mujoco.mjtTrn.mjTRN_JOINT)
            actuator.gaintype, actuator.biastype = mujoco.mjtGain.mjGAIN_FIXED, mujoco.mjtBias.mjBIAS_AFFINE
            actuator.forcelimited, actuator.forcerange = True, [-20, 20]
        base = spec.body("panda_link0")
        base.pos, base.quat = _place(self.matrix(self.root))
        links = {body.name: str(prims[body.name].GetPath()) for body in spec.bodies if body.name in prims}
        return Robot(str(self.root.GetPath()), links, [_drive(prims.get(name)) for name in DOFS], has_mimic)


def load(stage: Usd.Stage, dt: float, labels_of: Any) -> Loaded:
    """Compile a stage; `labels_of` gives the label of a prim, which it may inherit."""
    reader = _Reader(stage, labels_of)
    reader.read()
    robot = reader.read_robot()
    reader.spec.option.timestep = dt
    model = reader.spec.compile()
    bodies = {path: model.body(path).id for path in _names(model, mujoco.mjtObj.mjOBJ_BODY) if path.startswith("/")}
    free = {p: (int(model.joint(p).qposadr[0]), int(model.joint(p).dofadr[0])) for p in bodies}
    for path, (_, dof) in free.items():
        damping = stage.GetPrimAtPath(path).GetAttribute("physxRigidBody:angularDamping")
        rate = damping.Get() if damping else DEFAULT_ANGULAR_DAMPING
        model.dof_damping[dof + 3 : dof + 6] = rate * model.body_inertia[bodies[path]]
    labels = [reader.geom_labels.get(model.geom(i).name, "") for i in range(model.ngeom)]
    if robot is not None:
        bodies |= {path: model.body(name).id for name, path in robot.link_paths.items()}
        _index(model, robot)
        links = {model.body(name).id: labels_of(stage.GetPrimAtPath(path)) for name, path in robot.link_paths.items()}
        for i in range(model.ngeom):
            labels[i] = links.get(int(model.geom_bodyid[i]), labels[i])
    return Loaded(model, robot, bodies, free, labels, reader.skipped)


def drives_on_stage(stage: Usd.Stage, root: Usd.Prim) -> list[Drive]:
    """Return the drives as they are written on the stage, in the order of the degrees of freedom."""
    prims = {p.GetName(): p for p in Usd.PrimRange(root)}
    return [_drive(prims.get(name)) for name in DOFS]


def world_matrix(prim: Usd.Prim) -> Any:
    return np.array(UsdGeom.Imageable(prim).ComputeLocalToWorldTransform(Usd.TimeCode.Default())).T


def _index(model: Any, robot: Robot) -> None:
    joints = [model.joint(name) for name in DOFS]
    robot.qpos = np.array([j.qposadr[0] for j in joints])
    robot.dof = np.array([j.dofadr[0] for j in joints])
    robot.ctrl = np.array([model.actuator(name).id for name in DOFS])
    robot.limits = np.array([j.range for j in joints])
    model.dof_damping[robot.dof] = 0.0  # the drives on the stage hold the joints' own damping as well
    model.actuator_ctrllimited[robot.ctrl] = False
    forces = np.array([d.max_force for d in robot.drives])
    model.actuator_forcerange[robot.ctrl] = np.stack([-forces, forces], axis=1)
    set_gains(model, robot, [d.stiffness for d in robot.drives], [d.damping for d in robot.drives])


def set_gains(model: Any, robot: Robot, stiffnesses: Any, dampings: Any) -> None:
    driven = np.ones(len(DOFS))
    driven[-1] = not robot.has_mimic
    stiffnesses, dampings = (np.asarray(values, dtype=float) * driven for values in (stiffnesses, dampings))
    model.actuator_gainprm[robot.ctrl, 0] = stiffnesses
    model.actuator_biasprm[robot.ctrl, 0] = 0.0
    model.actuator_biasprm[robot.ctrl, 1] = -stiffnesses
    model.actuator_biasprm[robot.ctrl, 2] = -dampings


def get_gains(model: Any, robot: Robot) -> tuple[Any, Any]:
    return -model.actuator_biasprm[robot.ctrl, 1], -model.actuator_biasprm[robot.ctrl, 2]


def _drive(prim: Usd.Prim | None) -> Drive:
    """Read a joint's drive and start; USD counts revolute joints, and their gains, per degree."""
    if prim is None:
        return Drive(0.0, 0.0, 0.0, 0.0, 0.0)
    is_turning = prim.IsA(UsdPhysics.RevoluteJoint)
    unit = 180.0 / math.pi if is_turning else 1.0
    dof = "angular" if is_turning else "linear"

    def value(name: str, otherwise: float) -> float:
        attribute = prim.GetAttribute(name)
        found = attribute.Get() if attribute else None
        return otherwise if found is None else float(found)

    return Drive(
        stiffness=value(f"drive:{dof}:physics:stiffness", 0.0) * unit,
        damping=value(f"drive:{dof}:physics:damping", 0.0) * unit,
        max_force=min(value(f"drive:{dof}:physics:maxForce", 1e6), 1e6),
        position=value(f"state:{dof}:physics:position", 0.0) / unit,
        target=value(f"drive:{dof}:physics:targetPosition", 0.0) / unit,
    )


def _is_mimic(prim: Usd.Prim | None) -> bool:
    """Return whether a joint follows another one: PhysX's schema of 5.x, Newton's of 6.x.

    Source: isaac-sim/IsaacSim v5.1.0 isaacsim.asset.validation, joint_rules.py:253-290; v6.0.1 isaacsim.asset.exporter.urdf,
    joint_reader.py:513-570. Such a joint needs no drive: v5.1.0 drive_rules.py:51-68.
    """
    schemas = prim.GetPrimTypeInfo().GetAppliedAPISchemas() if prim else ()
    return any(str(schema).startswith(("PhysxMimicJointAPI:", "NewtonMimicAPI")) for schema in schemas)


def _set_options(spec: Any) -> None:
    """Choose the solver of our own MuJoCo model, so that grasping works as there."""
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    spec.option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
    spec.option.impratio = 10.0
    multiccd = getattr(mujoco.mjtEnableBit, "mjENBL_MULTICCD", 0)  # newer releases do so unasked
    spec.option.enableflags |= int(multiccd)  # a hull stands on more than one point, as in PhysX
    spec.stat.extent = 1.0
    spec.stat.center = [0.4, 0.0, 0.2]
    spec.visual.quality.numslices = 16
    spec.visual.quality.numstacks = 8
    spec.visual.quality.offsamples = 0
    spec.visual.quality.shadowsize = 64
    spec.visual.headlight.ambient = [0.0] * 3
    spec.visual.headlight.diffuse = [0.0] * 3
    spec.visual.headlight.specular = [0.0] * 3


def _shape(prim: Usd.Prim, scale: Any) -> tuple[Any, list[float], Any]:
    """Return type, size and an extra turn of a solid; scale is that of the whole way to the body."""
    types = mujoco.mjtGeom
    if prim.IsA(UsdGeom.Mesh):
        return types.mjGEOM_MESH, [], np.eye(4)
    if prim.IsA(UsdGeom.Cube):
        half = UsdGeom.Cube(prim).GetSizeAttr().Get() / 2
        return types.mjGEOM_BOX, [half * s for s in scale], np.eye(4)
    if prim.IsA(UsdGeom.Sphere):
        radii = [UsdGeom.Sphere(prim).GetRadiusAttr().Get() * s for s in scale]
        is_round = max(radii) - min(radii) < 1e-9
        return (types.mjGEOM_SPHERE, radii[:1], np.eye(4)) if is_round else (types.mjGEOM_ELLIPSOID, radii, np.eye(4))
    is_cylinder = prim.IsA(UsdGeom.Cylinder)
    solid = UsdGeom.Cylinder(prim) if is_cylinder else UsdGeom.Capsule(prim)
    axis = "XYZ".index(solid.GetAxisAttr().Get())
    across = (axis + 1) % 3
    turn = np.eye(4)
    turn[:3, :3] = np.roll(np.eye(3), axis + 1, axis=0)  # takes z to the axis
    size = [solid.GetRadiusAttr().Get() * scale[across], solid.GetHeightAttr().Get() / 2 * scale[axis]]
    return (types.mjGEOM_CYLINDER if is_cylinder else types.mjGEOM_CAPSULE), size, turn


def _is_solid(prim: Usd.Prim) -> bool:
    """Return whether a prim is a solid that is known here: a mesh only as its convex hull."""
    if prim.IsA(UsdGeom.Mesh):
        is_hull = prim.HasAPI(UsdPhysics.MeshCollisionAPI)
        return is_hull and UsdPhysics.MeshCollisionAPI(prim).GetApproximationAttr().Get() == UsdPhysics.Tokens.convexHull
    return any(prim.IsA(solid) for solid in SOLIDS)


def _rigid(matrix: Any) -> Any:
    found = matrix.copy()
    found[:3, :3] /= np.linalg.norm(found[:3, :3], axis=0)
    return found


def _place(matrix: Any) -> tuple[Any, Any]:
    turned = Gf.Matrix3d(*_rigid(matrix)[:3, :3].T.flatten().tolist()).ExtractRotation().GetQuat()
    return matrix[:3, 3].copy(), np.array([turned.GetReal(), *turned.GetImaginary()])


def _rigid_parent(prim: Usd.Prim) -> bool:
    while prim and not prim.IsPseudoRoot():
        if prim.HasAPI(UsdPhysics.RigidBodyAPI) and UsdPhysics.RigidBodyAPI(prim).GetRigidBodyEnabledAttr().Get():
            return True
        prim = prim.GetParent()
    return False


def _friction(prim: Usd.Prim) -> float:
    material, _ = UsdShade.MaterialBindingAPI(prim).ComputeBoundMaterial("physics")
    if not material or not material.GetPrim().HasAPI(UsdPhysics.MaterialAPI):
        return DEFAULT_FRICTION
    return float(UsdPhysics.MaterialAPI(material.GetPrim()).GetDynamicFrictionAttr().Get())


def _colour(prim: Usd.Prim) -> Any:
    material, _ = UsdShade.MaterialBindingAPI(prim).ComputeBoundMaterial()
    if material:
        for child in Usd.PrimRange(material.GetPrim()):
            colour = UsdShade.Shader(child).GetInput("diffuseColor") if child.IsA(UsdShade.Shader) else None
            if colour and colour.Get() is not None:
                return tuple(map(float, colour.Get()))
    shown = UsdGeom.Gprim(prim).GetDisplayColorAttr().Get()
    return tuple(map(float, shown[0])) if shown else GREY


def _is_shown(prim: Usd.Prim) -> bool:
    look = UsdGeom.Imageable(prim)
    return look.ComputePurpose() in ("default", "render") and look.ComputeVisibility() != "invisible"


def _names(model: Any, kind: Any) -> list[str]:
    return [mujoco.mj_id2name(model, kind, i) or "" for i in range(model.nbody)]
