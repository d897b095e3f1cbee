"""Classification of failed episodes by name, from the states of the episode."""

from __future__ import annotations

import math
from typing import Literal

from vla_isaac.core.goals import GoalPlan
from vla_isaac.core.types import SceneState
from vla_isaac.tasks import geometry as g

Failure = Literal["never_reached", "missed_grasp", "wrong_object", "dropped", "off_target", "flung", "timed_out"]

REACHED = 0.03  # [m] from the ee to the object's surface
LIFTED = 0.025  # [m] above its start
MOVED = 0.02  # [m] along the table
FLUNG_SPEED = 2.0  # [m/s], faster than the gripper ever moves
OFF_TABLE = -0.05  # [m]
NEAR_TARGET = 0.15  # [m] between centres: closer is off target, farther is dropped


class FailureWatch:
    """Records the facts of an episode from which its failure is named."""

    def __init__(self, plan: GoalPlan) -> None:
        """Track the objects that the plan moves or, if it moves none, those it names."""
        moved = [goal.moved for goal in plan.goals if goal.moved]
        self._plan = plan
        self._targets = tuple(dict.fromkeys(moved)) or plan.objects
        self._nearest = math.inf
        self._lifted: set[str] = set()
        self._flung = False

    def update(self, state: SceneState) -> None:
        """Record one state."""
        ee = state.pose_world_ee.pos
        point = (float(ee[0]), float(ee[1]), float(ee[2]))
        for i, body in enumerate(state.bodies):
            if body.fixed:
                continue
            if float(state.object_pos[i, 2]) - float(state.initial_object_pos[i, 2]) > LIFTED:
                self._lifted.add(body.name)
            if float(state.object_pos[i, 2]) < OFF_TABLE or g.speed(state, i) > FLUNG_SPEED:
                self._flung = True
        for name in self._targets:
            self._nearest = min(self._nearest, g.gap_to_point(state, state.index(name), point))

    def name(self, state: SceneState) -> Failure:
        """Return the name of the failure of an episode that ended in `state` without success."""
        if self._flung:
            return "flung"
        lifted = self._lifted.intersection(self._targets)
        if self._lifted - set(self._targets) and not lifted:
            return "wrong_object"
        if self._nearest > REACHED:
            return "never_reached"
        goal = next((goal for goal in self._plan.goals if goal.moved), None)
        if goal is None:
            return "timed_out"
        if goal.predicate == "pushed_to":
            return "off_target" if self._was_moved(state) else "missed_grasp"
        if not lifted:
            return "missed_grasp"
        return self._after_lifting(state)

    def _after_lifting(self, state: SceneState) -> Failure:
        for goal in self._plan.goals:
            if goal.moved not in self._lifted:
                continue
            i = state.index(str(goal.moved))
            if not g.is_released(state, i):
                return "timed_out"  # still in the hand
            if len(goal.objects) == 2:
                near = g.distance_xy(state, i, state.index(goal.objects[1])) < NEAR_TARGET
                return "off_target" if near else "dropped"
            return "dropped"
        return "timed_out"

    def _was_moved(self, state: SceneState) -> bool:
        return any(g.way_moved(state, state.index(name)) > MOVED for name in self._targets)
