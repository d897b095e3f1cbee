"""`Outcome`: the result of one attempt, as one line of the results file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from vla_isaac.evaluation.plan import EvaluationJob

Kind = Literal["episode", "impossible_layout", "fault"]

DECLINED = "declined"
"""Failure name of a policy that refused the instruction with `PolicyDeclined`."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One attempt from its seed to its end; plain values only."""

    task: str
    number: int
    """Index of the attempt within its family, from 0."""

    seed: int
    kind: Kind
    """``"episode"`` counts. ``"impossible_layout"``: the seed's layout does not allow the task. ``"fault"``: the simulator
    failed, or the process died, which does not depend on the policy."""

    reason: str
    """Reason of the verdict, or the error message."""

    success: bool | None = None
    """Whether the requested goal was reached; None for an attempt that does not count."""

    failure: str | None = None
    """Name of the failure; None on success and for an attempt that does not count."""

    steps: int = 0
    """Control periods."""

    progress: float = 0.0
    """0 at the start, 1 when done."""

    sim_seconds: float = 0.0
    """Simulated time [s]."""

    wall_seconds: float = 0.0
    """Real time [s], the only field that is not deterministic."""

    instruction: str | None = None
    """The instruction of the policy."""

    goal: str | None = None
    """The judged goal."""

    original_goal: str | None = None
    """Trial ``"wrong_instruction"``: the original goal, which was not requested."""

    original_reached: bool | None = None
    """Trial ``"wrong_instruction"``: whether the original goal was reached at any time."""

    moved_by_cm: float | None = None
    """Trial ``"moved"``: distance by which the object was moved [cm]; None if it was not moved."""

    moved_at_step: int | None = None
    """Trial ``"moved"``: control period of the move."""

    clipped: dict[str, int] | None = None
    """How often each limit of the safety stage was applied, by name."""

    warnings: tuple[str, ...] = ()
    """Problems outside the loop."""

    @property
    def key(self) -> tuple[str, int]:
        """Return the key of the attempt: family and number."""
        return self.task, self.number


def outcome_of(job: EvaluationJob, kind: Kind, reason: str, **figures: Any) -> Outcome:
    """Return the outcome of a job; `figures` are further fields."""
    return Outcome(task=job.task, number=job.number, seed=job.seed, kind=kind, reason=reason, **figures)
