"""`tower`: build a tower of three cubes."""

from __future__ import annotations

import numpy as np

from vla_isaac.core.errors import SceneError
from vla_isaac.core.goals import Goal, plan
from vla_isaac.core.types import SceneState
from vla_isaac.tasks.families import TaskDraw, of_shape, phrase, pick, task

SENTENCES = (
    "Build a tower with the {a} on the {b} and the {b} on the {c}",
    "Stack the {a} on the {b} and the {b} on the {c}",
)


@task("tower")
def tower(state: SceneState, rng: np.random.Generator) -> TaskDraw:
    """Draw three cubes and their order."""
    cubes = of_shape(state, "cube")
    if len(cubes) < 3:
        raise SceneError(f"tower needs three cubes, this scene has {len(cubes)}", remedy="use the scene 'stacking'")
    a, b, c = (str(n) for n in rng.permutation(cubes)[:3])
    sentence = pick(rng, SENTENCES).format(a=phrase(a), b=phrase(b), c=phrase(c))
    return TaskDraw(sentence, plan(Goal("on", (a, b)), Goal("on", (b, c))))
