"""Success predicates of goals: pure functions of the scene state that return a `Verdict`.

A verdict has the measured fact in words and a progress from 0 to 1. An object that has to lie somewhere must be at
rest and released: a falling, flying or held object never counts.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

from vla_isaac.core.goals import GRIPPER, PUSH_DIRECTIONS, SIDE_DIRECTIONS, Goal
from vla_isaac.core.types import SceneState, Verdict
from vla_isaac.tasks import geometry as g

STILL_SPEED = 0.05  # [m/s] below which an object is at rest
REST_TOLERANCE = 0.008  # [m] between an object's underside and its support
LIFT_HEIGHT = 0.05  # [m] above the start position
HELD_RISE = 0.01  # [m] above the start position
NEAR_GRIPPER = 0.02  # [m] from the ee to the object's surface
NEAR_GAP = 0.05  # [m] between two objects' outlines
BESIDE_GAP = 0.12  # [m] largest gap between outlines for left_of and the other sides
TOUCH_GAP = 0.010  # [m] from a fingertip to the object's surface
PUSH_DISTANCE = 0.08  # [m] for a push in a direction
PUSH_RISE = 0.025  # [m] largest rise of a pushed object
UPRIGHT_ANGLE = math.radians(10)


def on(state: SceneState, a: str, b: str) -> Verdict:
    """Return whether `a` lies on top of `b`: centre over it, underside at its top, at rest, released."""
    i, j = state.index(a), state.index(b)
    x, y = g.offset_in(state, state.object_pos[i], j)
    hx, hy, _ = state.bodies[j].half_extents
    over = math.hypot(x, y) <= hx if state.bodies[j].shape in g.ROUND else abs(x) <= hx and abs(y) <= hy
    height = g.bottom(state, i) - g.top(state, j)
    if not over:
        return _away(state, i, j, f"{a} is {g.distance_xy(state, i, j):.3f} m beside {b}")
    if abs(height) > REST_TOLERANCE:
        return Verdict(False, f"{a} is {height:+.3f} m above the top of {b}", 0.8)
    return _settled(state, i, f"{a} lies on {b}")


def in_(state: SceneState, a: str, b: str) -> Verdict:
    """Return whether `a` lies inside the open container `b`: centre within its walls, underside below its rim."""
    i, j = state.index(a), state.index(b)
    cavity = state.bodies[j].cavity
    if cavity is None:
        return Verdict(False, f"{b} is no open container")
    x, y = g.offset_in(state, state.object_pos[i], j)
    width, depth, floor = cavity
    inside = math.hypot(x, y) <= width if state.bodies[j].shape == "bowl" else abs(x) <= width and abs(y) <= depth
    if not inside:
        return _away(state, i, j, f"{a} is {g.distance_xy(state, i, j):.3f} m from the middle of {b}")
    low, rim = g.bottom(state, i), g.top(state, j)
    if low > rim - 0.003 or low < rim - 2 * state.bodies[j].half_extents[2] + floor - REST_TOLERANCE:
        return Verdict(False, f"{a} is at {low:.3f} m, not between floor and rim ({rim:.3f} m) of {b}", 0.8)
    return _settled(state, i, f"{a} lies in {b}")


def lifted(state: SceneState, obj: str, *, height: float = LIFT_HEIGHT) -> Verdict:
    """Return whether `obj` is at least `height` [m] above its start position and held there."""
    i = state.index(obj)
    rise = float(state.object_pos[i, 2]) - float(state.initial_object_pos[i, 2])
    reason = f"{obj} rose {rise:.3f} m of {height:.3f} m"
    if rise >= height and not g.is_between_fingers(state, i):
        return Verdict(False, f"{reason}, but it is not between the fingers", 0.5)
    if rise >= height and g.is_released(state, i):
        return Verdict(False, f"{reason}, but the fingers do not hold it", 0.5)
    return Verdict(rise >= height, reason, 1.0 if rise >= height else max(0.0, min(0.99, rise / height)))


def held(state: SceneState, obj: str) -> Verdict:
    """Return whether the fingers hold `obj` clear of its support."""
    i = state.index(obj)
    rise = float(state.object_pos[i, 2]) - float(state.initial_object_pos[i, 2])
    if not g.is_gripped(state, i):
        return Verdict(False, f"{obj} is not between closed fingers", 0.0)
    done = rise >= HELD_RISE
    return Verdict(done, f"{obj} is gripped and {rise:.3f} m above its place", 1.0 if done else 0.7)


def near(state: SceneState, a: str, b: str) -> Verdict:
    """Return whether the gripper is at `b`, or `a` lies next to `b`."""
    j = state.index(b)
    if a == GRIPPER:
        ee = state.pose_world_ee.pos
        gap = g.gap_to_point(state, j, (float(ee[0]), float(ee[1]), float(ee[2])))
        done = gap <= NEAR_GRIPPER
        return Verdict(done, f"the gripper is {gap:.3f} m from {b}", 1.0 if done else max(0.0, min(0.99, 1 - gap / 0.4)))
    i = state.index(a)
    gap = _gap(state, i, j)
    if gap > NEAR_GAP:
        return _away(state, i, j, f"{a} is {gap:.3f} m from {b}")
    return _settled_on_table(state, i, f"{a} lies {gap:.3f} m from {b}")


def left_of(state: SceneState, a: str, b: str) -> Verdict:
    """Return whether `a` lies next to `b` on its left (+y of the base)."""
    return _beside(state, a, "left_of", b)


def right_of(state: SceneState, a: str, b: str) -> Verdict:
    """Return whether `a` lies next to `b` on its right (-y of the base)."""
    return _beside(state, a, "right_of", b)


def in_front_of(state: SceneState, a: str, b: str) -> Verdict:
    """Return whether `a` lies next to `b` on the side of the robot."""
    return _beside(state, a, "in_front_of", b)


def behind(state: SceneState, a: str, b: str) -> Verdict:
    """Return whether `a` lies next to `b` on the side away from the robot."""
    return _beside(state, a, "behind", b)


def touching(state: SceneState, obj: str) -> Verdict:
    """Return whether a fingertip, or the point between closed fingers, is at the surface of `obj`."""
    i = state.index(obj)
    ee = state.pose_world_ee.pos
    fx, fy = g.finger_direction(state)
    half = state.gripper_width / 2
    tips = [(float(ee[0]) + s * half * fx, float(ee[1]) + s * half * fy, float(ee[2])) for s in (-1.0, 1.0)]
    gap = min(g.gap_to_point(state, i, tip) for tip in tips)
    done = gap <= TOUCH_GAP
    return Verdict(
        done, f"the nearest fingertip is {gap:.3f} m from {obj}", 1.0 if done else max(0.0, min(0.99, 1 - gap / 0.4))
    )


def pushed_to(state: SceneState, obj: str, where: str, reference: str | None = None, *, peak_rise: float = 0.0) -> Verdict:
    """Return whether `obj` was slid, not carried, to a side of `reference` or in a direction.

    Args:
        state: The current scene.
        obj: The pushed object.
        where: A side such as ``"left_of"`` together with `reference`, or a direction such as ``"left"``.
        reference: The object the side is of.
        peak_rise: Largest rise of `obj` above its start position in this episode [m].
    """
    if peak_rise > PUSH_RISE:
        return Verdict(False, f"{obj} was lifted by {peak_rise:.3f} m instead of pushed")
    if reference is not None:
        return _beside(state, obj, where, reference)
    i = state.index(obj)
    dx, dy = PUSH_DIRECTIONS[where]
    mx, my = (float(state.object_pos[i, k]) - float(state.initial_object_pos[i, k]) for k in range(2))
    along, across = mx * dx + my * dy, abs(-mx * dy + my * dx)
    if along < PUSH_DISTANCE or across > along:
        return Verdict(
            False, f"{obj} moved {along:.3f} m {where} of {PUSH_DISTANCE:.3f} m", max(0.0, min(0.95, along / PUSH_DISTANCE))
        )
    return _settled_on_table(state, i, f"{obj} moved {along:.3f} m {where}")


def upright(state: SceneState, obj: str) -> Verdict:
    """Return whether `obj` stands upright, at rest and released."""
    i = state.index(obj)
    vertical = g.rotation_rows(state.object_quat[i])[2][2]
    lean = math.acos(max(-1.0, min(1.0, vertical)))
    if lean > UPRIGHT_ANGLE:
        return Verdict(False, f"{obj} leans by {math.degrees(lean):.0f} degrees", max(0.0, 0.8 * (1 - lean / math.pi)))
    return _settled(state, i, f"{obj} stands upright")


PREDICATES: dict[str, Callable[..., Verdict]] = {
    "on": on,
    "in": in_,
    "lifted": lifted,
    "held": held,
    "near": near,
    "left_of": left_of,
    "right_of": right_of,
    "in_front_of": in_front_of,
    "behind": behind,
    "touching": touching,
    "pushed_to": pushed_to,
    "upright": upright,
}
"""Predicate of each key of `core.goals.SIGNATURES`."""


@lru_cache(maxsize=64)  # task, expert and recorder evaluate the same immutable state
def judge(goal: Goal, state: SceneState, *, peak_rise: float = 0.0) -> Verdict:
    """Return the verdict of a goal's predicate for the state."""
    return _judge_numbers(goal, _Numbers(state), peak_rise)


@lru_cache(maxsize=64)  # a policy gets a copy of the task's state: another object with equal numbers
def _judge_numbers(goal: Goal, numbers: _Numbers, peak_rise: float) -> Verdict:
    state = numbers.state
    if goal.predicate == "pushed_to":
        return pushed_to(state, *goal.args, peak_rise=peak_rise)
    return PREDICATES[goal.predicate](state, *goal.args)


class _Numbers:
    """Cache key of a state, equal if all numbers are equal; copied at creation, so later edits do not change it."""

    __slots__ = ("_bodies", "_key", "state")

    def __init__(self, state: SceneState) -> None:
        self.state, self._bodies = state, state.bodies
        ee, base = state.pose_world_ee, state.pose_world_base
        arrays = (
            *(state.qpos, state.qvel, ee.pos, ee.quat_wxyz, base.pos, base.quat_wxyz),
            *(state.object_pos, state.object_quat, state.object_linvel),
            *(state.initial_object_pos, state.initial_object_quat),
        )
        self._key = (state.time, state.gripper_width, *[array.tobytes() for array in arrays])

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Numbers) and self._key == other._key and self._bodies == other._bodies


def _beside(state: SceneState, a: str, side: str, b: str) -> Verdict:
    i, j = state.index(a), state.index(b)
    dx, dy = SIDE_DIRECTIONS[side]
    mx, my = (float(state.object_pos[i, k]) - float(state.object_pos[j, k]) for k in range(2))
    along, across = mx * dx + my * dy, abs(-mx * dy + my * dx)
    reach = g.half_width_along(state.bodies[i], state.object_quat[i], dx, dy)
    reach += g.half_width_along(state.bodies[j], state.object_quat[j], dx, dy)
    words = side.replace("_", " ")
    if not (reach - 0.005 <= along <= reach + BESIDE_GAP and across <= max(along, reach)):
        return _away(state, i, j, f"{a} is {along:+.3f} m {words} {b} and {across:.3f} m to the side")
    return _settled_on_table(state, i, f"{a} lies {along:.3f} m {words} {b}")


def _gap(state: SceneState, i: int, j: int) -> float:
    distance = g.distance_xy(state, i, j)
    if distance < 1e-6:
        return 0.0
    dx, dy = (float(state.object_pos[i, k] - state.object_pos[j, k]) / distance for k in range(2))
    widths = (g.half_width_along(state.bodies[k], state.object_quat[k], dx, dy) for k in (i, j))
    return max(0.0, distance - sum(widths))


def _away(state: SceneState, i: int, j: int, reason: str) -> Verdict:
    """Return a negative verdict, with progress by the remaining distance between the two objects."""
    start_a, start_b = state.initial_object_pos[i], state.initial_object_pos[j]
    whole = math.hypot(float(start_a[0] - start_b[0]), float(start_a[1] - start_b[1]))
    share = 1.0 - g.distance_xy(state, i, j) / max(whole, 1e-3)
    return Verdict(False, reason, max(0.0, min(0.75, 0.75 * share)))


def _settled(state: SceneState, i: int, reason: str) -> Verdict:
    """Return a positive verdict if the object is at rest and released."""
    if not g.is_released(state, i):
        return Verdict(False, f"{reason}, but the gripper still holds it", 0.9)
    if g.speed(state, i) > STILL_SPEED:
        return Verdict(False, f"{reason}, but it still moves at {g.speed(state, i):.2f} m/s", 0.9)
    return Verdict(True, reason, 1.0)


def _settled_on_table(state: SceneState, i: int, reason: str) -> Verdict:
    if abs(g.bottom(state, i)) > REST_TOLERANCE:
        return Verdict(False, f"{reason}, but {g.bottom(state, i):.3f} m above the table", 0.8)
    return _settled(state, i, reason)
