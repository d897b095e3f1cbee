"""A plan of goals as classes of each object, which the grounding network predicts.

Each object has, in each of `STEPS` steps, one of `RELATIONS` (mostly ``none``), and the number of the object that the
relation refers to. A sentence that cannot be done has one of `CANNOT` instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.goals import DIRECTIONS, GRIPPER, SIDES, Goal, GoalPlan

SAME = {"held": "lifted"}
"""Predicates that the network does not tell from another."""

STEPS = 3
"""Steps of a plan that are expressed; all goals of one step must hold together."""

REACH = "reach"
WITH_OTHER = ("on", "in", *SIDES, "near", *(f"push_{side}" for side in SIDES))
RELATIONS = ("none", REACH, "lifted", *(f"push_{direction}" for direction in DIRECTIONS), *WITH_OTHER)
"""Relations of a moved (or approached) object; those of `WITH_OTHER` refer to another object."""

CANNOT = ("unknown_thing", "unknown_action", "ambiguous", "contradiction", "forbidden", "impossible")
"""Why a sentence cannot be done."""

KINDS = ("do", *CANNOT)


class Wish(NamedTuple):
    """One goal over numbers of objects."""

    relation: str
    """One of `RELATIONS`."""

    moved: int
    other: int = -1
    """-1 if the relation has none."""


Steps = tuple[tuple[Wish, ...], ...]
"""Wishes in order; those of one step must hold together."""


class Labels(NamedTuple):
    """Classes of B sentences; N objects."""

    kind: AnyArray
    """Index of `KINDS`, int64 (B,)."""

    relation: AnyArray
    """Indices of `RELATIONS`, int64 (B, N, STEPS)."""

    other: AnyArray
    """Number of the other object, int64 (B, N, STEPS); -1 if there is none."""


def labels_of(kinds: Sequence[str], steps: Sequence[Steps], objects: int) -> Labels:
    """Return the classes of sentences.

    Args:
        kinds: One of `KINDS` for each sentence.
        steps: The wishes of each sentence; empty where the kind is not ``do``.
        objects: The largest number of objects, N.
    """
    relation = np.zeros((len(kinds), objects, STEPS), dtype=np.int64)
    other = np.full_like(relation, -1)
    for row, plan in enumerate(steps):
        for step, wishes in enumerate(plan):
            for wish in wishes:
                relation[row, wish.moved, step] = RELATIONS.index(wish.relation)
                other[row, wish.moved, step] = wish.other
    return Labels(np.array([KINDS.index(kind) for kind in kinds], dtype=np.int64), relation, other)


def is_expressible(steps: Steps) -> bool:
    """Return whether a plan fits into `STEPS` steps with one relation of each object in a step."""
    return 0 < len(steps) <= STEPS and all(len({w.moved for w in step}) == len(step) for step in steps)


def is_circular(steps: Steps) -> bool:
    """Return whether an object is to be moved to itself."""
    return any(wish.moved == wish.other for step in steps for wish in step)


def plan_of(steps: Steps, names: Sequence[str]) -> GoalPlan:
    """Return the plan of wishes over the names of objects."""
    return GoalPlan(tuple(tuple(_goal(wish, names) for wish in step) for step in steps))


def _goal(wish: Wish, names: Sequence[str]) -> Goal:
    moved = names[wish.moved]
    if wish.relation == REACH:
        return Goal("near", (GRIPPER, moved))
    if wish.relation.startswith("push_"):
        way = wish.relation.removeprefix("push_")
        return Goal("pushed_to", (moved, way, *((names[wish.other],) if wish.other >= 0 else ())))
    return Goal(wish.relation, (moved, *((names[wish.other],) if wish.other >= 0 else ())))


def wishes_of(plan: GoalPlan, names: Sequence[str]) -> Steps | None:
    """Return the wishes of a plan, None if a goal is none of `RELATIONS`."""
    steps = []
    for step in plan.steps:
        wishes = [_wish(goal, list(names)) for goal in step]
        if any(wish is None for wish in wishes):
            return None
        steps.append(tuple(wish for wish in wishes if wish is not None))
    return tuple(steps)


def _wish(goal: Goal, names: list[str]) -> Wish | None:
    if goal.predicate == "touching" or (goal.predicate == "near" and goal.args[0] == GRIPPER):
        return Wish(REACH, names.index(goal.args[-1]))
    relation = f"push_{goal.args[1]}" if goal.predicate == "pushed_to" else SAME.get(goal.predicate, goal.predicate)
    if relation not in RELATIONS:
        return None
    objects = goal.objects
    return Wish(relation, names.index(objects[0]), names.index(objects[1]) if len(objects) > 1 else -1)
