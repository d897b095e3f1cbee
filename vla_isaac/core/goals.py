"""Goals as plain data and as text: ``on(red_cube, blue_box)``, joined by ``and``, ordered by ``then``.

`tasks.predicates` evaluates the predicates; this module has only their names and arguments, so that a goal can be
written to a file, sent to a worker and passed to the expert.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vla_isaac.core.errors import GoalError, unknown

GRIPPER = "gripper"
"""The name of the end effector in a goal, as in ``near(gripper, red_cube)``."""

DIRECTIONS = ("left", "right", "forward", "back")
"""Directions from the robot's view: left is +y of the base, forward is +x, away from the base."""

SIDES = ("left_of", "right_of", "in_front_of", "behind")
"""Relations from the robot's view: behind is farther from the base."""

SIDE_DIRECTIONS: dict[str, tuple[float, float]] = {
    "left_of": (0.0, 1.0),
    "right_of": (0.0, -1.0),
    "in_front_of": (-1.0, 0.0),
    "behind": (1.0, 0.0),
}
"""Unit vectors in x, y of the base, from the robot's view: left is +y, behind is farther from the base."""

PUSH_DIRECTIONS: dict[str, tuple[float, float]] = {
    "left": (0.0, 1.0),
    "right": (0.0, -1.0),
    "forward": (1.0, 0.0),
    "back": (-1.0, 0.0),
}

SIGNATURES: dict[str, tuple[str, ...]] = {
    "on": ("object", "object"),
    "in": ("object", "object"),
    "lifted": ("object",),
    "held": ("object",),
    "near": ("object or gripper", "object"),
    "left_of": ("object", "object"),
    "right_of": ("object", "object"),
    "in_front_of": ("object", "object"),
    "behind": ("object", "object"),
    "touching": ("object",),
    "pushed_to": ("object", "side or direction", "object, with a side"),
    "upright": ("object",),
}
"""Every predicate and what its arguments are; `pushed_to` takes (object, direction) or (object, side, object)."""


@dataclass(frozen=True)
class Goal:
    """One predicate over named objects."""

    predicate: str
    """A key of `SIGNATURES`."""

    args: tuple[str, ...]
    """Object names, or for `pushed_to` also a side or a direction."""

    def __post_init__(self) -> None:
        _check_arity(self)

    def __str__(self) -> str:
        return f"{self.predicate}({', '.join(self.args)})"

    @property
    def objects(self) -> tuple[str, ...]:
        """The scene objects this goal is about, in order."""
        return tuple(a for a in self.args if a not in SIDES and a not in DIRECTIONS and a != GRIPPER)

    @property
    def moved(self) -> str | None:
        """The object that has to be moved, or None for goals about the gripper."""
        return None if self.args[0] == GRIPPER or self.predicate == "touching" else self.args[0]


@dataclass(frozen=True)
class GoalPlan:
    """Steps in order; the goals of one step must hold together."""

    steps: tuple[tuple[Goal, ...], ...]

    def __str__(self) -> str:
        return " then ".join(" and ".join(map(str, step)) for step in self.steps)

    def to_json(self) -> str | list[str]:
        """Return the text of a single step, or the list of texts of a sequence."""
        texts = [" and ".join(map(str, step)) for step in self.steps]
        return texts[0] if len(texts) == 1 else texts

    @property
    def goals(self) -> tuple[Goal, ...]:
        """All goals of all steps."""
        return tuple(goal for step in self.steps for goal in step)

    @property
    def objects(self) -> tuple[str, ...]:
        """Every object the plan names, each once, in order of mention."""
        return tuple(dict.fromkeys(name for goal in self.goals for name in goal.objects))

    def check_objects(self, known: Iterable[str]) -> None:
        """Raise `GoalError` if the plan names an object that is not among `known`."""
        names = list(known)
        for name in self.objects:
            if name not in names:
                raise unknown(GoalError, f"the goal names {name!r}, which is not in the scene", name, names, label="It has")


def plan(*goals: Goal) -> GoalPlan:
    """Return a plan of one step in which all `goals` must hold together."""
    return GoalPlan((goals,))


def parse_goal(text: str) -> GoalPlan:
    """Read ``on(a, b) and in(c, d) then lifted(a)``.

    Raises:
        GoalError: If the text is malformed or a predicate or its number of arguments is wrong.
    """
    steps = [part for part in re.split(r"\s+then\s+|;", text.strip()) if part.strip()]
    if not steps:
        raise GoalError(f"the goal {text!r} is empty", remedy="write for example \"on(red_cube, blue_box)\", or 'none'")
    return GoalPlan(tuple(tuple(_parse_one(g, text) for g in re.split(r"\s+and\s+|&", step)) for step in steps))


def goal_from_json(value: str | Sequence[str] | None) -> GoalPlan | None:
    """Return the plan that `GoalPlan.to_json` wrote; None for an empty value.

    Raises:
        GoalError: If a text is malformed.
    """
    texts = [value] if isinstance(value, str) else list(value or [])
    return parse_goal(" then ".join(texts)) if texts else None


def _parse_one(text: str, whole: str) -> Goal:
    match = re.fullmatch(r"\s*([a-z_]+)\s*\(\s*([^()]*?)\s*\)\s*", text)
    if match is None:
        raise GoalError(
            f"cannot read {text.strip()!r} in the goal {whole!r}",
            remedy='write predicate(object, object), for example "on(red_cube, blue_box)", joined by "and" or "then"',
        )
    args = tuple(a.strip() for a in match[2].split(",")) if match[2] else ()
    return Goal(match[1], args)


def _check_arity(goal: Goal) -> None:
    if goal.predicate not in SIGNATURES:
        raise unknown(GoalError, f"no predicate named {goal.predicate!r}", goal.predicate, SIGNATURES)
    if goal.predicate == "pushed_to":
        _check_push(goal)
        return
    if GRIPPER in goal.args and not (
        goal.predicate == "near" and goal.args.index(GRIPPER) == 0 == goal.args.count(GRIPPER) - 1
    ):
        raise GoalError(
            f"{goal.predicate}({', '.join(goal.args)}): {GRIPPER!r} is no object",
            remedy="it may only come first in near, as in near(gripper, red_cube)",
        )
    expected = SIGNATURES[goal.predicate]
    if len(goal.args) != len(expected) or not all(goal.args):
        raise GoalError(
            f"{goal.predicate} takes {len(expected)} argument{'s' * (len(expected) != 1)} ({', '.join(expected)}), "
            f"got {len(goal.args)} in {goal.predicate}({', '.join(goal.args)})"
        )


def _check_push(goal: Goal) -> None:
    to_direction = len(goal.args) == 2 and goal.args[1] in DIRECTIONS
    to_side = len(goal.args) == 3 and goal.args[1] in SIDES
    if not (to_direction or to_side):
        raise GoalError(
            f"pushed_to takes (object, direction) or (object, side, object), got ({', '.join(goal.args)})",
            remedy=f"directions: {', '.join(DIRECTIONS)}; sides: {', '.join(SIDES)}",
        )
