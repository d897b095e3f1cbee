"""`instruction_for`: the instruction of an episode; see `EvaluationPlan.wording`."""

from __future__ import annotations

from collections.abc import Sequence

from vla_isaac.core.seeding import stream
from vla_isaac.core.types import Body
from vla_isaac.evaluation.plan import EvaluationJob, Wording
from vla_isaac.tasks.families import TaskDraw
from vla_isaac.tasks.paraphrases import paraphrase, sentences


def instruction_for(wording: Wording, job: EvaluationJob, draw: TaskDraw, bodies: Sequence[Body]) -> str:
    """Return the instruction of the sampled task; the goal is never parsed from it.

    Raises:
        UnknownNameError: If the family has no templates.
    """
    if wording == "held_out":
        held_out = sentences(job.task, "held_out", draw.plan)
        return held_out[job.number % len(held_out)]
    if wording == "training":
        rng = stream(job.seed, f"paraphrase {job.task}")
        return paraphrase(job.task, draw.plan, bodies, rng) or draw.instruction
    return draw.instruction
