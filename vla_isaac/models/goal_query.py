"""`goal_query`: the goals of an instruction as class labels, the training target of the grounding. Numpy only.

An instruction has up to `NUM_GOALS` goals. Each is a relation of a moved (or approached) object and, for most relations, a
reference object, both given by colour and shape.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.goals import DIRECTIONS, GRIPPER, SIDES, Goal, GoalPlan
from vla_isaac.core.types import Body
from vla_isaac.scene.colours import COLOURS
from vla_isaac.scene.objects import SHAPES

RELATIONS = (
    "none",
    "near_gripper",
    "lifted",
    "on",
    "in",
    *SIDES,
    *(f"push_{side}" for side in SIDES),
    *(f"push_{direction}" for direction in DIRECTIONS),
)
"""Classes of a goal; ``none`` where the instruction has no second goal."""

COLOUR_NAMES = tuple(COLOURS)
ANY = len(COLOUR_NAMES)
"""Colour class of the moved object where an instruction means all objects of a shape."""

NUM_GOALS = 2
NUM_COLOURS, NUM_SHAPES = len(COLOUR_NAMES), len(SHAPES)
UNSPECIFIED = -1
"""Label of an object that a goal does not have; ignored by the loss."""

WIDTH = 5
"""Numbers of a goal: relation, colour and shape of the moved object, colour and shape of the reference object."""


def goal_query(plan: GoalPlan, bodies: Sequence[Body]) -> AnyArray | None:
    """Return the labels of a plan, int64 (NUM_GOALS, WIDTH), or None if it cannot be expressed in these classes.

    Args:
        plan: Goals over names of objects.
        bodies: The objects of the scene.
    """
    named = {body.name: body for body in bodies}
    goals = plan.goals
    labels = np.full((NUM_GOALS, WIDTH), UNSPECIFIED, dtype=np.int64)
    labels[:, 0] = 0
    if len(goals) > 1 and _is_clearing(goals, named, bodies):
        labels[0] = _one(goals[0], named)
        labels[0, 1] = ANY
        return labels
    if len(goals) > NUM_GOALS or any(relation_of(goal) is None for goal in goals):
        return None
    for row, goal in enumerate(goals):
        labels[row] = _one(goal, named)
    return labels


def relation_of(goal: Goal) -> str | None:
    """Return the relation class of a goal, or None if it has none."""
    if goal.predicate == "near":
        return "near_gripper" if goal.args[0] == GRIPPER else None
    if goal.predicate == "pushed_to":
        return f"push_{goal.args[1]}"
    return goal.predicate if goal.predicate in RELATIONS else None


def _one(goal: Goal, named: dict[str, Body]) -> list[int]:
    relation = relation_of(goal)
    assert relation is not None
    row = [RELATIONS.index(relation), UNSPECIFIED, UNSPECIFIED, UNSPECIFIED, UNSPECIFIED]
    for place, name in enumerate(goal.objects):
        row[1 + 2 * place] = COLOUR_NAMES.index(named[name].colour)
        row[2 + 2 * place] = SHAPES.index(named[name].shape)
    return row


def _is_clearing(goals: Sequence[Goal], named: dict[str, Body], bodies: Sequence[Body]) -> bool:
    """Return whether all objects of one shape go into the same container."""
    if {goal.predicate for goal in goals} != {"in"} or len({goal.args[1] for goal in goals}) != 1:
        return False
    shapes = {named[goal.args[0]].shape for goal in goals}
    return len(shapes) == 1 and len(goals) == sum(body.shape in shapes for body in bodies)
