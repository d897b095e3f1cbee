"""`LiveRun`: one run in a simulation whose time continues while the policy runs.

Each control period does as much as is possible without waiting: the cameras are polled again in the next period, the
policy runs on another thread, and until its answer is available the arm holds its last target. `ControlPeriod` has the
parts of a control period; `EpisodeRun` judges, notifies and ends, as in lock-step.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from vla_isaac.core.errors import BackendError
from vla_isaac.core.types import Frame, Observation, SceneState
from vla_isaac.policies.base import Policy
from vla_isaac.policies.read_only_boundary import ask, begin_episode, plain_chunk
from vla_isaac.runtime.control_period import Decision
from vla_isaac.runtime.episode_run import EpisodeRun
from vla_isaac.runtime.inference import POLICY_TIMEOUT, InferenceWorker, Question, no_answer
from vla_isaac.runtime.live_status import Problem
from vla_isaac.runtime.result import End
from vla_isaac.sim.backend import Steps

logger = logging.getLogger(__name__)

SMOOTHING = 0.1  # weight of the latest period in the measured rate

_SAME_TIME = 1e-9  # [s] times this close are the same instant


class LiveRun:
    """Drives an episode that has begun, one call per control period; only the policy leaves the calling thread."""

    def __init__(
        self,
        episode: EpisodeRun,
        policy: Policy,
        worker: InferenceWorker,
        *,
        hold_time: Callable[[bool], None] | None = None,
        lock_step: bool = False,
        timeout: float = POLICY_TIMEOUT,
    ) -> None:
        """Start the run; the policy is reset on the worker.

        Args:
            episode: Begun at the current state.
            policy: The policy that acts.
            worker: The thread of the policy.
            hold_time: Called with True when lock-step requires the simulation to stand still, with False to resume it.
            lock_step: Whether simulated time stands still while the policy runs.
            timeout: Timeout of a policy's answer, in real time [s].
        """
        self.episode = episode
        self._period = episode.period
        self._policy, self._worker = policy, worker
        self._hold_time, self._lock_step, self._timeout = hold_time, lock_step, timeout
        self._decision: Decision | None = None
        self._is_new = self._is_paused = self._is_interrupted = False
        self._stale = self._decisions = 0
        self._passed_at, self._measured_hz = 0.0, 0.0
        self.frames: Mapping[str, Frame] = {}
        self.is_time_held = False
        self.is_hung = False
        context = episode.context()
        self._reset = worker.ask(lambda: begin_episode(policy, context))
        self._question: Question | None = self._reset
        self._acting = self._act()

    @property
    def time(self) -> float:
        """Return the simulated time at the last call [s]."""
        return self._period.state.time

    @property
    def frame_age(self) -> float:
        """Return the simulated age of the observation behind the current action [s]; 0 before the first action."""
        return self.time - self._decision.observation.time if self._decision else 0.0

    @property
    def stale_share(self) -> float:
        """Return the share of the periods since the first action that held the target for lack of a new action."""
        return self._stale / self.episode.steps if self.episode.steps else 0.0

    @property
    def is_waiting(self) -> bool:
        """Return whether the first action is still pending; until then nothing is counted or judged."""
        return self._decision is None

    @property
    def measured_hz(self) -> float:
        """Return the control periods per second of real time, smoothed [Hz]; 0 while not known."""
        return self._measured_hz

    @property
    def problem(self) -> Problem | None:
        """Return what ended the run, for display; None while it lasts, and if nothing failed."""
        end, error = self.episode.end, self.episode.error
        if error is None or end not in (End.POLICY_FAILED, End.BACKEND_FAILED):
            return None
        doing, remedy = "the simulator failed", "press Load to build the scene again"
        if end is End.POLICY_FAILED:
            doing = f"the policy {self.episode.start.policy!r} failed"
            remedy = "press Reset, then Run to try again, or choose another policy"
        return Problem.of(error, doing=doing, remedy=remedy, always=True)

    def period(self) -> None:
        """Do the work of one control period: judge the last period, act, observe, query the policy."""
        before = self.time
        try:
            state = self._period.backend.state()
            self._check_time(state)
        except Exception as error:
            self._end(End.BACKEND_FAILED, error)
            return
        self._period.state = state
        if state.time > before + _SAME_TIME:
            self._measure()
            self._check()
        self._is_interrupted = False
        if self._is_active:
            try:
                next(self._acting, None)
            except Exception as error:
                cause = error.__cause__  # of the RuntimeError that a StopIteration raised in a generator becomes
                self._end(self._period.at_fault, cause if isinstance(cause, StopIteration) else error)
        if self.episode.end is not None:
            self._release()

    def pause(self) -> None:
        """Pause until `resume`; an answer to an earlier observation is not executed after it."""
        self._is_paused = self._is_interrupted = True
        self._release()

    def resume(self) -> None:
        """Resume; the time of the pause is not judged."""
        self._is_paused = False

    def wait(self, timeout: float) -> bool:
        """Wait at most `timeout` [s] for an answer and return whether none is pending."""
        return self._question is None or self._question.wait(timeout)

    def stop(self, why: str) -> None:
        """End the run; the arm holds its last target."""
        try:
            self._period.state = self._period.backend.state()
        except Exception as error:
            logger.info("stopped without reading the state again: %s", error)
        self.episode.stop(why)
        self._release()

    def lose_backend(self, why: str) -> None:
        """End the run because the simulator is gone."""
        self._end(End.BACKEND_FAILED, BackendError(why))

    # ------------------------------------------------------------------ judge, act, observe, query

    @property
    def _is_active(self) -> bool:
        return self.episode.end is None and not self._is_paused

    def _check_time(self, state: SceneState) -> None:
        if state.time < self.time - _SAME_TIME:
            raise BackendError(
                f"the simulated time went back from {self.time:.3f} s to {state.time:.3f} s: "
                "the simulation was reset outside the session"
            )

    def _measure(self) -> None:
        now = time.perf_counter()
        if self._passed_at and not self._is_interrupted:
            rate = 1.0 / max(now - self._passed_at, 1e-6)
            self._measured_hz += (rate - self._measured_hz) * (SMOOTHING if self._measured_hz else 1.0)
        self._passed_at = now

    def _check(self) -> None:
        """Count and judge the period that has passed, if it belongs to the run."""
        is_stale, self._is_new = not self._is_new, False
        if self._decision is None or self._is_interrupted:
            return
        self._stale += is_stale
        self.episode.check(self._decision, is_stale=is_stale)

    def _act(self) -> Steps[None]:
        """Observe, query and execute in an endless loop, after the policy's reset; yields whenever it has to wait."""
        period = self._period
        period.at_fault = End.POLICY_FAILED
        yield from self._answered(self._reset)
        looked_at: float | None = None
        while True:
            period.at_fault = End.BACKEND_FAILED
            while looked_at is not None and self.time <= looked_at + _SAME_TIME:
                yield  # this state has been observed
            looked_at = self.time
            self._hold(True)
            observation = yield from period.observe()
            self.frames = observation.frames or self.frames
            self._question = question = self._ask(observation)
            yield
            answer = yield from self._answered(question)
            decision = period.carry_out(observation, answer)
            self._hold(False)
            self._decision, self._is_new = decision, True
            if not self._is_active:  # `hold_time` may have stopped the run
                return

    def _ask(self, observation: Observation) -> Question:
        name = self.episode.start.policy
        self._decisions += 1
        return self._worker.ask(lambda: plain_chunk(ask(self._policy, observation), policy=name))

    def _answered(self, question: Question) -> Steps[Any]:
        """Yield until the policy has answered, and return its answer.

        Raises:
            PolicyError: If it takes too long.
            Exception: Whatever the policy raised.
        """
        while not question.is_answered:
            if question.waited > self._timeout:
                self.is_hung = True
                decision = None if question is self._reset else self._decisions
                raise no_answer(self.episode.start.policy, decision, self._timeout)
            yield
        self._question = None
        return question.answer

    def _hold(self, is_held: bool) -> None:
        """Pause or resume simulated time, in lock-step only and only where that changes something."""
        if self._lock_step and is_held != self.is_time_held:
            self.is_time_held = is_held
            if self._hold_time is not None:
                self._hold_time(is_held)

    def _end(self, end: End, error: Exception) -> None:
        self.episode.fail(end, error)
        self._release()

    def _release(self) -> None:
        """Release everything pending: frames, held time, and questions except the reset that a continuing run needs."""
        with suppress(ValueError):  # the generator is running: one of its own calls has led here
            self._acting.close()
        if self._question is not None and (self._question is not self._reset or self.episode.end is not None):
            self._question.drop()
            self._question = None
        self._acting = self._act()
        try:
            self._hold(False)
        except Exception:
            logger.exception("simulated time could not be resumed")
