"""`Task`: goals of an episode, evaluated at every tick, and the name of the failure."""

from __future__ import annotations

from vla_isaac.core.goals import GoalPlan
from vla_isaac.core.types import SceneState, Verdict
from vla_isaac.tasks.failure import FailureWatch
from vla_isaac.tasks.feasibility import check_feasible
from vla_isaac.tasks.tracker import GoalTracker

DWELL = 0.25  # [s] for which goals must hold


class Task:
    """Evaluates the goals of an episode; without a plan (``--goal none``) there is no evaluation."""

    def __init__(self, plan: GoalPlan | None, *, dwell: float = DWELL) -> None:
        """Create a task from a plan; call `reset` with the initial state of an episode."""
        self.plan = plan
        self._dwell = dwell
        self._tracker: GoalTracker | None = None
        self._watch: FailureWatch | None = None

    def reset(self, state: SceneState) -> None:
        """Begin an episode.

        Raises:
            GoalError: If the plan is infeasible from `state`.
        """
        if self.plan is None:
            return
        check_feasible(self.plan, state)
        self._tracker = GoalTracker(self.plan, dwell=self._dwell)
        self._watch = FailureWatch(self.plan)

    def judge(self, state: SceneState) -> Verdict:
        """Evaluate one state; call once per tick."""
        if self._tracker is None or self._watch is None:
            return Verdict(False, "no goal was set, so nothing was judged")
        self._watch.update(state)
        return self._tracker.update(state)

    def failure(self, state: SceneState) -> str | None:
        """Return the name of the failure of an episode that ended in `state`; None without a plan."""
        return None if self._watch is None else self._watch.name(state)
