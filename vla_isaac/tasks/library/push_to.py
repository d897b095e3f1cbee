"""`push_to`: slide a cube to a side of another object, or some way in a direction, without lifting it."""

from __future__ import annotations

import numpy as np

from vla_isaac.core.goals import DIRECTIONS, SIDES, Goal, plan
from vla_isaac.core.types import SceneState
from vla_isaac.tasks.families import TaskDraw, first_possible, of_shape, phrase, task
from vla_isaac.tasks.predicates import judge
from vla_isaac.tasks.space import push_goal

WORDS = {
    "left_of": "to the left of the {b}",
    "right_of": "to the right of the {b}",
    "in_front_of": "in front of the {b}",
    "behind": "behind the {b}",
    "left": "to the left",
    "right": "to the right",
    "forward": "forward",
    "back": "towards you",
}


@task("push_to")
def push_to(state: SceneState, rng: np.random.Generator) -> TaskDraw:
    """Draw a cube and a place that a clear way leads to."""
    cubes = of_shape(state, "cube")
    targets = [b.name for b in state.bodies]
    choices = [Goal("pushed_to", (a, side, b)) for a in cubes for b in targets if a != b for side in SIDES]
    choices += [Goal("pushed_to", (a, direction)) for a in cubes for direction in DIRECTIONS] * 3
    goal = first_possible(rng, choices, lambda c: _is_possible(state, c), "a push")
    sentence = f"Push the {phrase(goal.args[0])} {WORDS[goal.args[1]]}"
    return TaskDraw(sentence.format(b=phrase(goal.args[-1])), plan(goal))


def _is_possible(state: SceneState, goal: Goal) -> bool:
    to = push_goal(state, goal.args[0], goal.args[1], goal.args[2] if len(goal.args) == 3 else None)
    return to is not None and not judge(goal, state).done
