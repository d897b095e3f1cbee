"""The PhysX backend: Isaac Sim's engine on any CPU; load a scene, apply a layout, step, render."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from vla_isaac.backends.physx.engine import sapien_module
from vla_isaac.backends.physx.world import PhysxWorld
from vla_isaac.core.arrays import Array, frozen
from vla_isaac.core.errors import BackendError, SceneError
from vla_isaac.core.poses import Pose
from vla_isaac.core.types import Frame, JointTarget, SceneState
from vla_isaac.rendering.posed_scene import PosedScene
from vla_isaac.robots import kinematics, panda
from vla_isaac.scene.spec import SceneLayout, SceneSpec
from vla_isaac.sim.backend import RenderRequest, Steps, check_target
from vla_isaac.sim.clock import RAMP_PIECES, Clock

ARM = slice(0, panda.NUM_ARM_JOINTS)
FINGERS = slice(panda.NUM_ARM_JOINTS, None)


@dataclass(frozen=True, eq=False)
class _Episode:
    """What stays the same from one reset to the next."""

    layout: SceneLayout
    initial_pos: Array
    initial_quat: Array


class PhysxBackend:
    """PhysX physics without a GPU, pictures by MuJoCo; see `sim.backend.Backend` for the contract of each method."""

    name = "physx"

    def __init__(self) -> None:
        """Prepare an empty backend.

        Raises:
            MissingDependencyError: If SAPIEN is not installed.
        """
        sapien_module()
        self._spec: SceneSpec | None = None
        self._world: PhysxWorld | None = None
        self._episode: _Episode | None = None
        self._pictures: PosedScene | None = None

    def load(self, spec: SceneSpec) -> Steps[None]:
        """Build the scene; the bodies are made again only when the scene's content differs."""
        yield from ()
        if self._spec is not None and replace(spec, instruction="", name="") == replace(self._spec, instruction="", name=""):
            self._spec, self._episode = spec, None
            return
        self.close()
        self._spec = spec
        self._clock = Clock.from_timing(spec.timing)
        self._ramp = self._clock.ramp(RAMP_PIECES)
        self._world = PhysxWorld(spec, self._clock.physics_dt)

    def reset(self, layout: SceneLayout) -> Steps[None]:
        """Apply the layout and let it settle."""
        yield from ()
        world, spec = self._loaded()
        layout.check_fits(spec)
        world.lay_out(layout)
        self._target = self._goal = _joints(np.array(layout.qpos), layout.gripper_width)
        self._num_steps = 0
        self._episode = _Episode(layout, *map(frozen, world.object_poses()))

    def apply(self, target: JointTarget) -> None:
        """Set the joint target of the next period."""
        self._ready()
        check_target(target)
        self._goal = _joints(target.qpos, target.gripper_width)

    def step(self) -> None:
        """Advance by one control period, approaching the target in a few linear pieces."""
        world, _ = self._ready()
        start = self._target
        for steps, share in self._ramp:
            self._target = start + share * (self._goal - start)
            world.robot.set_target(self._target)
            world.step(steps)
        self._num_steps += 1

    def state(self) -> SceneState:
        """Return the ground truth now."""
        world, episode = self._ready()
        position, (object_pos, object_quat) = world.robot.qpos(), world.object_poses()
        return SceneState(
            time=self._time(),
            qpos=position[ARM],
            qvel=world.robot.qvel()[ARM],
            gripper_width=float(position[FINGERS].sum()),
            pose_world_ee=kinematics.pose_base_ee(position[ARM]),
            pose_world_base=Pose.identity(),
            bodies=self._loaded()[1].bodies,
            object_pos=object_pos,
            object_quat=object_quat,
            object_linvel=world.object_linvel(),
            initial_object_pos=episode.initial_pos,
            initial_object_quat=episode.initial_quat,
        )

    def render(self, requests: Sequence[RenderRequest]) -> Steps[Mapping[str, Frame]]:
        """Render the requested cameras from the current state.

        Raises:
            MissingDependencyError: If MuJoCo, which draws, is not installed.
        """
        yield from ()
        world, episode = self._ready()
        if self._pictures is None:
            self._pictures = PosedScene(self._loaded()[1])
        position, (object_pos, object_quat) = world.robot.qpos(), world.object_poses()
        return self._pictures.frames(
            episode.layout,
            requests,
            time=self._time(),
            qpos=position[ARM],
            fingers=position[FINGERS],
            object_pos=object_pos,
            object_quat=object_quat,
        )

    def move_object(self, name: str, pos: Array) -> None:
        """Move an object during an episode, at rest, with its orientation; its initial pose in the state stays.

        Args:
            name: The object.
            pos: Its centre in the world frame [m], shape (3,).

        Raises:
            UnknownNameError: If the scene has no object of that name.
            SceneError: If it is fixed to the table.
        """
        world, _ = self._ready()
        state = self.state()
        moved = world.objects[state.index(name)]
        if moved.spec.fixed:
            raise SceneError(f"{name} is fastened to the table and cannot be moved", remedy="choose a movable object")
        moved.place(Pose(np.asarray(pos), state.pose_world(name).quat_wxyz))

    def close(self) -> None:
        """Free GL and PhysX."""
        if self._world is not None:
            self._world.close()
        if self._pictures is not None:
            self._pictures.close()
        self._spec = self._world = self._episode = self._pictures = None

    def _time(self) -> float:
        return self._num_steps * self._clock.period  # no drift from adding up physics steps

    def _loaded(self) -> tuple[PhysxWorld, SceneSpec]:
        if self._world is None or self._spec is None:
            raise BackendError(
                "the physx backend has no scene", remedy="call load(spec) first, for example drive(backend.load(spec))"
            )
        return self._world, self._spec

    def _ready(self) -> tuple[PhysxWorld, _Episode]:
        world, _ = self._loaded()
        if self._episode is None:
            raise BackendError("the physx backend has no layout", remedy="call reset(layout) after load")
        return world, self._episode


def _joints(qpos: Array, gripper_width: float) -> Array:
    """Return the nine joint positions of a target; both fingers go half the way."""
    return np.array([*qpos, gripper_width / 2, gripper_width / 2], dtype=np.float64)
