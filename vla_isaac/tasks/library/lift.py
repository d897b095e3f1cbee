"""`lift`: pick an object up."""

from __future__ import annotations

import numpy as np

from vla_isaac.core.goals import Goal, plan
from vla_isaac.core.types import SceneState
from vla_isaac.tasks.families import TaskDraw, of_shape, phrase, pick, task

SENTENCES = ("Lift the {a}", "Pick up the {a}", "Raise the {a}")


@task("lift")
def lift(state: SceneState, rng: np.random.Generator) -> TaskDraw:
    """Draw an object to lift."""
    a = pick(rng, of_shape(state, "cube", "cylinder", "ball"))
    return TaskDraw(pick(rng, SENTENCES).format(a=phrase(a)), plan(Goal("lifted", (a,))))
