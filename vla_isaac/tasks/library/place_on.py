"""`place_on`: put a cube on a closed box."""

from __future__ import annotations

import numpy as np

from vla_isaac.core.goals import Goal, plan
from vla_isaac.core.types import SceneState
from vla_isaac.tasks.families import TaskDraw, of_shape, phrase, pick, task

SENTENCES = (
    "Pick up the {a} and place it on the {b}",
    "Put the {a} on the {b}",
    "Place the {a} on top of the {b}",
)


@task("place_on")
def place_on(state: SceneState, rng: np.random.Generator) -> TaskDraw:
    """Draw a cube and a box."""
    a, b = pick(rng, of_shape(state, "cube")), pick(rng, of_shape(state, "box"))
    return TaskDraw(pick(rng, SENTENCES).format(a=phrase(a), b=phrase(b)), plan(Goal("on", (a, b))))
