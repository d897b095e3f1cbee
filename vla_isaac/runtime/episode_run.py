"""`EpisodeRun`: one episode from its start to its result; the caller calls `begin`, then `check` after each period."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

from vla_isaac.control.converter import ActionConverter
from vla_isaac.core.errors import UsageError, describe
from vla_isaac.core.read_only import read_only_copy
from vla_isaac.core.types import EpisodeContext, SceneState, Verdict
from vla_isaac.runtime.control_period import ControlPeriod, Decision
from vla_isaac.runtime.result import End, EpisodeResult
from vla_isaac.runtime.subscriber import EpisodeStart, Step, Subscriber
from vla_isaac.tasks.task import Task

logger = logging.getLogger(__name__)


class EpisodeRun:
    """Counts and judges the control periods of an episode, notifies the subscribers, and makes the result.

    Its own arrays leave it only as read-only copies: `policies.read_only_boundary` copies for the policy, `_notify` for
    each subscriber. Whatever they write, at any time, changes neither the arm nor the other subscribers.
    """

    def __init__(
        self, start: EpisodeStart, task: Task, period: ControlPeriod, subscribers: Sequence[Subscriber] = ()
    ) -> None:
        """Prepare an episode; the backend must stand at its start."""
        self.start, self.period = start, period
        self._task = task
        self._subscribers = list(subscribers)
        self.steps = 0
        """Control periods so far."""
        self.verdict = Verdict(False, "not begun")
        """Verdict of the task on the latest state."""
        self.end: End | None = None
        """Why the loop stopped; None while the episode runs."""
        self.error: Exception | None = None
        """The error that ended the episode; None if none did."""
        self._warnings: list[str] = []
        self._result: EpisodeResult | None = None
        self._wall = time.perf_counter()

    def begin(self) -> None:
        """Start the episode; the caller resets the policy with `context()`.

        Raises:
            GoalError: If the goal can never be fulfilled.
        """
        self._task.reset(self.start.state)
        try:
            self._notify(lambda s: s.on_start(read_only_copy(self.start)))
        except BaseException:
            self.stop("interrupted")
            raise

    def context(self) -> EpisodeContext:
        """Return the context for the policy's reset."""
        start = self.start
        privileged = start.policy_spec.privileged
        return EpisodeContext(
            instruction=start.instruction,
            seed=start.seed,
            goal=start.plan if privileged else None,
            state=start.state if privileged else None,
        )

    def check(self, decision: Decision, *, is_stale: bool = False) -> None:
        """Count and judge the period that ended in the current state, notify subscribers, and end the episode if it is over.

        Args:
            decision: What the arm executed in that period.
            is_stale: Whether it was decided for an earlier period and the arm only held its target.
        """
        state = self.period.state
        self.steps += 1
        self.verdict = self._task.judge(state)
        if self._subscribers:
            step = Step(
                index=self.steps,
                observation=decision.observation,
                chunk=decision.chunk,
                action=decision.action,
                target=decision.target,
                state=state,
                verdict=self.verdict,
                is_last=bool(self.verdict.success) or self.steps >= self.start.max_steps,
                is_stale=is_stale,
            )
            self._notify(lambda s: s.on_step(read_only_copy(step)))
        if self.verdict.success:
            self._finish(End.SUCCEEDED, self.verdict.reason)
        elif self.steps >= self.start.max_steps:
            self._finish(End.TIMED_OUT, self.verdict.reason)

    def stop(self, why: str = "stopped") -> None:
        """End the episode now; the arm holds still."""
        self._finish(End.STOPPED, why)

    def fail(self, end: End, error: Exception) -> None:
        """End the episode because of `error`, which is stored; the arm holds still."""
        if self.end is None:
            self.error = error
            self._finish(end, describe(error))

    @property
    def result(self) -> EpisodeResult:
        """Return how the episode ended.

        Raises:
            UsageError: If it has not ended.
        """
        if self._result is None:
            raise UsageError("the episode is not over and has no result", remedy="call stop() first")
        return self._result

    @property
    def state(self) -> SceneState:
        """Return a read-only copy of the latest state."""
        return read_only_copy(self.period.state)

    @property
    def converter(self) -> ActionConverter:
        """Return the converter from actions to joint targets; it counts the limits it applied."""
        return self.period.converter

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return the problems outside the loop so far."""
        return tuple(self._warnings)

    @property
    def subscribers(self) -> tuple[Subscriber, ...]:
        """Return the subscribers that are still attached."""
        return tuple(self._subscribers)

    # ------------------------------------------------------------------

    def _finish(self, end: End, reason: str) -> None:
        """Hold still, determine the outcome and notify the subscribers, once."""
        if self.end is not None:
            return
        self.end = end
        try:
            self.period.hold_still()
        except Exception as error:
            self._warnings.append(f"the command to hold still failed: {describe(error)}")
        judged = self._task.plan is not None
        success = end is End.SUCCEEDED if judged else None
        failure = None
        if judged and not success:
            failure = self._task.failure(self.period.state) if end is End.TIMED_OUT else end.value
        result = self._result = self._make_result(end, reason, success, failure)
        self._notify(lambda s: s.on_end(read_only_copy(result)))
        self._result = self._make_result(end, reason, success, failure)  # with the warnings of `on_end`

    def _make_result(self, end: End, reason: str, success: bool | None, failure: str | None) -> EpisodeResult:
        start = self.start
        return EpisodeResult(
            end=end,
            success=success,
            failure=failure,
            reason=reason,
            progress=self.verdict.progress,
            steps=self.steps,
            sim_seconds=self.period.state.time,
            wall_seconds=time.perf_counter() - self._wall,
            instruction=start.instruction,
            goal=start.plan.to_json() if start.plan else None,
            policy=start.policy,
            policy_reason=start.policy_reason,
            understood=None if start.understood is None else round(start.understood.confidence, 4),
            backend=start.backend,
            seed=start.seed,
            clipped=self.converter.clipped.as_dict(),
            warnings=self.warnings,
        )

    def _notify(self, call: Callable[[Subscriber], Any]) -> None:
        """Call every subscriber; one that raises is reported and detached."""
        for subscriber in list(self._subscribers):
            try:
                call(subscriber)
            except (Exception, SystemExit, GeneratorExit) as error:  # a policy that draws heat maps may try to exit
                self._subscribers.remove(subscriber)
                message = f"{type(subscriber).__name__} was detached: {describe(error)}"
                self._warnings.append(message)
                logger.info("%s", message)
