"""`push_to`: slide a cube to a side of another object, or some way in a direction, without lifting it."""

from __future__ import annotations

import numpy as np

from vla_isaac.core.goals import DIRECTIONS, SIDES, Goal, plan
from vla_isaac.core.types import SceneState
from vla_isaac.language import lexicon
from vla_isaac.tasks.families import TaskDraw, first_possible, of_shape, phrase, task
from vla_isaac.tasks.free_space import push_goal
from vla_isaac.tasks.predicates import judge


@task("push_to")
def push_to(state: SceneState, rng: np.random.Generator) -> TaskDraw:
    """Draw a cube and a target with a free path."""
    cubes = of_shape(state, "cube")
    targets = [b.name for b in state.bodies]
    choices = [Goal("pushed_to", (a, side, b)) for a in cubes for b in targets if a != b for side in SIDES]
    choices += [Goal("pushed_to", (a, direction)) for a in cubes for direction in DIRECTIONS] * 3
    goal = first_possible(rng, choices, lambda c: _is_possible(state, c), "a push")
    name, where, *landmark = goal.args
    words = [lexicon().words.place(where).common[0], *(f"the {phrase(b)}" for b in landmark)]
    return TaskDraw(f"Push the {phrase(name)} {' '.join(words)}", plan(goal))


def _is_possible(state: SceneState, goal: Goal) -> bool:
    to = push_goal(state, goal.args[0], goal.args[1], goal.args[2] if len(goal.args) == 3 else None)
    return to is not None and not judge(goal, state).done
