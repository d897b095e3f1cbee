"""References that the layout or a size decides: the objects that "the leftmost cube" or "the cube next to the bowl" means.

Sides and distances are those of the robot's base: left is +y, behind is farther along +x. A choice that a centimetre, or
a tenth of a size, could change is an error: a wrong object is worse than a question.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from vla_isaac.core.errors import InstructionError
from vla_isaac.core.goals import SIDE_DIRECTIONS, SIDES, Goal
from vla_isaac.core.types import Body
from vla_isaac.tasks.geometry import ROUND
from vla_isaac.tasks.language.noun_phrases import NounPhrase, Whereabouts
from vla_isaac.tasks.language.tokens import UnreadableError

NEXT_TO_GAP = 0.12  # [m] largest gap between the outlines of objects that are next to each other
CLEARANCE = 0.01  # [m] by which one object must be nearer, or farther to a side, than the others
SIZE_RATIO = 1.10  # by which one object must be larger than the others
_LEAST_ASIDE = 0.03  # [m] to a side, from which an object is on that side
_WIDE = 2.0  # sideways offset over distance to a side, up to which an object may be meant by "left of"

RELATIONS = ("near", *SIDES, "on", "in", "between", "nearest", "farthest")
"""Relations that tell an object from others of its kind."""

_OF_TWO = {
    "left": "leftmost", "right": "rightmost", "nearer": "nearest", "larger": "largest", "smaller": "smallest",
    "taller": "tallest", "shorter": "shortest",
}  # fmt: skip
_CLOSE = re.compile(r"\b(just|directly|right (in|behind))\b")
"""Words of a relation that ask for the object close to the landmark, as in "right behind the ball"."""
_ALONG = {"leftmost": (0.0, 1.0), "rightmost": (0.0, -1.0)}
_SIZES = {"largest": 1, "smallest": -1, "tallest": 1, "shortest": -1}


@dataclass(frozen=True)
class Layout:
    """Where the objects stand, as far as it is known."""

    places: Mapping[str, Sequence[float]] | None = None
    """Object name to x, y or x, y, z in the base frame [m]; None if the caller gave none."""

    moved: frozenset[str] = field(default=frozenset())
    """Objects that earlier steps move to a place that is not known."""

    def __post_init__(self) -> None:
        for name, place in (self.places or {}).items():
            if len(place) not in (2, 3) or not all(math.isfinite(v) for v in place):
                raise InstructionError(
                    f"the position of {name} is {list(place)}", remedy="give x, y or x, y, z in the base frame [m]"
                )

    def xy(self, body: Body) -> tuple[float, float]:
        """Return where the object's centre is, x and y [m].

        Raises:
            UnreadableError: If it is not known.
        """
        if body.name in self.moved:
            raise UnreadableError(
                f"where {body.name} is after the earlier steps is not known, and it decides which object is meant",
                remedy="name the object of the later step by its colour and shape",
            )
        if self.places is None or body.name not in self.places:
            raise UnreadableError(
                f"where {body.name} is decides which object is meant, and that is not known here",
                remedy="the positions of the objects are needed for that; give them, or name the object by colour and shape",
            )
        x, y = self.places[body.name][:2]
        return float(x), float(y)

    def height_above(self, body: Body, other: Body) -> float | None:
        """Return how much higher one centre is than another [m]; None if a position has no height."""
        places = [self.places[b.name] for b in (body, other) if self.places is not None and b.name in self.places]
        is_known = len(places) == 2 and all(len(place) == 3 for place in places)
        return float(places[0][2]) - float(places[1][2]) if is_known else None

    def after(self, goals: Sequence[Goal]) -> Layout:
        """Return the layout when the goals hold: what is put on or in another object is where that is.

        What is lifted, held or turned upright counts as where it was.
        """
        places, moved = {name: place[:2] for name, place in (self.places or {}).items()}, set(self.moved)
        for goal in goals:
            if goal.moved is None or goal.predicate in ("lifted", "held", "upright"):
                continue
            moved.add(goal.moved)
            target = goal.objects[-1]
            if goal.predicate in ("on", "in") and target not in moved and target in places:
                places[goal.moved] = places[target]
                moved.discard(goal.moved)
        return Layout(None if self.places is None else places, frozenset(moved))


def narrowed(
    phrase: NounPhrase, bodies: Sequence[Body], layout: Layout, landmark: Callable[[NounPhrase], Body]
) -> list[Body]:
    """Return which of `bodies`, which the words of `phrase` fit, it means by layout and size.

    Args:
        phrase: The description; "other" is not judged here.
        bodies: The objects that its other words fit.
        layout: Where the objects stand.
        landmark: Returns the object that a phrase in the description means.

    Raises:
        UnreadableError: If a position is needed and not known, or the choice is not clear.
    """
    found = list(bodies)
    for where in phrase.whereabouts:
        landmarks = [landmark(other) for other in where.landmarks]
        found = _placed_at(phrase, where, [b for b in found if b not in landmarks], landmarks, layout)
    value = phrase.choice.value if phrase.choice is not None else "other"
    if value in _OF_TWO:
        if len(found) > 2:
            raise _unclear(phrase, found, f"it chooses one of two, and {len(found)} fit")
        value = _OF_TWO[value]
    if value == "other" or len(found) < 2:
        return found
    return [_of_size(phrase, found, value) if value in _SIZES else _outermost(phrase, found, value, layout)]


def extreme_from(phrase: NounPhrase, value: str, bodies: Sequence[Body], other: Body, layout: Layout) -> Body:
    """Return which of `bodies` is the nearest to another object, or the farthest from it, as `value` says."""
    if len(bodies) == 1:
        return bodies[0]
    sign = -1 if value == "nearest" else 1
    return _largest(phrase, [(sign * _gap(body, other, layout), body) for body in bodies])


def contains(outer: Body, inner: Body, layout: Layout) -> bool:
    """Return whether the centre of an object is over another, as that of what lies on or in it is."""
    dx, dy = _offset(inner, outer, layout)
    if outer.shape in ROUND:
        return math.hypot(dx, dy) <= outer.half_extents[0]
    return abs(dx) <= outer.half_extents[0] and abs(dy) <= outer.half_extents[1]


def _placed_at(
    phrase: NounPhrase, where: Whereabouts, bodies: Sequence[Body], landmarks: Sequence[Body], layout: Layout
) -> list[Body]:
    """Return the bodies of which the relation to the landmarks holds."""
    if where.relation in ("nearest", "farthest"):
        inside = [body for body in bodies if contains(landmarks[0], body, layout) and len(bodies) > 1]
        if inside and where.relation == "nearest":
            raise _unclear(phrase, bodies, f"{inside[0].name} lies in or on {landmarks[0].name}")
        return [extreme_from(phrase, where.relation, bodies, landmarks[0], layout)] if bodies else []
    degrees = [(_degree(where, body, landmarks, layout), body) for body in bodies]
    fitting = [body for degree, body in degrees if degree == 1.0]
    doubtful = [body for degree, body in degrees if degree == 0.5]
    on_side = [body for degree, body in degrees if degree > 0.0]
    if where.relation in SIDES and len(on_side) == 1:
        return on_side
    if doubtful and len(fitting) < 2:
        raise _unclear(phrase, [*fitting, *doubtful], f"whether it fits {', '.join(b.name for b in doubtful)} is not clear")
    return fitting


def _degree(where: Whereabouts, body: Body, landmarks: Sequence[Body], layout: Layout) -> float:
    """Return 1 if a relation holds, 0.5 if opinions may differ, 0.25 if an object is only on that side, otherwise 0."""
    other = landmarks[0]
    if where.relation == "between":
        return _between(body, other, landmarks[1], layout)
    if where.relation in ("on", "in"):
        return _lying(where.relation, body, other, layout) if contains(other, body, layout) else 0.0
    if contains(other, body, layout) or contains(body, other, layout):
        return 0.0
    gap = _gap(body, other, layout)
    if where.relation == "near":
        return 1.0 if gap <= NEXT_TO_GAP else 0.5 if gap <= NEXT_TO_GAP + CLEARANCE else 0.0
    degree = _side_degree(where.relation, body, other, layout)
    is_close = gap <= NEXT_TO_GAP and degree == 1.0
    return float(is_close) if _CLOSE.search(where.text) else degree


def _side_degree(side: str, body: Body, other: Body, layout: Layout) -> float:
    """Return 1 for an object within 45 degrees of the direction to a side, 0.5 and 0.25 for others on that side."""
    dx, dy = SIDE_DIRECTIONS[side]
    mx, my = _offset(body, other, layout)
    along, across = mx * dx + my * dy, abs(-mx * dy + my * dx)
    reach = _half_width(body, dx, dy) + _half_width(other, dx, dy)
    if across <= max(along, reach) and along >= reach - CLEARANCE:
        return 1.0
    if along < _LEAST_ASIDE:
        return 0.0
    return 0.5 if across <= max(_WIDE * along, reach) else 0.25


def _lying(relation: str, body: Body, other: Body, layout: Layout) -> float:
    """Return whether an object over another lies in it or on it; 0.5 if either may be the lower one."""
    if (other.cavity is not None) != (relation == "in") or body.fixed:
        return 0.0
    height = layout.height_above(body, other)
    if relation == "in" or other.fixed:
        return 1.0
    return 0.5 if height is None else float(height > 0)


def _between(body: Body, first: Body, second: Body, layout: Layout) -> float:
    """Return 1 for an object on the line between two others, 0.5 next to that line."""
    length = math.hypot(*_offset(second, first, layout))
    if length < CLEARANCE:
        return 0.0
    dx, dy = (v / length for v in _offset(second, first, layout))
    mx, my = _offset(body, first, layout)
    along, across = mx * dx + my * dy, abs(-mx * dy + my * dx)
    widths = _half_width(body, -dy, dx) + max(_half_width(b, -dy, dx) for b in (first, second))
    if not 0.0 < along < length or across > max(2 * widths, length / 2):
        return 0.0
    return 1.0 if across <= widths else 0.5


def _outermost(phrase: NounPhrase, bodies: Sequence[Body], value: str, layout: Layout) -> Body:
    """Return the leftmost, rightmost, nearest or farthest object, seen from the base."""
    scores: list[tuple[float, Body]] = []
    for body in bodies:
        x, y = layout.xy(body)
        dx, dy = _ALONG.get(value, (0.0, 0.0))
        distance = math.hypot(x, y)
        scores.append((x * dx + y * dy if value in _ALONG else distance if value == "farthest" else -distance, body))
    return _largest(phrase, scores)


def _largest(phrase: NounPhrase, scores: Sequence[tuple[float, Body]]) -> Body:
    """Return the object of the largest score [m], unless another is as good within a centimetre."""
    ordered = sorted(scores, key=lambda pair: -pair[0])
    best = ordered[0][0]
    tied = [body for score, body in ordered if best - score < CLEARANCE]
    if len(tied) > 1:
        raise _unclear(phrase, tied, "they differ by less than 1 cm")
    return tied[0]


def _of_size(phrase: NounPhrase, bodies: Sequence[Body], value: str) -> Body:
    """Return the largest or smallest object, by volume and longest side, or the tallest or shortest."""
    measures: tuple[Callable[[Body], float], ...] = (lambda b: b.half_extents[2],)
    if value in ("largest", "smallest"):
        measures = (lambda b: math.prod(b.half_extents) ** (1 / 3), lambda b: max(b.half_extents))
    chosen: dict[str, Body] = {}
    for measure in measures:
        ordered = sorted(bodies, key=lambda body: -_SIZES[value] * measure(body))
        tied = [b for b in ordered if max(r := measure(ordered[0]) / measure(b), 1 / r) < SIZE_RATIO - 1e-9]
        if len(tied) > 1:
            raise _unclear(phrase, tied, "they differ by less than 10 % in size")
        chosen[tied[0].name] = tied[0]
    if len(chosen) > 1:
        raise _unclear(phrase, list(chosen.values()), "one has the larger volume, another the longer side")
    return next(iter(chosen.values()))


def _offset(body: Body, other: Body, layout: Layout) -> tuple[float, float]:
    """Return x, y of an object as seen from another [m]."""
    (x, y), (other_x, other_y) = layout.xy(body), layout.xy(other)
    return x - other_x, y - other_y


def _gap(body: Body, other: Body, layout: Layout) -> float:
    """Return the distance between the outlines of two objects [m], as if their sides were parallel to x and y."""
    dx, dy = _offset(body, other, layout)
    distance = math.hypot(dx, dy)
    if distance < CLEARANCE:
        return 0.0
    return max(0.0, distance - sum(_half_width(b, dx / distance, dy / distance) for b in (body, other)))


def _half_width(body: Body, dx: float, dy: float) -> float:
    """Return half of the object's width along a unit direction [m], its sides parallel to x and y."""
    hx, hy, _ = body.half_extents
    return hx if body.shape in ROUND else abs(dx) * hx + abs(dy) * hy


def _unclear(phrase: NounPhrase, bodies: Sequence[Body], why: str) -> UnreadableError:
    word = phrase.choice.text if phrase.choice is not None else phrase.text
    names = " or ".join(body.name for body in bodies)
    return UnreadableError(
        f'"{word}" is not supported where it is not clear: "{phrase.text}" may be {names}, {why}',
        remedy="name the object by its colour and shape",
    )
