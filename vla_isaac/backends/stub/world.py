"""`World` of the stub: the arm follows its targets, fingers hold an object between them, released objects drop.

Nothing collides: arm, fingers and held objects pass through everything, so nothing can be pushed on the stub.
"""

from __future__ import annotations

import math

import numpy as np

from vla_isaac.backends.stub.support import TABLE, support_under, yaw_of
from vla_isaac.core.arrays import Array, frozen
from vla_isaac.core.poses import Pose
from vla_isaac.core.types import JointTarget, SceneState
from vla_isaac.robots import kinematics, panda
from vla_isaac.scene.spec import SceneLayout, SceneSpec
from vla_isaac.sim.clock import Clock

NARROWEST = 0.005  # [m] thinner objects cannot be grasped
GRASP_TOLERANCE = 0.02  # [m] largest lateral and vertical offset of a centre, plus half of the half extent
RELEASE_MARGIN = 0.002  # [m] the object is released when the fingers are wider by this
TOUCH = 1e-6  # [m] fingers this close are in contact
LIFTED = 0.001  # [m] a held object moved this far supports nothing

_HELD = -2


class World:
    """State of an episode, advanced one control period at a time."""

    def __init__(self, spec: SceneSpec, layout: SceneLayout) -> None:
        self.spec, self.layout, self.bodies = spec, layout, spec.bodies
        self.qpos: Array = np.array(layout.qpos, dtype=np.float64)
        self.qvel: Array = np.zeros(7)
        self.gripper_width = float(layout.gripper_width)
        self.object_pos: Array = np.array([p.pos for p in layout.objects], dtype=np.float64).reshape(-1, 3)
        self.object_quat: Array = np.array([p.quat_wxyz for p in layout.objects], dtype=np.float64).reshape(-1, 4)
        self.object_linvel: Array = np.zeros_like(self.object_pos)
        self.pose_world_ee = kinematics.pose_base_ee(self.qpos)  # the base is at the origin of the world
        self._initial_pos, self._initial_quat = frozen(self.object_pos), frozen(self.object_quat)
        self._period = Clock.from_timing(spec.timing).period
        self._num_steps = 0
        self._held: int | None = None
        self._pose_ee_held = Pose.identity()
        self._grasped_at: Array = np.zeros(3)
        self._supporters = [self._support_row(row) for row in range(len(self.bodies))]
        self.target = JointTarget(self.qpos, self.gripper_width)

    def advance(self) -> None:
        """Move towards `target` for one control period."""
        before = self.object_pos.copy()
        self._move_arm(self.target.qpos)
        self._carry()
        dropped = self._move_fingers(self.target.gripper_width)
        dropped += self._drop_riders_of_lifted()
        self.object_linvel = (self.object_pos - before) / self._period
        self.object_linvel[dropped] = 0.0  # a drop ends at rest within the step
        self._num_steps += 1

    def state(self) -> SceneState:
        """Return the ground truth now, in new arrays."""
        return SceneState(
            time=self._num_steps * self._period,
            qpos=self.qpos.copy(),
            qvel=self.qvel.copy(),
            gripper_width=self.gripper_width,
            pose_world_ee=Pose(self.pose_world_ee.pos.copy(), self.pose_world_ee.quat_wxyz.copy()),
            pose_world_base=Pose.identity(),
            bodies=self.bodies,
            object_pos=self.object_pos.copy(),
            object_quat=self.object_quat.copy(),
            object_linvel=self.object_linvel.copy(),
            initial_object_pos=self._initial_pos,
            initial_object_quat=self._initial_quat,
        )

    def _move_arm(self, qpos_target: Array) -> None:
        limit = panda.QVEL_LIMIT * self._period
        motion = np.minimum(np.maximum(qpos_target - self.qpos, -limit), limit)
        self.qpos = self.qpos + motion
        self.qvel = motion / self._period
        self.pose_world_ee = kinematics.pose_base_ee(self.qpos)

    def _carry(self) -> None:
        if self._held is not None:
            pose_world_held = self.pose_world_ee @ self._pose_ee_held
            self.object_pos[self._held] = pose_world_held.pos
            self.object_quat[self._held] = pose_world_held.quat_wxyz

    def _move_fingers(self, width_target: float) -> list[int]:
        """Open or close at the fingers' speed; return the rows of released objects that dropped."""
        dropped: list[int] = []
        if self._held is not None:
            if width_target <= self.gripper_width + RELEASE_MARGIN:
                return dropped
            dropped = self._release(self._held)
        limit = 2 * panda.FINGER_SPEED_LIMIT * self._period
        width = self.gripper_width + min(max(width_target - self.gripper_width, -limit), limit)
        row = self._object_between(width) if width < self.gripper_width else None
        if row is not None:
            width = self._width_between_fingers(row)
            self._grasp(row)
        self.gripper_width = width
        return dropped

    def _object_between(self, next_width: float) -> int | None:
        """Return the row of the nearest object that fingers closing to `next_width` would meet."""
        rotation, met = self.pose_world_ee.rotation, []
        for row, body in enumerate(self.bodies):
            width = self._width_between_fingers(row)
            if body.fixed or not NARROWEST < width < panda.GRIPPER_MAX_WIDTH:
                continue
            offset = np.abs((self.object_pos[row] - self.pose_world_ee.pos) @ rotation)
            across, along = body.half_extents[1 - self._finger_axis(row)], 0.5 * panda.GRIPPER_MAX_WIDTH
            reach = (GRASP_TOLERANCE + across / 2, along, GRASP_TOLERANCE + body.half_extents[2] / 2)
            if next_width - TOUCH <= width <= self.gripper_width + TOUCH and (offset <= reach).all():
                met.append((float(np.linalg.norm(offset)), row))
        return min(met)[1] if met else None

    def _finger_axis(self, row: int) -> int:
        """Return which horizontal axis of the object, 0 or 1, is nearest to the fingers' travel."""
        travel = self.pose_world_ee.rotation[:, 1]
        own_x, own_y, _ = np.abs(travel @ Pose(self.object_pos[row], self.object_quat[row]).rotation)
        return 0 if own_x >= own_y else 1

    def _width_between_fingers(self, row: int) -> float:
        return 2 * self.bodies[row].half_extents[self._finger_axis(row)]

    def _grasp(self, row: int) -> None:
        self._held = row
        self._supporters[row] = _HELD
        self._grasped_at = self.object_pos[row].copy()
        self._pose_ee_held = self.pose_world_ee.inverse() @ Pose(self.object_pos[row], self.object_quat[row])

    def _release(self, row: int) -> list[int]:
        self._held = None
        return self._settle(row)

    def _drop_riders_of_lifted(self) -> list[int]:
        """Drop objects that rested on the held object once it has moved away."""
        held = self._held
        if held is None or held not in self._supporters:
            return []
        moved = float(np.linalg.norm(self.object_pos[held] - self._grasped_at))
        return self._settle(held) if moved > LIFTED else []

    def _settle(self, row: int) -> list[int]:
        """Drop an object (unless it is held), then those that rested on it, recursively; return the rows that dropped."""
        waiting, dropped = [row], []
        while waiting:
            row = waiting.pop(0)
            riders = [i for i, supporter in enumerate(self._supporters) if supporter == row and i not in dropped]
            if row != self._held:
                self._drop(row)
                dropped.append(row)
            waiting += riders
        return dropped

    def _drop(self, row: int) -> None:
        """Drop an object straight down; it comes to rest upright and keeps its yaw."""
        absent = () if self._held is None else (self._held,)
        support = support_under(row, self.bodies, self.object_pos, self.object_quat, absent=absent)
        yaw = yaw_of(self.object_quat[row])
        self._supporters[row] = support.row
        self.object_pos[row, 2] = support.height + self.bodies[row].half_extents[2]
        self.object_quat[row] = math.cos(yaw / 2), 0.0, 0.0, math.sin(yaw / 2)

    def _support_row(self, row: int) -> int:
        if self.bodies[row].fixed:
            return TABLE
        return support_under(row, self.bodies, self.object_pos, self.object_quat).row
