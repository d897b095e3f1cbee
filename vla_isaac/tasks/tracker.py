"""`GoalTracker`: progress of a plan: current step, dwell time of its goals, and overall progress."""

from __future__ import annotations

from vla_isaac.core.goals import Goal, GoalPlan
from vla_isaac.core.types import SceneState, Verdict
from vla_isaac.tasks.predicates import judge

PASSING = ("lifted", "held", "touching")
"""Predicates that must have been true once; the others must still hold at the end of the plan."""


class GoalTracker:
    """Follows one plan through one episode."""

    def __init__(self, plan: GoalPlan, *, dwell: float) -> None:
        """Start a plan.

        Args:
            plan: The steps.
            dwell: How long the goals of a step must hold together [s].
        """
        self.plan = plan
        self._dwell = dwell
        self._step = 0
        self._since: float | None = None
        self._peak_rise = dict.fromkeys(plan.objects, 0.0)

    @property
    def step(self) -> int:
        """Number of completed steps."""
        return self._step

    def verdicts(self, state: SceneState) -> list[tuple[Goal, Verdict]]:
        """Return the verdicts of the goals of this step, and of earlier ones that must still hold."""
        self._note_rise(state)
        return [(goal, judge(goal, state, peak_rise=self._rise(goal))) for goal in self._due()]

    def update(self, state: SceneState) -> Verdict:
        """Update with a new state; `success` is true when the last step has held for the dwell time."""
        found = self.verdicts(state)
        unmet = [verdict for _, verdict in found if not verdict.done]
        if unmet:
            self._since = None
            return self._verdict(False, unmet[0].reason, [v.progress for _, v in found])
        if self._since is None:
            self._since = state.time
        held_for = state.time - self._since
        reason = "; ".join(verdict.reason for _, verdict in found)
        if held_for < self._dwell - 1e-9:
            return self._verdict(False, f"{reason} (for {held_for:.2f} s of {self._dwell:.2f} s)", [0.99])
        if self._step == len(self.plan.steps) - 1:
            return Verdict(True, reason, 1.0, success=True)  # further calls return the same
        self._step += 1
        self._since = None
        return self._verdict(False, f"step {self._step} of {len(self.plan.steps)} done: {reason}", [0.0])

    def _due(self) -> list[Goal]:
        current = list(self.plan.steps[self._step])
        moved = {goal.moved for goal in current}
        kept: list[Goal] = []
        for step in reversed(self.plan.steps[: self._step]):
            kept += [goal for goal in step if goal.predicate not in PASSING and goal.moved and goal.moved not in moved]
            moved |= {goal.moved for goal in step}
        return current + kept

    def _verdict(self, done: bool, reason: str, progress: list[float]) -> Verdict:
        share = sum(progress) / len(progress)
        return Verdict(done, reason, (self._step + share) / len(self.plan.steps), success=False)

    def _note_rise(self, state: SceneState) -> None:
        for name, peak in self._peak_rise.items():
            i = state.index(name)
            self._peak_rise[name] = max(peak, float(state.object_pos[i, 2]) - float(state.initial_object_pos[i, 2]))

    def _rise(self, goal: Goal) -> float:
        return self._peak_rise[goal.args[0]] if goal.predicate == "pushed_to" else 0.0
