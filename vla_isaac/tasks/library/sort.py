"""`sort`: put two cubes into the bins of their colours."""

from __future__ import annotations

import numpy as np

from vla_isaac.core.errors import SceneError
from vla_isaac.core.goals import Goal, plan
from vla_isaac.core.types import SceneState
from vla_isaac.tasks.families import TaskDraw, phrase, task


@task("sort")
def sort(state: SceneState, rng: np.random.Generator) -> TaskDraw:
    """Draw two colours that both have a cube and a bin."""
    bins = {b.colour: b.name for b in state.bodies if b.shape == "bin"}
    pairs = [(b.name, bins[b.colour]) for b in state.bodies if b.shape == "cube" and b.colour in bins]
    if len(pairs) < 2:
        raise SceneError("sort needs two cubes with bins of their colours", remedy="use the scene 'sorting'")
    (a, into_a), (b, into_b) = (pairs[k] for k in rng.permutation(len(pairs))[:2])
    sentence = f"Put the {phrase(a)} in the {phrase(into_a)} and the {phrase(b)} in the {phrase(into_b)}"
    return TaskDraw(sentence, plan(Goal("in", (a, into_a)), Goal("in", (b, into_b))))
