"""The scene of the self-test: five cubes of known place, turn and colour, the Panda's gains set explicitly."""

from __future__ import annotations

import math
from dataclasses import replace

from vla_isaac.robots import panda
from vla_isaac.scene.builder import FrankaSceneBuilder
from vla_isaac.scene.cameras import FRONT, WRIST, CameraConfig
from vla_isaac.scene.colours import rgb_of
from vla_isaac.scene.panda_description import panda_description
from vla_isaac.scene.spec import JointGains, Placement, SceneLayout, SceneSpec

SIDE = 0.06  # [m] of every cube: about 25 px wide in the front picture
SIZE_HW = (320, 320)  # [px] above the 300 px below which RTX may return another size, so nothing is scaled
RATE = 50.0  # [Hz] of the test scene: 20 ms, short enough to see a drive's response

PLACES: dict[str, tuple[float, float, float]] = {
    "red": (0.44, -0.20, 20.0),
    "green": (0.44, 0.21, -35.0),
    "blue": (0.62, -0.16, 0.0),
    "yellow": (0.63, 0.13, 40.0),
    "purple": (0.46, 0.03, -15.0),
}
"""Colour to place on the table [m] and turn about the vertical axis [degrees]; no symmetry maps them onto each other."""

DROPPED, DROP_PLACE = "purple", (0.55, 0.0, 0.62)  # [m] falls 0.2 m while the scene settles, then 0.39 m more
CAMERAS = ("front", "wrist")


def test_scene(*, control_hz: float = RATE, extra: str | None = None) -> SceneSpec:
    """Return the scene.

    Args:
        control_hz: Control rate.
        extra: Colour of a further cube, so that another scene has to be built.
    """
    builder = FrankaSceneBuilder("self_test")
    for colour in (*PLACES, *([extra] if extra else [])):
        builder.add_cube(colour, size=(SIDE, SIDE, SIDE))
    builder.cameras([_sized(FRONT), _sized(WRIST)])
    return replace(builder.build(), gains=description_gains()).with_rate(control_hz)


def description_gains() -> JointGains:
    """Return the gains of our robot description, so that every robot asset gets the same."""
    joints = {link.joint.name: link.joint for link in panda_description().links if link.joint is not None}
    arm = [joints[name] for name in panda.ARM_JOINTS]
    return JointGains(
        stiffness=tuple(joint.stiffness for joint in arm),  # type: ignore[arg-type]
        damping=tuple(joint.damping for joint in arm),  # type: ignore[arg-type]
    )


def lying_layout(spec: SceneSpec) -> SceneLayout:
    """Return the layout with every cube on the table, the arm at home and the gripper open."""
    return _layout(spec, {})


def falling_layout(spec: SceneSpec) -> SceneLayout:
    """Return the same with one cube in the air."""
    return _layout(spec, {f"{DROPPED}_cube": DROP_PLACE})


def _layout(spec: SceneSpec, moved: dict[str, tuple[float, float, float]]) -> SceneLayout:
    placements = []
    for o in spec.objects:
        x, y, degrees = PLACES.get(o.body.colour, (0.30, -0.40, 0.0))
        pos = moved.get(o.name, (x, y, SIDE / 2))
        half = math.radians(0.0 if o.name in moved else degrees) / 2
        turn = (math.cos(half), 0.0, 0.0, math.sin(half))
        placements.append(Placement(pos=pos, quat_wxyz=turn, rgb=rgb_of(o.body.colour), mass=o.mass, friction=o.friction))
    return SceneLayout(
        objects=tuple(placements),
        qpos=tuple(map(float, panda.QPOS_HOME)),
        table=spec.table,
        lights=spec.lights,
        ambient=spec.ambient,
        cameras=spec.cameras,
    )


def _sized(camera: CameraConfig) -> CameraConfig:
    return replace(camera, resolution_hw=SIZE_HW)
