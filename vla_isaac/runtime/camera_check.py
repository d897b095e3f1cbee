"""`check_views` and `check_pictures`: compare cameras and pictures with those of training, before the first step."""

from __future__ import annotations

import math

import numpy as np

from vla_isaac.core.errors import ConventionError
from vla_isaac.core.poses import look_at
from vla_isaac.core.specs import CameraView, PolicySpec
from vla_isaac.scene.cameras import CameraConfig
from vla_isaac.scene.spec import SceneSpec
from vla_isaac.sim.backend import FLAT_PICTURES

MOVED = 0.05  # [m] largest displacement of a camera: more than the 3 cm that training varies
TURNED = math.radians(5.0)  # [rad] largest rotation: more than the 3 degrees that training varies
ZOOMED = 0.02  # [rad] largest difference of the field of view: two pixels of a hundred


def check_views(spec: PolicySpec, scene: SceneSpec) -> None:
    """Compare the scene's cameras, before they are varied, with those the policy was trained with.

    Raises:
        UnknownNameError: If the scene lacks a camera.
        ConventionError: Naming the camera and what differs.
    """
    for name, view in spec.views.items():
        difference = _difference(scene.camera(name), view)
        if difference:
            raise ConventionError(
                f"camera {name!r} of the scene {scene.name!r} is not the one the policy was trained with: {difference}",
                remedy="use a scene with the cameras of its training, or train a policy for this scene",
            )


def check_pictures(spec: PolicySpec, backend: str) -> None:
    """Compare the kind of a backend's pictures with what a policy needs.

    Raises:
        ConventionError: If the policy needs rendered pictures, and the backend draws flat ones.
    """
    if spec.rendered and backend in FLAT_PICTURES:
        raise ConventionError(
            f"the policy needs rendered pictures, and those of the backend {backend!r} are flat drawings",
            remedy="choose --backend mujoco, or a policy that needs no pictures, such as --policy scripted",
        )


def _difference(camera: CameraConfig, view: CameraView) -> str:
    if camera.mount != view.mount:
        return f"it is mounted on the {camera.mount}, not on the {view.mount}"
    here = camera.pose_mount_camera
    there = look_at(np.array(view.eye), np.array(view.target), np.array(view.up))
    moved = float(np.linalg.norm(here.pos - there.pos))
    if moved > MOVED:
        return f"it stands {100 * moved:.0f} cm away, at {camera.eye} instead of {view.eye} m"
    turned = 2.0 * math.acos(min(1.0, abs(float(np.dot(here.quat_wxyz, there.quat_wxyz)))))
    if turned > TURNED:
        return f"it is turned by {math.degrees(turned):.0f} degrees"
    if abs(camera.fov_y - view.fov_y) > ZOOMED:
        return f"its vertical field of view is {camera.fov_y:.3f} rad instead of {view.fov_y:.3f} rad"
    return ""
