"""`clear`: put all cubes into one bin."""

from __future__ import annotations

import numpy as np

from vla_isaac.core.goals import Goal, GoalPlan
from vla_isaac.core.types import SceneState
from vla_isaac.tasks.families import TaskDraw, of_shape, phrase, pick, task

SENTENCES = ("Put all the cubes in the {b}", "Put all cubes into the {b}")


@task("clear")
def clear(state: SceneState, rng: np.random.Generator) -> TaskDraw:
    """Draw the bin."""
    b = pick(rng, of_shape(state, "bin"))
    goals = tuple(Goal("in", (a, b)) for a in of_shape(state, "cube"))
    return TaskDraw(pick(rng, SENTENCES).format(b=phrase(b)), GoalPlan((goals,)))
