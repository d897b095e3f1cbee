"""A small scene on the simulated stage for tests of the simulator itself, played by the classic interface in a script."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np

from tests.simulated_isaac.simulation import Simulation
from vla_isaac.robots import panda
from vla_isaac.scene.builder import FrankaSceneBuilder
from vla_isaac.scene.spec import Placement, SceneLayout
from vla_isaac.scene.usd import write_scene

SPEC = FrankaSceneBuilder("simulated").add_cube("red").add_box("blue").build()
RED_POS, RED_SIZE = np.array([0.45, -0.10, 0.02]), 0.04
PERIOD, SUBSTEPS = 1 / SPEC.timing.control_hz, SPEC.timing.substeps
CUBE, BOX = "/World/Objects/red_cube", "/World/Objects/blue_box"
FRONT, WRIST = "/World/Cameras/front", "/World/Robot/panda_hand/wrist_camera"
START = np.array([*panda.QPOS_HOME, 0.04, 0.04])
SIZE_WH = (400, 320)
WARM = 4  # updates after which a picture is there

# PhysX counts in single precision: 1/20 s are 24.999998 steps of 1/500 s, so the first update after play makes 24 steps.
# What is left over is added to the next one, and every later update makes 25; see `rates.Substepping` for the source.
FIRST_SUBSTEPS = SUBSTEPS - 1


def layout() -> SceneLayout:
    """Return the scene as it stands in every test."""
    places = ((RED_POS, (0.8, 0.09, 0.09)), (np.array([0.56, 0.05, 0.015]), (0.1, 0.25, 0.78)))
    return SceneLayout(
        objects=tuple(
            Placement(pos=tuple(pos), rgb=rgb, mass=o.mass, friction=o.friction)
            for o, (pos, rgb) in zip(SPEC.objects, places, strict=True)
        ),
        qpos=tuple(panda.QPOS_HOME),
        table=SPEC.table,
        lights=SPEC.lights,
        ambient=SPEC.ambient,
        cameras=SPEC.cameras,
    )


def classic_names(release: str) -> SimpleNamespace:
    """Import the classic interface as the release calls it."""
    if release.startswith("4.2"):
        from omni.isaac.core import World
        from omni.isaac.core.articulations import Articulation
        from omni.isaac.core.prims import RigidPrim
        from omni.isaac.core.utils.types import ArticulationAction
        from omni.isaac.sensor import Camera
    else:
        from isaacsim.core.api import World
        from isaacsim.core.prims import SingleArticulation as Articulation
        from isaacsim.core.prims import SingleRigidPrim as RigidPrim
        from isaacsim.core.utils.types import ArticulationAction
        from isaacsim.sensors.camera import Camera
    return SimpleNamespace(
        World=World, Articulation=Articulation, RigidPrim=RigidPrim, Action=ArticulationAction, Camera=Camera
    )


def new_world(isaac: SimpleNamespace, **more: Any) -> Any:
    """Make the world with rates that survive truncation."""
    rates = {"physics_dt": PERIOD / SUBSTEPS * (1 - 1e-9), "rendering_dt": PERIOD}
    return isaac.World(**{**rates, "stage_units_in_meters": 1.0, "physics_prim_path": "/World/PhysicsScene", **more})


def red_pixel(size_wh: tuple[int, int]) -> tuple[int, int, float]:
    """Return column, row and distance of the red cube's centre in the front camera, by hand; the width keeps its angle."""
    config = SPEC.camera("front")
    height, width = config.resolution_hw
    focal = size_wh[0] * height / width / (2 * math.tan(config.fov_y / 2))
    x, y, z = (np.linalg.inv(config.pose_mount_camera.matrix()) @ [*RED_POS, 1.0])[:3]
    return int(size_wh[0] / 2 + focal * x / z), int(size_wh[1] / 2 + focal * y / z), z


def as_sensor(stage: Any, path: str) -> str:
    """Give a camera prim the schema without which a `CameraSensor` refuses it, and return its path.

    Source: isaac-sim/IsaacSim v6.0.0 and v6.0.1, isaacsim.sensors.experimental.rtx/python/impl/rtx_camera.py
    (`_create_prim`: `ApplyAPI("OmniSensorAPI")`) and _sensor_base.py (`_SensorAuthoring.__init__`), for every 6.x alike;
    usd-core does not know the schema, so that `ApplyAPI` would fail here.
    """
    stage.GetPrimAtPath(path).AddAppliedSchema("OmniSensorAPI")
    return path


def check_red(rgb: Any, size_wh: tuple[int, int]) -> None:
    """Fail unless the red cube is where it has to be in a picture of the front camera."""
    column, row, _ = red_pixel(size_wh)
    red, green, blue = rgb[row, column, :3].astype(int)
    assert red > max(40, 2 * green, 2 * blue), f"pixel ({column}, {row}) is {rgb[row, column]}, not red"


class Table:
    """The scene, its world and its handles."""

    def __init__(self, sim: Simulation, release: str) -> None:
        self.sim, self.isaac = sim, classic_names(release)
        write_scene(sim.stage, SPEC, layout())
        self.world = new_world(self.isaac)
        self.robot = self.isaac.Articulation(prim_path="/World/Robot", name="robot")
        self.cube = self.isaac.RigidPrim(prim_path=CUBE, name="cube")
        self.reset()

    def reset(self) -> None:
        """Stop, play, make handles."""
        self.world.reset()
        self.robot.initialize()
        self.cube.initialize()

    def camera(self, path: str = FRONT, size_wh: tuple[int, int] = SIZE_WH, **more: Any) -> Any:
        """Start a camera."""
        camera = self.isaac.Camera(prim_path=path, name=path, resolution=size_wh, **more)
        camera.initialize()
        return camera

    def aim(self, positions: Any) -> None:
        """Set the targets of all nine joints."""
        self.robot.apply_action(self.isaac.Action(joint_positions=positions))

    def step(self, num: int = 1) -> None:
        """Do app updates."""
        for _ in range(num):
            self.world.step(render=True)
