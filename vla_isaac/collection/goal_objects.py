"""`goal_objects`: positions of the objects of the expert's next goal; auxiliary labels for training, no policy input."""

from __future__ import annotations

import numpy as np

from vla_isaac.core.arrays import AnyArray
from vla_isaac.core.goals import Goal, GoalPlan
from vla_isaac.core.types import SceneState
from vla_isaac.tasks.predicates import judge


def goal_objects(state: SceneState, plan: GoalPlan | None) -> AnyArray:
    """Return the centres of the two objects of the goal that comes next, in the base frame [m], shape (6,).

    A goal with one object has it twice; without a goal it is the end effector, so that every value is finite.
    """
    goal = _next_goal(state, plan)
    named = goal.objects if goal is not None else ()
    places = [state.pos(name) for name in named] or [state.pose_world_ee.pos]
    both = np.concatenate((places[0], places[-1])).astype(np.float64)
    if not state.pose_world_base.is_identity:
        from_world = state.pose_world_base.inverse()
        both = np.concatenate([from_world.apply(place) for place in both.reshape(2, 3)])
    return both.astype(np.float32)


def _next_goal(state: SceneState, plan: GoalPlan | None) -> Goal | None:
    """Return the first goal that does not hold and whose support is not moved first, in the expert's order."""
    for step in plan.steps if plan is not None else ():
        unmet = [goal for goal in step if not judge(goal, state).done]
        moved = {goal.moved for goal in unmet}
        free = [goal for goal in unmet if not (len(goal.objects) == 2 and goal.objects[1] in moved)]
        if unmet:
            return (free or unmet)[0]
    return plan.goals[-1] if plan is not None and plan.goals else None
