"""Cameras and lights on a stage; only the ratio of aperture to focal length sets the field of view."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from vla_isaac.core import rotations
from vla_isaac.core.arrays import Array
from vla_isaac.core.poses import Pose
from vla_isaac.scene.cameras import CameraConfig
from vla_isaac.scene.spec import LAMP_TARGET, LightSpec, SceneLayout
from vla_isaac.scene.usd_objects import prim_names
from vla_isaac.scene.usd_prims import add_frame, set_pose
from vla_isaac.scene.usd_pxr import Gf, Sdf, UsdGeom, UsdLux

OUR_TO_USD_CAMERA = np.array([0.0, 1.0, 0.0, 0.0])  # +z forward, +y down  ->  -z forward, +y up
HORIZONTAL_APERTURE = 20.955  # tenths of a stage unit: USD's default
CLIPPING_RANGE = (0.005, 20.0)  # [m], as in the MuJoCo model

DISTANT_INTENSITY = 3000.0  # of a lamp of intensity 1; the size of Isaac Sim's own default lights, not verified there
DOME_INTENSITY = DISTANT_INTENSITY / math.pi  # the same irradiance on a white surface from a uniform dome


def camera_path(camera: CameraConfig, root: str = "/World") -> str:
    """Return the path of a camera's prim: below the hand for the wrist camera."""
    name = prim_names([camera.name])[camera.name]
    return f"{root}/Robot/panda_hand/{name}_camera" if camera.mount == "hand" else f"{root}/Cameras/{name}"


def write_cameras(stage: Any, layout: SceneLayout, root: str) -> None:
    """Write every camera of the layout below its mount; the robot must be written before."""
    prim_names([c.name for c in layout.cameras])
    add_frame(stage, f"{root}/Cameras")
    for camera in layout.cameras:
        _write_camera(stage, camera, camera_path(camera, root))


def _write_camera(stage: Any, camera: CameraConfig, path: str) -> None:
    height, width = camera.resolution_hw
    vertical = HORIZONTAL_APERTURE * height / width
    prim = UsdGeom.Camera(_defined_alone(stage, path))
    prim.CreateProjectionAttr(UsdGeom.Tokens.perspective)
    prim.CreateHorizontalApertureAttr(HORIZONTAL_APERTURE)
    prim.CreateVerticalApertureAttr(vertical)
    prim.CreateFocalLengthAttr(vertical / (2 * math.tan(camera.fov_y / 2)))
    prim.CreateFocusDistanceAttr(math.dist(camera.eye, camera.target))
    prim.CreateFStopAttr(0.0)  # no depth of field
    prim.CreateClippingRangeAttr(Gf.Vec2f(*CLIPPING_RANGE))
    pose = camera.pose_mount_camera
    set_pose(prim.GetPrim(), Pose(pose.pos, rotations.quat_multiply(pose.quat_wxyz, OUR_TO_USD_CAMERA)))


def _defined_alone(stage: Any, path: str) -> Any:
    """Define a camera without its parents: the hand may come from a reference resolved later or elsewhere.

    `UsdGeom.Camera.Define` would define a typeless hand, which stays even if the robot has no hand.
    """
    target = stage.GetEditTarget()
    spec = Sdf.CreatePrimInLayer(target.GetLayer(), target.MapToSpecPath(path))
    spec.specifier, spec.typeName = Sdf.SpecifierDef, "Camera"
    return stage.GetPrimAtPath(path)


def write_lights(stage: Any, layout: SceneLayout, root: str) -> None:
    """Write the lamps as distant lights that point at the table, and the ambient light as a dome."""
    add_frame(stage, f"{root}/Lights")
    names = prim_names([light.name for light in layout.lights])
    for light in layout.lights:
        lamp = UsdLux.DistantLight.Define(stage, f"{root}/Lights/{names[light.name]}")
        lamp.CreateIntensityAttr(DISTANT_INTENSITY * light.intensity)
        UsdLux.ShadowAPI.Apply(lamp.GetPrim()).CreateShadowEnableAttr(light.casts_shadow)
        set_pose(lamp.GetPrim(), Pose(np.array(light.pos), _towards_table(light)))
    dome = UsdLux.DomeLight.Define(stage, f"{root}/Lights/ambient")
    dome.CreateIntensityAttr(DOME_INTENSITY * layout.ambient)
    dome.CreateTextureFormatAttr(UsdLux.Tokens.automatic)


def _towards_table(light: LightSpec) -> Array:
    """Return the quaternion that turns -z, the way a distant light shines, from the lamp towards the table."""
    back = np.array(light.pos) - np.array(LAMP_TARGET)
    back = back / np.linalg.norm(back)
    side = np.cross([0.0, 1.0, 0.0] if abs(back[1]) < 0.9 else [1.0, 0.0, 0.0], back)
    side = side / np.linalg.norm(side)
    return rotations.matrix_to_quat(np.stack([side, np.cross(back, side), back], axis=1))
