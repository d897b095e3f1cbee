"""Scenes built by hand, so that a test says exactly what stands where and what the hand does."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pytest

from vla_isaac.core.poses import Pose
from vla_isaac.core.types import SceneState
from vla_isaac.robots import panda
from vla_isaac.scene.builder import FrankaSceneBuilder

POINTING_DOWN = np.array([0.0, 1.0, 0.0, 0.0])  # the fingers then move along y
BUILDER = (
    FrankaSceneBuilder()
    .add_cube("red")
    .add_cube("green")
    .add_box("blue")
    .add_bin("red")
    .add("bowl", "white")
    .add("ball", "green")
    .add("cylinder", "yellow")
)
PLACES = {
    "red_cube": (0.40, -0.20),
    "green_cube": (0.40, 0.20),
    "blue_box": (0.60, -0.20),
    "red_bin": (0.60, 0.20),
    "white_bowl": (0.60, 0.00),
    "green_ball": (0.40, 0.05),
    "yellow_cylinder": (0.40, -0.05),
}


@dataclass(frozen=True)
class Scene:
    """A state with words to change it; every change gives a new one, `begin` makes it where the episode began."""

    state: SceneState

    def put(self, name: str, x: float, y: float, bottom: float = 0.0) -> Scene:
        """Let an object stand at (x, y) with its underside at a height [m]."""
        return self._with(name, object_pos=(x, y, bottom + self.state.body(name).half_extents[2]))

    def put_on(self, name: str, support: str, *, forward: float = 0.0, left: float = 0.0, gap: float = 0.0) -> Scene:
        """Let an object stand on the top of another, off its middle by this much [m]."""
        x, y, z = self.state.pos(support)
        return self.put(name, x + forward, y + left, z + self.state.body(support).half_extents[2] + gap)

    def put_in(self, name: str, container: str, *, forward: float = 0.0, left: float = 0.0, bottom: float = 0.006) -> Scene:
        """Let an object stand in a container, off its middle by this much [m], on its floor of 6 mm."""
        x, y, _ = self.state.pos(container)
        return self.put(name, x + forward, y + left, bottom)

    def moved(self, name: str, *, forward: float = 0.0, left: float = 0.0, up: float = 0.0) -> Scene:
        """Shift an object [m]."""
        return self._with(name, object_pos=np.add(self.state.pos(name), (forward, left, up)))

    def turned(self, name: str, *, yaw: float = 0.0, lean: float = 0.0) -> Scene:
        """Turn an object about the vertical, or lean it about x [rad]."""
        angle, axis = (lean, 1) if lean else (yaw, 3)
        quat = np.zeros(4)
        quat[0], quat[axis] = math.cos(angle / 2), math.sin(angle / 2)
        return self._with(name, object_quat=quat)

    def flying(self, name: str, *velocity: float) -> Scene:
        """Give an object a velocity [m/s]."""
        return self._with(name, object_linvel=velocity)

    def hand_at(self, x: float, y: float, z: float, width: float = panda.GRIPPER_MAX_WIDTH) -> Scene:
        """Put the point between the fingertips somewhere, the fingers this far apart [m]."""
        pose = Pose(np.array([x, y, z]), POINTING_DOWN)
        return Scene(replace(self.state, pose_world_ee=pose, gripper_width=width))

    def hand_around(self, name: str, width: float) -> Scene:
        """Put the hand around an object, the fingers this far apart [m]."""
        x, y, z = self.state.pos(name)
        return self.hand_at(x, y, z, width)

    def begin(self) -> Scene:
        """Make this the state in which the episode began."""
        here = {"initial_object_pos": self.state.object_pos, "initial_object_quat": self.state.object_quat}
        return Scene(replace(self.state, **here))

    def at(self, time: float) -> Scene:
        """Let it be that time [s]."""
        return Scene(replace(self.state, time=time))

    def _with(self, name: str, **values) -> Scene:
        changed = {}
        for key, value in values.items():
            changed[key] = getattr(self.state, key).copy()
            changed[key][self.state.index(name)] = value
        return Scene(replace(self.state, **changed))


@pytest.fixture(scope="session")
def scene() -> Scene:
    """Seven objects standing apart on the table, the open hand high above them."""
    bodies = BUILDER.build().bodies
    pos = np.array([(*PLACES[b.name], b.half_extents[2]) for b in bodies])
    quat = np.tile([1.0, 0.0, 0.0, 0.0], (len(bodies), 1))
    return Scene(
        SceneState(
            time=0.0,
            qpos=panda.QPOS_HOME,
            qvel=np.zeros(7),
            gripper_width=panda.GRIPPER_MAX_WIDTH,
            pose_world_ee=Pose(np.array([0.45, 0.0, 0.40]), POINTING_DOWN),
            pose_world_base=Pose.identity(),
            bodies=bodies,
            object_pos=pos,
            object_quat=quat,
            object_linvel=np.zeros_like(pos),
            initial_object_pos=pos.copy(),
            initial_object_quat=quat.copy(),
        )
    )
