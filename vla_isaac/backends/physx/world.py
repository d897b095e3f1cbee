"""`PhysxWorld`: one scene in PhysX, laid out again and again."""

from __future__ import annotations

from typing import Any

import numpy as np

from vla_isaac.backends.physx.engine import sapien_module
from vla_isaac.backends.physx.matter import object_material, pad_material
from vla_isaac.backends.physx.objects import ObjectBody, floor, table_top
from vla_isaac.backends.physx.robot import PAD_FRICTION, PandaArticulation
from vla_isaac.backends.physx.shapes import set_friction
from vla_isaac.core.arrays import Array
from vla_isaac.scene.spec import SceneLayout, SceneSpec

GRAVITY = 9.81  # [m/s^2]
SETTLE_SECONDS = 0.2  # at most, for contacts to come to rest after objects are placed
SETTLE_PIECE = 0.02  # [s] after which it is looked whether all is at rest
REST_SPEED, REST_TURN_RATE = 1e-3, 1e-2  # [m/s], [rad/s]


class PhysxWorld:
    """Robot, table, floor and objects; arrays of objects are in the order of the scene."""

    def __init__(self, spec: SceneSpec, physics_dt: float) -> None:
        """Make every body; `lay_out` puts them into a PhysX scene."""
        self._dt = physics_dt
        self.robot = PandaArticulation(spec.gains)
        self.objects = [ObjectBody(o) for o in spec.objects]
        self._table, self._floor = table_top(spec.table), floor()
        self._entities = [
            self._table.entity,
            self._floor.entity,
            *self.robot.entities,
            *(o.entity for o in self.objects),
        ]
        self._system: Any = None
        self._scene: Any = None

    def lay_out(self, layout: SceneLayout) -> None:
        """Put everything where the layout says, in a PhysX scene without a past, and let it settle.

        PhysX keeps contacts, friction patches and forces of the last step, so the same bodies move into an empty scene:
        an episode does not depend on those before it.
        """
        self._set_matter(layout)
        self._move_to_empty_scene()
        fingers = [layout.gripper_width / 2] * 2
        self.robot.set_posture(np.array([*layout.qpos, *fingers]))
        for o, placement in zip(self.objects, layout.objects, strict=True):
            o.place(placement.pose_world)
        self._settle()

    def step(self, count: int) -> None:
        """Advance by `count` physics steps."""
        for _ in range(count):
            self._system.step()

    def object_poses(self) -> tuple[Array, Array]:
        """Return centres (N, 3) [m] and quaternions (N, 4) (w, x, y, z) in the world."""
        poses = [o.entity.pose for o in self.objects]
        pos = np.array([pose.p for pose in poses], dtype=np.float64).reshape(-1, 3)
        quat = np.array([pose.q for pose in poses], dtype=np.float64).reshape(-1, 4)
        return pos, quat / np.linalg.norm(quat, axis=1, keepdims=True)

    def object_linvel(self) -> Array:
        """Return the velocities in the world, shape (N, 3) [m/s]; zero for fixed objects."""
        velocities = [np.zeros(3) if o.spec.fixed else o.body.linear_velocity for o in self.objects]
        return np.array(velocities, dtype=np.float64).reshape(-1, 3)

    def close(self) -> None:
        """Take every body out of PhysX."""
        self._empty_scene()

    def _set_matter(self, layout: SceneLayout) -> None:
        """Set masses and frictions."""
        table = layout.table.friction
        frictions = [object_material(placement.friction, table) for placement in layout.objects]
        set_friction(self._table.material, table)
        set_friction(self.robot.pads, pad_material(PAD_FRICTION, frictions))
        for o, placement, friction in zip(self.objects, layout.objects, frictions, strict=True):
            set_friction(o.material, friction)
            if not o.spec.fixed:
                o.set_mass(placement.mass)

    def _move_to_empty_scene(self) -> None:
        self._empty_scene()
        self._system, self._scene = make_scene(self._dt)
        for entity in self._entities:
            self._scene.add_entity(entity)

    def _empty_scene(self) -> None:
        if self._scene is not None:
            for entity in self._entities:
                self._scene.remove_entity(entity)
        self._system = self._scene = None

    def _settle(self) -> None:
        """Step until all objects are at rest, for a limited time, then stop what still moves."""
        piece = max(1, round(SETTLE_PIECE / self._dt))
        for _ in range(max(1, round(SETTLE_SECONDS / SETTLE_PIECE))):
            self.step(piece)
            if self._is_at_rest():
                break
        self.robot.stop()
        for o in self.objects:
            o.stop()

    def _is_at_rest(self) -> bool:
        return all(
            float(np.abs(o.body.linear_velocity).max()) <= REST_SPEED
            and float(np.abs(o.body.angular_velocity).max()) <= REST_TURN_RATE
            for o in self.objects
            if not o.spec.fixed
        )


def make_scene(physics_dt: float) -> tuple[Any, Any]:
    """Return a PhysX system of our settings and a SAPIEN scene with it; the settings of the process are restored."""
    sapien = sapien_module()
    physx = sapien.physx
    before = physx.get_scene_config()
    config = physx.PhysxSceneConfig()
    config.gravity = np.array([0.0, 0.0, -GRAVITY], dtype=np.float32)
    config.enable_tgs = config.enable_pcm = config.enable_enhanced_determinism = True
    physx.set_scene_config(config)
    try:
        system = physx.PhysxCpuSystem()
    finally:
        physx.set_scene_config(before)
    system.timestep = physics_dt
    return system, sapien.Scene([system])
