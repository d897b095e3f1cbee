"""Task family of a goal, independent of the instruction."""

from __future__ import annotations

from collections.abc import Iterable

from vla_isaac.core.goals import GRIPPER, SIDES, Goal, GoalPlan
from vla_isaac.core.types import Body

GRASPABLE = ("cube", "cylinder", "ball")


def family_of(plan: GoalPlan, bodies: Iterable[Body]) -> str | None:
    """Return the family that draws goals like this one, or None.

    Args:
        plan: The goals.
        bodies: The objects of the scene.
    """
    objects = tuple(bodies)
    shapes = {body.name: body.shape for body in objects}
    if len(plan.steps) != 1:
        return None
    goals = plan.steps[0]
    if len(goals) == 1:
        return _of_one(goals[0], shapes)
    kinds = {goal.predicate for goal in goals}
    if any(shapes.get(goal.args[0]) != "cube" for goal in goals):
        return None
    if kinds == {"on"}:
        is_tower = len(goals) == 2 and goals[0].args[1] == goals[1].args[0] and shapes.get(goals[1].args[1]) == "cube"
        return "tower" if is_tower else None
    if kinds != {"in"} or any(shapes.get(goal.args[1]) != "bin" for goal in goals):
        return None
    cubes = {name for name, shape in shapes.items() if shape == "cube"}
    bins = {goal.args[1] for goal in goals}
    if len(bins) == 1 and {goal.args[0] for goal in goals} == cubes:
        return "clear"
    colours = {body.name: body.colour for body in objects}
    is_sorting = len(goals) == 2 and all(colours[goal.args[0]] == colours[goal.args[1]] for goal in goals)
    return "sort" if is_sorting else None


def nearest_family(plan: GoalPlan, bodies: Iterable[Body]) -> str | None:
    """Return the family of a goal or, if no family draws it, the one whose goals have the same relations.

    ``in(green_ball, white_bowl)`` is nearest to `place_in`, which draws cubes and bins.

    Args:
        plan: The goals.
        bodies: The objects of the scene.
    """
    objects = tuple(bodies)
    family = family_of(plan, objects)
    if family is not None or len(plan.steps) != 1:
        return family
    goals = plan.steps[0]
    if len(goals) > 1:
        return "sort" if _is_like_sorting(goals) else None
    return _nearest_of_one(goals[0], {body.name: body.shape for body in objects})


def _nearest_of_one(goal: Goal, shapes: dict[str, str]) -> str | None:
    if goal.predicate == "near":
        return "reach" if goal.args[0] == GRIPPER else None
    if goal.predicate == "on":
        return "stack" if shapes.get(goal.args[1]) == "cube" else "place_on"
    if goal.predicate in SIDES:
        return "move_beside"
    return {"lifted": "lift", "in": "place_in", "pushed_to": "push_to"}.get(goal.predicate)


def _is_like_sorting(goals: tuple[Goal, ...]) -> bool:
    """Return whether each of two objects goes into its own container."""
    is_two_in = len(goals) == 2 and all(goal.predicate == "in" for goal in goals)
    return is_two_in and len({name for goal in goals for name in goal.objects}) == 4


def _of_one(goal: Goal, shapes: dict[str, str]) -> str | None:
    kinds = [shapes.get(name) for name in goal.objects]
    if goal.predicate in ("near", "lifted"):
        is_one_thing = len(kinds) == 1 and kinds[0] in GRASPABLE
        return {"near": "reach", "lifted": "lift"}[goal.predicate] if is_one_thing else None
    if not kinds or kinds[0] != "cube":
        return None
    if goal.predicate == "on":
        return {"box": "place_on", "cube": "stack"}.get(str(kinds[1]))
    if goal.predicate == "in":
        return "place_in" if kinds[1] == "bin" else None
    if goal.predicate == "pushed_to":
        return "push_to"
    return "move_beside" if goal.predicate in SIDES else None
