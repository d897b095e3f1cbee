"""`EvaluationSchedule`: the order of jobs until each family has its episodes, independent of the number of workers."""

from __future__ import annotations

from collections.abc import Mapping

from vla_isaac.evaluation.outcome import Outcome
from vla_isaac.evaluation.plan import EvaluationJob, EvaluationPlan


class EvaluationSchedule:
    """Issues the seeds of each family in order, one more for each whose layout is impossible.

    An attempt is started only while finished and running episodes are too few. So the started seeds are always the
    shortest sequence with enough episodes, for any number of workers.
    """

    def __init__(self, plan: EvaluationPlan, known: Mapping[tuple[str, int], Outcome] | None = None) -> None:
        """Begin, or resume with `known` outcomes."""
        self._plan = plan
        self._known = dict(known or {})
        self._next = dict.fromkeys(plan.tasks, 0)
        self._taken = dict.fromkeys(plan.tasks, 0)  # finished or running episodes; a fault keeps its place
        self._outcomes: dict[tuple[str, int], Outcome] = {}
        for task in plan.tasks:
            self._take_known(task)

    def next_job(self) -> EvaluationJob | None:
        """Return the next job; None if none is due until another ends, or all are done."""
        for task in sorted(self._plan.tasks, key=lambda name: self._next[name]):
            self._take_known(task)
            if self._needs_more(task):
                number = self._next[task]
                self._count(task)
                return EvaluationJob(task, number, self._plan.seed + number)
        return None

    def take(self, outcome: Outcome) -> None:
        """Store the outcome of an issued job."""
        self._outcomes[outcome.key] = outcome
        if outcome.kind == "impossible_layout":
            self._taken[outcome.task] -= 1

    @property
    def total(self) -> int:
        """Return the number of requested episodes of all families together."""
        return self._plan.episodes * len(self._plan.tasks)

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """Return all known outcomes, by family, in the order of their seeds."""
        order = {name: place for place, name in enumerate(self._plan.tasks)}
        return tuple(sorted(self._outcomes.values(), key=lambda outcome: (order[outcome.task], outcome.number)))

    def _needs_more(self, task: str) -> bool:
        return self._next[task] < self._plan.max_tries and self._taken[task] < self._plan.episodes

    def _take_known(self, task: str) -> None:
        """Take the known outcomes of a family, up to the next seed to try."""
        while self._needs_more(task) and (found := self._known.get((task, self._next[task]))) is not None:
            self._count(task)
            self.take(found)

    def _count(self, task: str) -> None:
        self._next[task] += 1
        self._taken[task] += 1
