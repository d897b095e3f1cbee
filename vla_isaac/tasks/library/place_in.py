"""`place_in`: put a cube into an open bin."""

from __future__ import annotations

import numpy as np

from vla_isaac.core.goals import Goal, plan
from vla_isaac.core.types import SceneState
from vla_isaac.tasks.families import TaskDraw, of_shape, phrase, pick, task

SENTENCES = ("Put the {a} in the {b}", "Pick up the {a} and drop it into the {b}", "Place the {a} inside the {b}")


@task("place_in")
def place_in(state: SceneState, rng: np.random.Generator) -> TaskDraw:
    """Draw a cube and a bin."""
    a, b = pick(rng, of_shape(state, "cube")), pick(rng, of_shape(state, "bin"))
    return TaskDraw(pick(rng, SENTENCES).format(a=phrase(a), b=phrase(b)), plan(Goal("in", (a, b))))
