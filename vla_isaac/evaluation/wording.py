"""Which sentence a policy is given for a goal, and which other goal it may be asked for instead."""

from __future__ import annotations

from collections.abc import Sequence

from vla_isaac.core.errors import GoalError, SceneError
from vla_isaac.core.goals import GoalPlan
from vla_isaac.core.seeding import stream
from vla_isaac.core.types import Body, SceneState
from vla_isaac.evaluation.plan import Attempt, Wording
from vla_isaac.tasks.families import TaskDraw, TaskFamily
from vla_isaac.tasks.feasibility import check_feasible
from vla_isaac.tasks.paraphrases import paraphrase, sentences

OTHER_DRAWS = 100  # of a family, until one is about other objects


def worded(wording: Wording, attempt: Attempt, draw: TaskDraw, bodies: Sequence[Body]) -> str:
    """Return the sentence for what was drawn; what it means is never read from it.

    Raises:
        UnknownNameError: If the family has no templates.
    """
    if wording == "held_out":
        held_out = sentences(attempt.task, "held_out", draw.plan)
        return held_out[attempt.number % len(held_out)]
    if wording == "training":
        rng = stream(attempt.seed, f"paraphrase {attempt.task}")
        return paraphrase(attempt.task, draw.plan, bodies, rng) or draw.instruction
    return draw.instruction


def other_draw(family: TaskFamily, state: SceneState, original: GoalPlan, seed: int) -> TaskDraw:
    """Return a draw of the family about other objects than `original`, possible in the same scene.

    Raises:
        SceneError: If none comes in many draws.
    """
    for k in range(OTHER_DRAWS):
        draw = family.draw(state, stream(seed, f"wrong instruction {family.name} {k}"))
        if _pairs(draw.plan) != _pairs(original) and _is_feasible(draw.plan, state):
            return draw
    raise SceneError(f"{family.name} has no other goal than {original} in this layout; choose a scene with more objects")


def _pairs(plan: GoalPlan) -> set[tuple[str, ...]]:
    """Return what is brought together with what; goals that differ in a side or in their order do not differ here."""
    return {goal.objects for goal in plan.goals}


def _is_feasible(plan: GoalPlan, state: SceneState) -> bool:
    try:
        check_feasible(plan, state)
    except GoalError:
        return False
    return True
