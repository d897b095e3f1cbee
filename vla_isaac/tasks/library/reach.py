"""`reach`: bring the gripper to an object without touching anything else."""

from __future__ import annotations

import numpy as np

from vla_isaac.core.goals import GRIPPER, Goal, plan
from vla_isaac.core.types import SceneState
from vla_isaac.tasks.families import TaskDraw, of_shape, phrase, pick, task

SENTENCES = ("Reach for the {a}", "Move the gripper to the {a}", "Go to the {a}")


@task("reach")
def reach(state: SceneState, rng: np.random.Generator) -> TaskDraw:
    """Draw an object to go to."""
    a = pick(rng, of_shape(state, "cube", "cylinder", "ball"))
    return TaskDraw(pick(rng, SENTENCES).format(a=phrase(a)), plan(Goal("near", (GRIPPER, a))))
