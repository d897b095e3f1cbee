"""`Outcome`: what came of one attempt, as one line of the results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from vla_isaac.evaluation.plan import EvaluationJob

Kind = Literal["episode", "impossible_layout", "fault"]

DECLINED = "declined"
"""Name of the failure of a policy that refused the instruction, with `PolicyDeclined`."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One attempt from its seed to its end; plain values only."""

    task: str
    number: int
    """Of the attempt within its family, from 0."""

    seed: int
    kind: Kind
    """``"episode"`` counts. ``"impossible_layout"``: the seed's layout does not allow the task. ``"fault"``: the simulator
    failed, or the process died, which says nothing of the policy."""

    reason: str
    """The verdict's words, or what went wrong."""

    success: bool | None = None
    """Whether the goal that was asked for was reached; None for what does not count."""

    failure: str | None = None
    """Name of the failure; None on success and for what does not count."""

    steps: int = 0
    """Control periods."""

    progress: float = 0.0
    """0 at the start, 1 when done."""

    sim_seconds: float = 0.0
    """Simulated time [s]."""

    wall_seconds: float = 0.0
    """Real time [s], the only number here that is not the same each time."""

    instruction: str | None = None
    """The sentence the policy was given."""

    goal: str | None = None
    """What was judged as success."""

    original_goal: str | None = None
    """Trial ``"wrong_instruction"``: the goal that was not asked for."""

    original_reached: bool | None = None
    """Trial ``"wrong_instruction"``: whether that one was reached at any time."""

    moved_by_cm: float | None = None
    """Trial ``"moved"``: how far the object was moved [cm]; None if it never came to that."""

    moved_at_step: int | None = None
    """Trial ``"moved"``: in which control period."""

    clipped: dict[str, int] | None = None
    """What the safety stage had to limit, by name."""

    warnings: tuple[str, ...] = ()
    """What went wrong beside the loop."""

    @property
    def key(self) -> tuple[str, int]:
        """Which attempt it was: family and number."""
        return self.task, self.number


def outcome_of(job: EvaluationJob, kind: Kind, reason: str, **figures: Any) -> Outcome:
    """Return the outcome of a job; `figures` are further fields."""
    return Outcome(task=job.task, number=job.number, seed=job.seed, kind=kind, reason=reason, **figures)
