"""Free places on the table: where an object can be put down or pushed to without touching another."""

from __future__ import annotations

import math
from collections.abc import Iterator

from vla_isaac.core.goals import PUSH_DIRECTIONS, SIDE_DIRECTIONS
from vla_isaac.core.types import SceneState
from vla_isaac.robots import panda
from vla_isaac.tasks import geometry as g

Point = tuple[float, float]

SIDE_REACH = 0.40  # [m] largest distance of a placement to the left and right of the base
FINGER_ROOM = 0.022  # [m] between outlines that lets a finger pass
LEAST_STEP = 0.015  # [m] below this distance two slots count as one
CORNERS_X = tuple(0.34 + 0.04 * k for k in range(10))  # [m] grid of via points of a push
CORNERS_Y = tuple(-0.36 + 0.04 * k for k in range(19))
HOLDER_STEP = 0.046  # [m] between slots inside a bin or on a box: a cube and room for a finger


def outline_radius(state: SceneState, i: int) -> float:
    """Return the radius of the circle around an object seen from above [m]."""
    hx, hy, _ = state.bodies[i].half_extents
    return hx if state.bodies[i].shape in g.ROUND else math.hypot(hx, hy)


def room_at(state: SceneState, i: int, point: Point) -> float:
    """Return the free space around object `i` at `point` [m]; negative if outlines overlap."""
    own = outline_radius(state, i)
    gaps = [
        math.hypot(point[0] - float(state.object_pos[j, 0]), point[1] - float(state.object_pos[j, 1]))
        - own
        - outline_radius(state, j)
        for j in range(len(state.bodies))
        if j != i
    ]
    return min(gaps, default=1.0)


def is_on_table_in_reach(point: Point) -> bool:
    """Return whether the ee can point straight down at `point` from every height."""
    near, far = panda.TOP_DOWN_REACH
    return near <= math.hypot(*point) <= far and abs(point[1]) <= SIDE_REACH and point[0] > 0.2


def place_beside(state: SceneState, a: str, side: str, b: str) -> Point | None:
    """Return the free position with the most clearance for `a` on a side of `b`, or None."""
    i, j = state.index(a), state.index(b)
    points = [p for p in _beside_candidates(state, i, side, j) if is_on_table_in_reach(p)]
    return _roomiest(state, i, points)


def place_near(state: SceneState, a: str, b: str) -> Point | None:
    """Return the free position with the most clearance for `a` close to `b` on any side, or None."""
    i, j = state.index(a), state.index(b)
    reach = outline_radius(state, i) + outline_radius(state, j) + 0.015
    x, y = float(state.object_pos[j, 0]), float(state.object_pos[j, 1])
    turns = [2 * math.pi * k / 16 for k in range(16)]
    points = [(x + reach * math.cos(t), y + reach * math.sin(t)) for t in turns]
    return _roomiest(state, i, [p for p in points if is_on_table_in_reach(p)], least=0.012)


def push_goal(state: SceneState, a: str, where: str, b: str | None, *, direct: bool = True) -> Point | None:
    """Return the target of a push of `a`, or None; constant in an episode, since it depends on the start position of `a`.

    Args:
        state: The current scene.
        a: The pushed object.
        where: A side of `b`, or a direction.
        b: The object the side is of; None for a direction.
        direct: Whether the straight path must be free; otherwise only the target must be.
    """
    i = state.index(a)
    start = (float(state.initial_object_pos[i, 0]), float(state.initial_object_pos[i, 1]))
    if b is None:
        dx, dy = PUSH_DIRECTIONS[where]
        candidates = [(start[0] + d * dx, start[1] + d * dy) for d in (0.10, 0.11, 0.12)]
    else:
        candidates = list(_beside_candidates(state, i, where, state.index(b)))
    within = [p for p in candidates if is_on_table_in_reach(p)]
    free = [p for p in within if _way_is_clear(state, i, start, p)]
    if not free and not direct:
        roomy = [p for p in within if room_at(state, i, p) > 0.0]
        # by a via point if needed, else straight: objects in the path are pushed aside, or the push fails
        free = [p for p in roomy if push_way(state, i, start, p) is not None] or roomy
    return min(free, key=lambda p: math.hypot(p[0] - start[0], p[1] - start[1])) if free else None


def push_way(state: SceneState, i: int, start: Point, end: Point) -> Point | None:
    """Return the next waypoint of a free path from `start` to `end`: the end, or one via point, or None."""
    if _way_is_clear(state, i, start, end, least=0.0):
        return end
    corners = [(x, y) for x in CORNERS_X for y in CORNERS_Y if is_on_table_in_reach((x, y))]
    ways = [
        (math.hypot(c[0] - start[0], c[1] - start[1]) + math.hypot(end[0] - c[0], end[1] - c[1]), c)
        for c in corners
        if _way_is_clear(state, i, start, c) and _way_is_clear(state, i, c, end)
    ]
    return min(ways)[1] if ways else None


def slots(state: SceneState, i: int, j: int) -> list[Point]:
    """Return the slots for object `i` on or in object `j` in world coordinates: the middle, then along j's x axis."""
    x, y = float(state.object_pos[j, 0]), float(state.object_pos[j, 1])
    body = state.bodies[j]
    half = body.cavity[0] if body.cavity else body.half_extents[0]
    room = half - state.bodies[i].half_extents[0] - 0.003
    if body.shape not in ("bin", "box") or room < LEAST_STEP:
        return [(x, y)]
    step = min(room, HOLDER_STEP)
    count = round(room / step - 0.49)
    yaw = g.yaw_of(state.object_quat[j])
    shifts = [0.0] + [sign * k * step for k in range(1, count + 1) for sign in (1, -1)]
    return [(x + shift * math.cos(yaw), y + shift * math.sin(yaw)) for shift in shifts]


def free_slot(state: SceneState, i: int, j: int) -> Point:
    """Return the slot of `j` for object `i` farthest from the objects already there; the middle if there are none."""
    others = [
        (float(state.object_pos[k, 0]), float(state.object_pos[k, 1]))
        for k in range(len(state.bodies))
        if k not in (i, j) and g.distance_xy(state, k, j) < outline_radius(state, j) and not state.bodies[k].fixed
    ]
    places = slots(state, i, j)
    if not others:
        return places[0]
    return max(places, key=lambda p: min(math.hypot(p[0] - x, p[1] - y) for x, y in others))


def _beside_candidates(state: SceneState, i: int, side: str, j: int) -> Iterator[Point]:
    dx, dy = SIDE_DIRECTIONS[side]
    # the moved object turns with the hand: use its largest width, so that the slots stay the same during the motion
    reach = outline_radius(state, i) + g.half_width_along(state.bodies[j], state.object_quat[j], dx, dy)
    x, y = float(state.object_pos[j, 0]), float(state.object_pos[j, 1])
    for gap in (0.025, 0.04, 0.055, 0.07, 0.085):
        for share in (0.0, 0.35, -0.35, 0.7, -0.7):
            along, across = reach + gap, share * reach
            yield x + along * dx - across * dy, y + along * dy + across * dx


def _roomiest(state: SceneState, i: int, points: list[Point], *, least: float = FINGER_ROOM) -> Point | None:
    """Return the first point with ample clearance, else the one with the most, if it is enough."""
    best, best_room = None, least
    for point in points:
        room = room_at(state, i, point)
        if room > 0.04:
            return point
        if room >= best_room:
            best, best_room = point, room
    return best


def _way_is_clear(state: SceneState, i: int, start: Point, end: Point, *, least: float = 0.05) -> bool:
    """Return whether the caged object and the fingers around it can slide from `start` to `end`, `least` [m] away."""
    length = math.hypot(end[0] - start[0], end[1] - start[1])
    if length < max(least, 1e-6):
        return least == 0.0
    ux, uy = (end[0] - start[0]) / length, (end[1] - start[1]) / length
    for j in range(len(state.bodies)):
        if j == i:
            continue
        dx, dy = float(state.object_pos[j, 0]) - start[0], float(state.object_pos[j, 1]) - start[1]
        along, across = dx * ux + dy * uy, -dx * uy + dy * ux
        beyond = max(-0.07 - along, along - length - 0.08, 0.0)
        aside = max(abs(across) - 0.045, 0.0)
        if math.hypot(beyond, aside) < outline_radius(state, j):
            return False
    return True
