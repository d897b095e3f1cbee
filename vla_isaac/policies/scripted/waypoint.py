"""`Waypoint` and `Motion`: a target of the expert and the displacement of one step towards it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from vla_isaac.core import rotations
from vla_isaac.core.arrays import Array, frozen
from vla_isaac.core.types import SceneState
from vla_isaac.robots import panda
from vla_isaac.tasks import geometry as g

POINTING_DOWN = frozen(np.diag([1.0, -1.0, -1.0]))
OPEN = panda.GRIPPER_MAX_WIDTH
CLOSED = 0.0
MAX_HAND_TURN = 2.2  # [rad] from the middle of joint 7's range (2.9), with some margin for joint 1


@dataclass(frozen=True)
class Waypoint:
    """Target of the ee, pointing straight down."""

    x: float
    y: float
    z: float
    yaw: float
    """Turn of the hand about the vertical [rad]; at 0 the fingers move along y."""

    width: float
    """Distance between the fingers [m]."""

    phase: str
    """Name of the phase, for the log and the video."""

    speed: float = 1.0
    """Share of the usual top speed."""


@dataclass(frozen=True, kw_only=True)
class Motion:
    """Speed limits and gain of the expert."""

    max_speed: float = 0.45
    """Top speed of the ee [m/s]."""

    max_turn_rate: float = 2.0
    """Top rate of turn [rad/s]."""

    approach_rate: float = 9.0
    """Proportional gain on the remaining error [1/s]."""

    def displacement(self, state: SceneState, to: Waypoint, period: float) -> Array:
        """Return the step towards `to`: linear [m] then rotation vector [rad], in base axes, shape (6,)."""
        gain = 1.0 - math.exp(-self.approach_rate * period)
        ee = state.pose_world_ee
        step = np.empty(6)
        linear = gain * (np.array([to.x, to.y, to.z]) - ee.pos)
        length = float(np.linalg.norm(linear))
        limit = self.max_speed * to.speed * period
        step[:3] = linear * min(1.0, limit / max(length, 1e-9))
        # a rotation vector beyond half a turn takes the short way, which joint 7 may not allow: set the direction explicitly
        now = hand_yaw(state)
        step[3:] = self._turn(ee.quat_wxyz, now + min(max(to.yaw - now, -1.5), 1.5), gain, period)
        return step

    def _turn(self, quat: Array, yaw: float, gain: float, period: float) -> Array:
        # target orientation: yaw about z after half a turn about x
        target = np.array([0.0, math.cos(yaw / 2), math.sin(yaw / 2), 0.0])
        error = rotations.quat_to_axis_angle(rotations.quat_multiply(target, rotations.quat_conjugate(quat)))
        turn = gain * error
        angle = float(np.linalg.norm(turn))
        return turn * min(1.0, self.max_turn_rate * period / max(angle, 1e-9))


def hand_yaw(state: SceneState) -> float:
    """Return the hand's turn about the vertical [rad], 0 when the fingers move along y.

    Continues beyond half a turn with joint 7, so that a shorter way round never crosses its limits.
    """
    fx, fy = g.finger_direction(state)
    # pointing down at yaw 0 the ee's y axis is (0, -1)
    about = float(state.qpos[0]) + math.pi / 4 - float(state.qpos[6])
    return nearest_turn(math.atan2(fx, -fy), about, 2 * math.pi)


def middle_yaw(x: float, y: float) -> float:
    """Return the turn of a hand pointing down at (x, y) at which joint 7 is about the middle of its range [rad].

    A function of the position, not of the posture: a choice made with it does not oscillate while the arm moves.
    """
    return math.atan2(y, x) + math.pi / 4


def fitting_turn(state: SceneState, yaw: float, at: tuple[float, float]) -> float:
    """Return the turn that puts the fingers as `yaw` does, nearest to now, within joint 7's range `at` a place [rad]."""
    near = nearest_turn(yaw, hand_yaw(state), math.pi)
    middle = middle_yaw(*at)
    return near if abs(near - middle) <= MAX_HAND_TURN else nearest_turn(yaw, middle, math.pi)


def nearest_turn(yaw: float, reference: float, period: float) -> float:
    """Return `yaw` plus a multiple of `period` that is closest to `reference` [rad]."""
    return yaw + period * round((reference - yaw) / period)
