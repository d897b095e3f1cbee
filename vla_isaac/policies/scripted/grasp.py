"""Grasping: the turn of the hand, the approach from above and the closing of the fingers."""

from __future__ import annotations

import math

from vla_isaac.core.types import SceneState
from vla_isaac.policies.scripted.waypoint import CLOSED, OPEN, Waypoint, fitting_turn, hand_yaw, middle_yaw
from vla_isaac.tasks import geometry as g
from vla_isaac.tasks.free_space import outline_radius

TIP_BELOW_EE = 0.0095  # [m] from the ee down to the end of the finger pads
LOWEST_EE = 0.0125  # [m] above the table: the pads then clear it by 3 mm
GRASP_DEPTH = 0.020  # [m] below the top of tall objects
HOVER = 0.045  # [m] of the fingertips above the object before coming down
SAFE_GAP = 0.035  # [m] between what is carried, or the tips, and everything underneath
EASY_HAND_TURN = 1.9  # [rad] from the middle of joint 7's range
TURN_WITHIN = 0.12  # [m] sideways of the goal; farther away a camera cannot see how a small object is turned
GRASP_ERROR = 0.012  # [m] sideways, at which the fingers may close: a camera resolves it, and it is well within the opening
FUNNEL_SLOPE = 4.0  # metres of height per metre of sideways error while coming down


def grasp_height(state: SceneState, i: int) -> float:
    """Return the height of the ee for grasping object `i` where it is now [m]."""
    middle = float(state.object_pos[i, 2])
    return max(min(middle, g.top(state, i)), g.top(state, i) - GRASP_DEPTH, LOWEST_EE)


def clear_height(state: SceneState, skip: tuple[int, ...] = ()) -> float:
    """Return the height [m] above which nothing stands on the table, apart from the objects `skip`."""
    tops = [g.top(state, j) for j in range(len(state.bodies)) if j not in skip]
    return max(tops, default=0.0)


def grasp_yaw(state: SceneState, i: int) -> float:
    """Return the turn of the hand that fits the object's faces and leaves the fingers most room [rad]."""
    now = hand_yaw(state)
    at = (float(state.object_pos[i, 0]), float(state.object_pos[i, 1]))
    if state.bodies[i].shape in g.ROUND:
        options = [fitting_turn(state, k * math.pi / 8, at) for k in range(8)]
    else:
        faces = g.yaw_of(state.object_quat[i])
        options = [fitting_turn(state, faces + k * math.pi / 2, at) for k in range(2)]
    tips = grasp_height(state, i) - TIP_BELOW_EE
    near = [j for j in range(len(state.bodies)) if j != i and g.top(state, j) >= tips]
    return min(options, key=lambda yaw: _yaw_cost(state, i, yaw, now, near))


def _yaw_cost(state: SceneState, i: int, yaw: float, now: float, near: list[int]) -> float:
    """Return the cost of a yaw: lack of room for the fingers between the objects `near`, plus the turn; lower is better."""
    room = min(_finger_room(state, i, yaw, near), 0.03)
    middle = middle_yaw(float(state.object_pos[i, 0]), float(state.object_pos[i, 1]))
    beyond = max(0.0, abs(yaw - middle) - EASY_HAND_TURN)
    return 60.0 * (0.03 - room) + 0.25 * abs(yaw - now) + 2.0 * beyond


def _finger_room(state: SceneState, i: int, yaw: float, near: list[int]) -> float:
    """Return the free space next to the open fingers [m]."""
    fx, fy = math.sin(yaw), -math.cos(yaw)
    x, y = float(state.object_pos[i, 0]), float(state.object_pos[i, 1])
    rooms = [0.1]
    for j in near:
        for sign in (-1.0, 1.0):
            tip = (x + sign * 0.053 * fx, y + sign * 0.053 * fy, float(state.object_pos[j, 2]))
            rooms.append(g.gap_to_point(state, j, tip) - 0.013)
    return min(rooms)


def approach(state: SceneState, i: int) -> Waypoint:
    """Return the next waypoint towards grasping object `i`, which is not held yet."""
    ee = state.pose_world_ee.pos
    x, y = float(state.object_pos[i, 0]), float(state.object_pos[i, 1])
    z = grasp_height(state, i)
    yaw = grasp_yaw(state, i)
    away = math.hypot(float(ee[0]) - x, float(ee[1]) - y)
    askew = abs(hand_yaw(state) - yaw)
    height = float(ee[2])
    width = 2 * g.half_width_along(state.bodies[i], state.object_quat[i], *g.finger_direction(state))

    if away < GRASP_ERROR and height - z < 0.010 and askew < 0.15 and state.gripper_width > width - 0.008:
        return Waypoint(x, y, z, yaw, CLOSED, "grasp")
    hover = g.top(state, i) + HOVER + TIP_BELOW_EE
    opened = state.gripper_width > min(width + 0.02, OPEN - 0.006)
    if away > 0.05:
        return travel(state, x, y, yaw, OPEN, "reach", clear_height(state) + SAFE_GAP + TIP_BELOW_EE, hover)
    if not opened:
        return Waypoint(x, y, max(hover, height), yaw, OPEN, "open")
    above = FUNNEL_SLOPE * max(0.0, away - 0.8 * GRASP_ERROR) + 0.25 * max(0.0, askew - 0.10)
    return Waypoint(x, y, min(z + above, hover), yaw, OPEN, "descend")


def travel(
    state: SceneState, x: float, y: float, yaw: float, width: float, phase: str, safe: float, landing: float
) -> Waypoint:
    """Return a waypoint of a sideways move that clears obstacles: up, across, down; the hand turns at its end.

    Args:
        state: The scene now.
        x: Goal, in the world [m].
        y: Goal, in the world [m].
        yaw: Turn of the hand [rad].
        width: Distance between the fingers [m].
        phase: Name of the phase.
        safe: Height of the ee at which nothing is touched on the way [m].
        landing: Height of the ee over the goal [m].
    """
    ee = state.pose_world_ee.pos
    away = math.hypot(float(ee[0]) - x, float(ee[1]) - y)
    if away > TURN_WITHIN:
        yaw = hand_yaw(state)
    lacking = safe - float(ee[2])
    if lacking > 0.03:
        return Waypoint(float(ee[0]), float(ee[1]), safe, yaw, width, phase)
    # blend: still high when far, at the landing height when near
    share = max(0.0, min(1.0, (away - 0.05) / 0.10))
    height = landing + share * (max(safe, landing) - landing)
    return Waypoint(x, y, max(height, safe if share > 0.0 else landing), yaw, width, phase)


def retreat(state: SceneState) -> Waypoint:
    """Return the waypoint straight up with the hand open, away from the object just put down."""
    ee = state.pose_world_ee.pos
    near = [
        i
        for i in range(len(state.bodies))
        if math.hypot(*(float(ee[k] - state.object_pos[i, k]) for k in range(2))) < outline_radius(state, i) + 0.04
    ]
    safe = max((g.top(state, i) for i in near), default=0.0) + HOVER + TIP_BELOW_EE
    x, y, z = (float(v) for v in ee)
    return Waypoint(x, y, max(safe, z), hand_yaw(state), OPEN, "retreat")
