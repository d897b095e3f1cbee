"""Compile a `SceneSpec` to a MuJoCo model: robot, table, objects, lamps and cameras."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vla_isaac.backends.mujoco.engine import mujoco_module
from vla_isaac.backends.mujoco.robot import RobotIndex, load_robot
from vla_isaac.backends.mujoco.textures import table_texture
from vla_isaac.core import rotations
from vla_isaac.core.arrays import AnyArray, Array
from vla_isaac.scene.cameras import CameraConfig
from vla_isaac.scene.convex_pieces import FLOOR_RGB, FLOOR_Z, LEG_RGB, Piece, pieces_of, table_legs
from vla_isaac.scene.objects import BALL_ROLLING, ObjectSpec
from vla_isaac.scene.spec import LAMP_TARGET, TEXTURES, JointGains, SceneLayout, SceneSpec, TableSpec
from vla_isaac.sim.clock import Clock

TABLE, FLOOR = "table", "floor"
TORSION, ROLLING = 0.005, 0.0001  # MuJoCo's defaults
OUR_TO_GL_CAMERA = np.array([0.0, 1.0, 0.0, 0.0])  # +z forward, +y down  ->  -z forward, +y up


@dataclass(frozen=True)
class SceneIndex:
    """Indices of the scene in the arrays of a compiled model; N objects, F of them free."""

    robot: RobotIndex
    object_bodies: AnyArray
    """Body of each object, shape (N,)."""

    free_rows: AnyArray
    """Which objects can move, shape (F,)."""

    free_qpos: AnyArray
    """Rows of position and quaternion in `qpos`, shape (F, 7)."""

    free_dof: AnyArray
    """Rows of linear then angular velocity in `qvel`, shape (F, 6)."""

    fixed_rows: AnyArray
    """Which objects are fixed, shape (N - F,)."""

    object_geoms: tuple[AnyArray, ...]
    """Geoms of each object."""

    table_geom: int
    texture_materials: dict[str, int]
    """Material of each table texture."""


def build_model(
    spec: SceneSpec, robot_model: Path | None, *, dress: Callable[[Any], None] | None = None
) -> tuple[Any, SceneIndex]:
    """Compile a scene.

    Args:
        spec: The scene.
        robot_model: MJCF of a Panda with meshes; None takes our own.
        dress: Changes the visual parts of the `MjSpec` before it is compiled.

    Returns:
        The `MjModel` and its indices.
    """
    mj, names = load_robot(robot_model)
    _set_options(mj, Clock.from_timing(spec.timing).physics_dt)
    _add_sky(mj)
    _add_table(mj, spec.table)
    for light in spec.lights:
        mj.worldbody.add_light(
            name=light.name, type=mujoco_module().mjtLightType.mjLIGHT_DIRECTIONAL, castshadow=light.casts_shadow
        )
    for camera in spec.cameras:
        parent = mj.worldbody if camera.mount == "world" else mj.body(names.hand)
        parent.add_camera(name=camera.name, fovy=math.degrees(camera.fov_y), **_camera_pose(camera))
    for o in spec.objects:
        _add_object(mj, o)
    if dress is not None:
        dress(mj)
    model = mj.compile()
    index = _index(model, spec, RobotIndex.of(model, names))
    _set_gains(model, index.robot, spec.gains)
    return model, index


def apply_looks(model: Any, index: SceneIndex, layout: SceneLayout) -> None:
    """Set colours, lamps and cameras of a layout."""
    for placement, geoms in zip(layout.objects, index.object_geoms, strict=True):
        model.geom_rgba[geoms, :3] = placement.rgb
    model.geom_matid[index.table_geom] = index.texture_materials[layout.table.texture]
    model.mat_rgba[index.texture_materials[layout.table.texture], :3] = layout.table.rgb
    model.vis.headlight.ambient[:] = layout.ambient
    for i, light in enumerate(layout.lights):
        point_lamp(model, i, np.array(light.pos))
        model.light_diffuse[i] = light.intensity
        model.light_specular[i] = 0.3 * light.intensity
    for camera in layout.cameras:
        i = model.camera(camera.name).id
        model.cam_pos[i], model.cam_quat[i] = camera.eye, gl_camera_quat(camera)


def point_lamp(model: Any, lamp: int, pos: Array) -> None:
    """Put a lamp at `pos` [m] and point it at the middle of the table."""
    toward = np.array(LAMP_TARGET) - pos
    model.light_pos[lamp], model.light_dir[lamp] = pos, toward / np.linalg.norm(toward)


def _set_gains(model: Any, robot: RobotIndex, gains: JointGains) -> None:
    """Set the arm's position actuators, whose force is ``stiffness * (target - q) - damping * qvel``."""
    if gains.stiffness is not None:
        model.actuator_gainprm[robot.ctrl, 0] = gains.stiffness
        model.actuator_biasprm[robot.ctrl, 1] = -np.array(gains.stiffness)
    if gains.damping is not None:
        model.actuator_biasprm[robot.ctrl, 2] = -np.array(gains.damping)


def _set_options(mj: Any, physics_dt: float) -> None:
    """Set the solver options for grasping; resting objects sleep, which gives most of the speed."""
    mujoco = mujoco_module()
    mj.option.timestep = physics_dt
    mj.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    mj.option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
    mj.option.impratio = 10.0
    sleep = getattr(mujoco.mjtEnableBit, "mjENBL_SLEEP", None)  # MuJoCo 3.4 and newer
    if sleep is not None:
        mj.option.enableflags |= int(sleep)
    mj.stat.extent = 1.0
    mj.stat.center = [0.4, 0.0, 0.2]
    mj.visual.map.znear = 0.005
    mj.visual.map.zfar = 20.0
    mj.visual.quality.numslices = 16
    mj.visual.quality.numstacks = 8
    mj.visual.quality.shadowsize = 2048
    mj.visual.headlight.diffuse = [0.0, 0.0, 0.0]
    mj.visual.headlight.specular = [0.0, 0.0, 0.0]


def _add_sky(mj: Any) -> None:
    """Add a light gradient as background, since no real room is black."""
    mujoco = mujoco_module()
    mj.add_texture(
        name="sky",
        type=mujoco.mjtTexture.mjTEXTURE_SKYBOX,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_GRADIENT,
        rgb1=[0.74, 0.80, 0.87],
        rgb2=[0.93, 0.94, 0.95],
        width=64,
        height=64 * 6,
    )


def _add_table(mj: Any, table: TableSpec) -> None:
    mujoco = mujoco_module()
    for name in TEXTURES:
        pixels = table_texture(name)
        material = mj.add_material(name=f"table_{name}", specular=0.1, shininess=0.1)
        if pixels is None:
            continue
        texture = mj.add_texture(name=name, type=mujoco.mjtTexture.mjTEXTURE_2D, nchannel=3)
        texture.height, texture.width = pixels.shape[:2]
        texture.data = pixels.tobytes()
        material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = name
        material.texrepeat = [2.0, 2.0]
    x, y, z = table.size
    cx, cy = table.center_xy
    mj.worldbody.add_geom(
        name=TABLE,
        type=mujoco.mjtGeom.mjGEOM_BOX,
        size=[x / 2, y / 2, z / 2],
        pos=[cx, cy, -z / 2],
        friction=[table.friction, TORSION, ROLLING],
        material="table_plain",
    )
    for leg in table_legs(table):
        mj.worldbody.add_geom(contype=0, conaffinity=0, rgba=[*LEG_RGB, 1], **_geom_of(leg))
    mj.worldbody.add_geom(
        name=FLOOR, type=mujoco.mjtGeom.mjGEOM_PLANE, size=[4, 4, 0.1], pos=[0, 0, FLOOR_Z], rgba=[*FLOOR_RGB, 1]
    )


def _add_object(mj: Any, o: ObjectSpec) -> None:
    body = mj.worldbody.add_body(name=o.name)
    if not o.fixed:
        body.add_freejoint(name=o.name)
    pieces = pieces_of(o)
    for piece in pieces:
        rolling = BALL_ROLLING if o.shape == "ball" else ROLLING
        body.add_geom(
            mass=o.mass / len(pieces),
            friction=[o.friction, TORSION, rolling],
            condim=6 if o.shape == "ball" else 3,
            group=1,
            **_geom_of(piece),
        )


def _geom_of(piece: Piece) -> dict[str, Any]:
    """Return the MuJoCo geom parameters of a piece."""
    geom = mujoco_module().mjtGeom
    types = {"box": geom.mjGEOM_BOX, "sphere": geom.mjGEOM_SPHERE, "cylinder": geom.mjGEOM_CYLINDER}
    size = [*piece.size, 0.0, 0.0][:3]
    return {"type": types[piece.kind], "size": size, "pos": list(piece.pos), "quat": list(piece.quat_wxyz)}


def _camera_pose(camera: CameraConfig) -> dict[str, Array]:
    pose = camera.pose_mount_camera
    return {"pos": pose.pos, "quat": gl_camera_quat(camera)}


def gl_camera_quat(camera: CameraConfig) -> Array:
    """Return the camera's orientation in its mount in MuJoCo's axes (-z forward, +y up)."""
    return rotations.quat_multiply(camera.pose_mount_camera.quat_wxyz, OUR_TO_GL_CAMERA)


def _index(model: Any, spec: SceneSpec, robot: RobotIndex) -> SceneIndex:
    bodies = np.array([model.body(o.name).id for o in spec.objects], dtype=int)
    free = np.array([i for i, o in enumerate(spec.objects) if not o.fixed], dtype=int)
    joints = [model.joint(spec.objects[i].name) for i in free]
    return SceneIndex(
        robot=robot,
        object_bodies=bodies,
        free_rows=free,
        free_qpos=np.array([j.qposadr[0] + np.arange(7) for j in joints], dtype=int).reshape(-1, 7),
        free_dof=np.array([j.dofadr[0] + np.arange(6) for j in joints], dtype=int).reshape(-1, 6),
        fixed_rows=np.array([i for i, o in enumerate(spec.objects) if o.fixed], dtype=int),
        object_geoms=tuple(np.flatnonzero(model.geom_bodyid == b) for b in bodies),
        table_geom=model.geom(TABLE).id,
        texture_materials={name: model.material(f"table_{name}").id for name in TEXTURES},
    )
