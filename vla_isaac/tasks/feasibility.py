"""Feasibility check before the first step: fixed objects, closed boxes, objects out of reach."""

from __future__ import annotations

import math

from vla_isaac.core.errors import GoalError
from vla_isaac.core.goals import Goal, GoalPlan
from vla_isaac.core.types import SceneState
from vla_isaac.robots import panda

GRASP_LIMIT = panda.GRIPPER_MAX_WIDTH - 0.005  # [m] width of the widest object that fits between open fingers
REACH_MARGIN = 0.03  # [m] beyond the comfortable reach that is still accepted


def check_feasible(plan: GoalPlan, state: SceneState) -> None:
    """Raise `GoalError` if a goal of the plan cannot be reached from `state` by any policy.

    Args:
        plan: The goals.
        state: The scene at the start of the episode.
    """
    plan.check_objects(body.name for body in state.bodies)
    for goal in plan.goals:
        _check_roles(goal, state)
        for name in goal.objects:
            _check_reach(goal, name, state)


def _check_roles(goal: Goal, state: SceneState) -> None:
    if len(goal.objects) != len(set(goal.objects)):
        raise GoalError(f"{goal}: an object cannot be its own target", remedy="name two different objects")
    if goal.moved is not None:
        body = state.body(goal.moved)
        if body.fixed:
            movable = ", ".join(b.name for b in state.bodies if not b.fixed)
            raise GoalError(
                f"{goal}: {body.name} is fastened to the table and cannot be moved", remedy=f"movable here: {movable}"
            )
        if goal.predicate != "pushed_to" and 2 * min(body.half_extents[:2]) > GRASP_LIMIT:
            raise GoalError(
                f"{goal}: {body.name} is {2 * min(body.half_extents[:2]):.3f} m wide, more than the gripper opens "
                f"({GRASP_LIMIT:.3f} m)",
                remedy="choose a smaller object",
            )
    if goal.predicate == "in" and state.body(goal.args[1]).cavity is None:
        open_ones = ", ".join(b.name for b in state.bodies if b.cavity) or "none"
        raise GoalError(f"{goal}: {goal.args[1]} is closed", remedy=f"use on(...), or an open container (here: {open_ones})")
    if goal.predicate == "on" and state.body(goal.args[1]).shape == "ball":
        raise GoalError(f"{goal}: nothing rests on a ball", remedy="choose another target")


def _check_reach(goal: Goal, name: str, state: SceneState) -> None:
    base = state.pose_world_base.pos
    x, y, z = (float(v) for v in state.pos(name))
    distance = math.hypot(x - float(base[0]), y - float(base[1]))
    near, far = panda.TOP_DOWN_REACH
    if not near - REACH_MARGIN <= distance <= far + REACH_MARGIN or z < -0.05:
        raise GoalError(
            f"{goal}: {name} stands {distance:.2f} m from the robot at height {z:.2f} m, out of reach "
            f"({near:.2f} to {far:.2f} m on the table)",
            remedy="move it or choose another seed",
        )
