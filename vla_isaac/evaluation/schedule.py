"""`Schedule`: which attempt comes next, until each family has its episodes; the same episodes in whatever order they end."""

from __future__ import annotations

from collections.abc import Mapping

from vla_isaac.evaluation.outcome import Outcome
from vla_isaac.evaluation.plan import Attempt, EvaluationPlan


class Schedule:
    """Hands out the seeds of each family in order, one more for each whose layout turns out impossible.

    An attempt is begun only while the episodes that are there and those under way are too few. So what is begun is always
    the shortest run of seeds with enough episodes in it, for any number of workers.
    """

    def __init__(self, plan: EvaluationPlan, known: Mapping[tuple[str, int], Outcome] | None = None) -> None:
        """Begin, or go on where `known` outcomes need not be found out again."""
        self._plan = plan
        self._known = dict(known or {})
        self._next = dict.fromkeys(plan.tasks, 0)
        self._taken = dict.fromkeys(plan.tasks, 0)  # episodes there or under way; a fault keeps its place
        self._outcomes: dict[tuple[str, int], Outcome] = {}

    def next_attempt(self) -> Attempt | None:
        """Return an attempt to begin now; None if there is none until another ends, or for good."""
        for task in sorted(self._plan.tasks, key=lambda name: self._next[name]):
            while self._next[task] < self._plan.max_tries and self._taken[task] < self._plan.episodes:
                number = self._next[task]
                self._next[task] += 1
                self._taken[task] += 1
                found = self._known.get((task, number))
                if found is None:
                    return Attempt(task, number, self._plan.seed + number)
                self.take(found)
        return None

    def take(self, outcome: Outcome) -> None:
        """Take what came of an attempt that was handed out."""
        self._outcomes[outcome.key] = outcome
        if outcome.kind == "impossible_layout":
            self._taken[outcome.task] -= 1

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """All that is known, family by family, in the order of their seeds."""
        order = {name: place for place, name in enumerate(self._plan.tasks)}
        return tuple(sorted(self._outcomes.values(), key=lambda outcome: (order[outcome.task], outcome.number)))
