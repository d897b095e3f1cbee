"""`CollectionSchedule`: the order of seeds and episodes of a collection, independent of the number of workers.

Episode n belongs to family n modulo their count, and is that family's next success in the order of its seeds. So the
dataset depends on the plan alone: not on which worker finished first, nor on how often the run was interrupted.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from vla_isaac.collection.collector import DemonstrationResult
from vla_isaac.collection.plan import MAX_TRIES, CollectionPlan, DemonstrationJob


@dataclass
class _Family:
    """Progress of one family."""

    quota: int
    tried: int = 0
    """Attempts started or known from before."""

    failed: int = 0
    next_in_order: int = 0
    """Number of the first attempt that has not been committed or dismissed."""

    known: dict[int, DemonstrationResult | None] = field(default_factory=dict)
    """Results by number of the attempt, until they are due; None for failures and for episodes the dataset has."""

    @property
    def promised(self) -> int:
        """Return the episodes it has provided, plus those in progress."""
        return self.tried - self.failed


class CollectionSchedule:
    """Issues jobs, takes their results, returns episodes in order."""

    def __init__(self, plan: CollectionPlan, *, kept: Collection[int] = (), failed: Collection[int] = ()) -> None:
        """Begin, or resume with seeds that the dataset has or that failed before."""
        self._plan = plan
        self._families = [_Family(plan.quota(k)) for k in range(len(plan.tasks))]
        self._kept, self._failed = set(kept), set(failed)
        self.committed = len(self._kept)
        self.attempts = len(self._kept) + len(self._failed)
        """Attempts whose result is known."""
        self._numbers: dict[DemonstrationJob, tuple[int, int]] = {}

    @property
    def is_complete(self) -> bool:
        """Return whether every episode has been returned."""
        return self.committed >= self._plan.episodes

    def next_job(self, *, ahead: int) -> DemonstrationJob | None:
        """Return the next seed to try, or None if no seed is due now.

        Args:
            ahead: How many episodes may wait for an earlier one.
        """
        count = len(self._families)
        order = sorted(range(count), key=lambda k: self._families[k].promised * count + k)
        for k in order:
            family = self._families[k]
            self._skip_known(k)
            will_be = family.promised * count + k
            if family.promised < family.quota and family.tried < self._most(family) and will_be < self.committed + ahead:
                job = self._plan.job(k, family.tried)
                self._numbers[job] = (k, family.tried)
                family.tried += 1
                return job
        return None

    def take(self, result: DemonstrationResult) -> None:
        """Store the result of an attempt."""
        k, number = self._numbers.pop(result.job)
        family = self._families[k]
        family.known[number] = result if result.failure is None else None
        family.failed += result.failure is not None
        self.attempts += 1

    def next_episode(self) -> DemonstrationResult | None:
        """Return the next success in order, or None if it is not available yet."""
        if self.is_complete:
            return None
        family = self._families[self.committed % len(self._families)]
        while family.next_in_order in family.known:
            result = family.known.pop(family.next_in_order)
            family.next_in_order += 1
            if result is not None:
                self.committed += 1
                return result
        return None

    def hopeless(self) -> str | None:
        """Return the family that has used up its attempts without providing its episodes, or None."""
        for k, family in enumerate(self._families):
            if family.promised < family.quota and family.tried >= self._most(family):
                return self._plan.tasks[k]
        return None

    def _skip_known(self, k: int) -> None:
        family = self._families[k]
        while family.tried < self._most(family) and family.promised < family.quota:
            seed = self._plan.job(k, family.tried).seed
            if seed not in self._kept and seed not in self._failed:
                return
            family.failed += seed in self._failed
            family.known[family.tried] = None
            family.tried += 1

    @staticmethod
    def _most(family: _Family) -> int:
        return MAX_TRIES * family.quota
