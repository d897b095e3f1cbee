"""`stack`: put one cube on another."""

from __future__ import annotations

import numpy as np

from vla_isaac.core.goals import Goal, plan
from vla_isaac.core.types import SceneState
from vla_isaac.tasks.families import TaskDraw, of_shape, phrase, pick, task

SENTENCES = ("Stack the {a} on the {b}", "Put the {a} on top of the {b}")


@task("stack")
def stack(state: SceneState, rng: np.random.Generator) -> TaskDraw:
    """Draw two cubes."""
    cubes = rng.permutation(of_shape(state, "cube"))
    a, b = str(cubes[0]), str(cubes[1])
    return TaskDraw(pick(rng, SENTENCES).format(a=phrase(a), b=phrase(b)), plan(Goal("on", (a, b))))
