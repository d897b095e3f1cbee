"""`move_beside`: pick a cube up and put it down on a side of another object."""

from __future__ import annotations

import numpy as np

from vla_isaac.core.goals import SIDES, Goal, plan
from vla_isaac.core.types import SceneState
from vla_isaac.language import lexicon
from vla_isaac.tasks.families import TaskDraw, first_possible, of_shape, phrase, pick, task
from vla_isaac.tasks.free_space import place_beside
from vla_isaac.tasks.predicates import judge

SENTENCES = ("Move the {a} {side} the {b}", "Put the {a} {side} the {b}", "Pick up the {a} and place it {side} the {b}")


@task("move_beside")
def move_beside(state: SceneState, rng: np.random.Generator) -> TaskDraw:
    """Draw a cube, a side and an object that has room there."""
    cubes = of_shape(state, "cube")
    choices = [Goal(side, (a, b.name)) for a in cubes for b in state.bodies if a != b.name for side in SIDES]
    goal = first_possible(rng, choices, lambda c: _is_possible(state, c), "a place beside another object")
    a, b = map(phrase, goal.args)
    side = lexicon().words.place(goal.predicate).common[0]
    return TaskDraw(pick(rng, SENTENCES).format(a=a, side=side, b=b), plan(goal))


def _is_possible(state: SceneState, goal: Goal) -> bool:
    return place_beside(state, goal.args[0], goal.predicate, goal.args[1]) is not None and not judge(goal, state).done
