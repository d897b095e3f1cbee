"""Skills of the expert: lift, reach, touch, place, push; each is a function of the current state, without memory."""

from __future__ import annotations

import math

from vla_isaac.core.types import SceneState
from vla_isaac.policies.scripted.grasp import (
    FUNNEL_SLOPE,
    HOVER,
    SAFE_GAP,
    TIP_BELOW_EE,
    TURN_WITHIN,
    approach,
    clear_height,
    grasp_yaw,
    retreat,
    travel,
)
from vla_isaac.policies.scripted.waypoint import CLOSED, OPEN, Waypoint, fitting_turn, hand_yaw
from vla_isaac.tasks import geometry as g
from vla_isaac.tasks.free_space import Point

RELEASE_HEIGHT = 0.006  # [m] of the underside above its support when the fingers open
PRESS = 0.012  # [m] target below the support, so that the object does not stop just above it
PLACE_ERROR = 0.010  # [m] sideways, before going down
STUCK_BELOW = 0.06  # [m] above its support: an object that stops below this height lies on something
STUCK_SPEED = 0.012  # [m/s] below the speed of any descent
REACH_ABOVE = 0.003  # [m] of the ee above the top: the open fingers are then around it, without contact
LIFT_TO = 0.12  # [m] above the start
PUSH_HEIGHT = 0.019  # [m] of the ee: the finger tips clear the table by a finger's play
PUSH_PLAY = 0.003  # [m] above PUSH_HEIGHT at most while sliding: a finger that sinks as it pushes drags the object down
PUSH_SPEED = 0.30  # share of the top speed


def lift(state: SceneState, i: int) -> Waypoint:
    """Pick object `i` up and hold it high."""
    if not g.is_gripped(state, i):
        return approach(state, i)
    ee = state.pose_world_ee.pos
    rise = float(state.object_pos[i, 2]) - float(state.initial_object_pos[i, 2])
    return Waypoint(float(ee[0]), float(ee[1]), float(ee[2]) + LIFT_TO - rise, hand_yaw(state), CLOSED, "lift")


def reach(state: SceneState, i: int) -> Waypoint:
    """Bring the ee just above object `i`."""
    ee = state.pose_world_ee.pos
    x, y = float(state.object_pos[i, 0]), float(state.object_pos[i, 1])
    z = g.top(state, i) + REACH_ABOVE
    away = math.hypot(float(ee[0]) - x, float(ee[1]) - y)
    yaw = grasp_yaw(state, i)
    if away > 0.05:
        return travel(state, x, y, yaw, OPEN, "reach", clear_height(state) + SAFE_GAP, g.top(state, i) + HOVER)
    return Waypoint(x, y, z + 2.0 * max(0.0, away - 0.01), yaw, OPEN, "reach")


def touch(state: SceneState, i: int) -> Waypoint:
    """Lower the closed fingers onto the top of object `i`."""
    ee = state.pose_world_ee.pos
    x, y = float(state.object_pos[i, 0]), float(state.object_pos[i, 1])
    away = math.hypot(float(ee[0]) - x, float(ee[1]) - y)
    if away > 0.05:
        safe = clear_height(state) + SAFE_GAP + TIP_BELOW_EE
        return travel(state, x, y, hand_yaw(state), CLOSED, "reach", safe, g.top(state, i) + HOVER)
    z = g.top(state, i) + TIP_BELOW_EE
    return Waypoint(x, y, z + 2.0 * max(0.0, away - 0.01), hand_yaw(state), CLOSED, "touch", speed=0.4)


def place(state: SceneState, i: int, to: Point, support: float, *, along: float | None, drop: float = 0.0) -> Waypoint:
    """Pick object `i` up and put it down.

    Args:
        state: The scene now.
        i: Row of the object.
        to: Where its centre should be, in the world [m].
        support: Height of what it is put on [m].
        along: Turn of the hand that suits the goal [rad]; None keeps the hand as it is.
        drop: Release height above the support [m].
    """
    low = g.bottom(state, i)
    ee = state.pose_world_ee.pos
    dx, dy = to[0] - float(state.object_pos[i, 0]), to[1] - float(state.object_pos[i, 1])
    away = math.hypot(dx, dy)
    is_there = away < 2 * PLACE_ERROR and low - support < RELEASE_HEIGHT + drop + 0.004
    if not g.is_gripped(state, i):
        return _release(state, i) if is_there and g.is_between_fingers(state, i) else approach(state, i)

    yaw = hand_yaw(state) if along is None else fitting_turn(state, along, to)
    askew = 0.0 if along is None else abs(hand_yaw(state) - yaw)
    x, y, z = float(ee[0]) + dx, float(ee[1]) + dy, float(ee[2])
    over = max(clear_height(state, (i,)), support) + SAFE_GAP
    if away > 0.05:
        if over - low > 0.02:
            return Waypoint(float(ee[0]), float(ee[1]), z + over - low, hand_yaw(state), CLOSED, "lift")
        turn = yaw if away < TURN_WITHIN else hand_yaw(state)
        return Waypoint(x, y, z + over - low, turn, CLOSED, "carry")
    rests = away < 3 * PLACE_ERROR and low - support < STUCK_BELOW and g.speed(state, i) < STUCK_SPEED
    if rests or (away < PLACE_ERROR and low - support < RELEASE_HEIGHT + drop):
        return _release(state, i)
    above = FUNNEL_SLOPE * max(0.0, away - 0.6 * PLACE_ERROR) + 0.3 * max(0.0, askew - 0.05)
    goal = support + drop + min(above, over - support) - PRESS
    return Waypoint(x, y, z + goal - low, yaw, CLOSED, "lower", speed=0.5 if low - support < 0.04 else 1.0)


def _release(state: SceneState, i: int) -> Waypoint:
    """Open just enough: inside a bin the fingers have little room."""
    ee = state.pose_world_ee.pos
    width = 2 * g.half_width_along(state.bodies[i], state.object_quat[i], *g.finger_direction(state))
    return Waypoint(float(ee[0]), float(ee[1]), float(ee[2]), hand_yaw(state), min(width + 0.022, OPEN), "release")


def leave(state: SceneState, i: int) -> Waypoint | None:
    """Return the waypoint that leaves a placed object with the open fingers still around it, else None."""
    if not g.is_between_fingers(state, i):
        return None
    if not g.is_released(state, i):
        return _release(state, i)
    up = retreat(state)
    return Waypoint(up.x, up.y, up.z, up.yaw, min(state.gripper_width, OPEN), "retreat")


def push(state: SceneState, i: int, to: Point) -> Waypoint:
    """Slide object `i` to a place on the table between the open fingers, which are turned along the way."""
    ee = state.pose_world_ee.pos
    x, y = float(state.object_pos[i, 0]), float(state.object_pos[i, 1])
    dx, dy = to[0] - x, to[1] - y
    away = math.hypot(float(ee[0]) - x, float(ee[1]) - y)
    if math.hypot(dx, dy) > 0.03:
        yaw = fitting_turn(state, math.atan2(dx, -dy), to)
    else:
        yaw = hand_yaw(state)
    askew = abs(hand_yaw(state) - yaw)
    caged = away < 0.045 and float(ee[2]) < PUSH_HEIGHT + 0.015
    if caged and askew > 0.5:
        return Waypoint(x, y, PUSH_HEIGHT, yaw, OPEN, "turn")
    if caged and math.hypot(dx, dy) > 0.006:
        return _slide(state, (x, y), (dx, dy), yaw)
    if caged:
        return retreat(state)
    if away > 0.05:
        safe = clear_height(state) + SAFE_GAP + TIP_BELOW_EE
        return travel(state, x, y, yaw, OPEN, "reach", safe, g.top(state, i) + HOVER + TIP_BELOW_EE)
    if state.gripper_width < OPEN - 0.006 or askew > 0.15:
        return Waypoint(x, y, max(float(ee[2]), g.top(state, i) + 0.02 + TIP_BELOW_EE), yaw, OPEN, "turn")
    return Waypoint(x, y, PUSH_HEIGHT + FUNNEL_SLOPE * max(0.0, away - 0.008), yaw, OPEN, "descend")


def _slide(state: SceneState, at: Point, way: Point, yaw: float) -> Waypoint:
    """Move the hand so that the trailing finger presses the object towards the goal; go straight down while too high."""
    ee = state.pose_world_ee.pos
    if float(ee[2]) > PUSH_HEIGHT + PUSH_PLAY:
        return Waypoint(float(ee[0]), float(ee[1]), PUSH_HEIGHT, yaw, OPEN, "descend")
    length = math.hypot(*way)
    ux, uy = way[0] / length, way[1] / length
    # the trailing finger touches the object when the hand is ahead of it by the play between them
    ahead = (float(ee[0]) - at[0]) * ux + (float(ee[1]) - at[1]) * uy
    lead = min(ahead, OPEN / 2) + min(length, 0.03)
    x, y = at[0] + lead * ux, at[1] + lead * uy
    return Waypoint(x, y, PUSH_HEIGHT, yaw, OPEN, "push", speed=PUSH_SPEED)
