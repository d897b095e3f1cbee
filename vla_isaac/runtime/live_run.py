"""`LiveRun`: one run in a world whose time goes on while the policy works.

Each control period looks, asks and acts as far as that is possible without waiting: the cameras are asked again in
the next period, the policy works on another thread, and until its answer is there the arm holds its last target.
What a control period consists of is `ControlPeriod`'s; judging, telling and ending are `EpisodeRun`'s, as in lock-step.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from vla_isaac.core.errors import BackendError, PolicyError
from vla_isaac.core.types import Frame, Observation, SceneState
from vla_isaac.policies.base import Policy
from vla_isaac.policies.read_only_boundary import ask, begin_episode, plain_chunk
from vla_isaac.runtime.control_period import Decision
from vla_isaac.runtime.episode_run import EpisodeRun
from vla_isaac.runtime.inference import InferenceWorker, Question
from vla_isaac.runtime.result import End
from vla_isaac.sim.backend import Steps

logger = logging.getLogger(__name__)

POLICY_TIMEOUT = 60.0
"""Real time after which a policy that has not answered is given up [s]."""

SMOOTHING = 0.1  # weight of the newest period in the measured rate

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
        """Begin; the policy is reset on the worker.

        Args:
            episode: Begun at the state of now.
            policy: Acts in it.
            worker: Where the policy works.
            hold_time: Called with True when lock-step requires the simulation to stand still, with False when to go on.
            lock_step: Whether time should stand still while the policy works.
            timeout: Real time a policy may take [s].
        """
        self.episode = episode
        self._period = episode.period
        self._policy, self._worker = policy, worker
        self._hold_time, self._lock_step, self._timeout = hold_time, lock_step, timeout
        self._decision: Decision | None = None
        self._is_new = self._is_paused = self._is_interrupted = False
        self._stale = 0
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
        """Simulated time at the last call [s]."""
        return self._period.state.time

    @property
    def frame_age(self) -> float:
        """Simulated age of the observation behind the action now carried out [s]; 0 before the first action."""
        return self.time - self._decision.observation.time if self._decision else 0.0

    @property
    def stale_share(self) -> float:
        """Share of the periods since the first action that held because no new action was there."""
        return self._stale / self.episode.steps if self.episode.steps else 0.0

    @property
    def is_waiting(self) -> bool:
        """Whether the first action is still to come; until then nothing is counted or judged."""
        return self._decision is None

    @property
    def measured_hz(self) -> float:
        """Control periods per second of real time, smoothed [Hz]; 0 while not known."""
        return self._measured_hz

    def period(self) -> None:
        """Do what is due now: judge what has passed, act, look, ask."""
        before = self.time
        try:
            state = self._period.backend.state()
            self._check_time(state)
        except Exception as error:
            self._end(End.BACKEND_FAILED, error)
            return
        self._period.see(state)
        if state.time > before + _SAME_TIME:
            self._measure()
            self._check()
        self._is_interrupted = False
        if self._goes_on:
            try:
                next(self._acting, None)
            except Exception as error:
                cause = error.__cause__  # of the RuntimeError that a StopIteration raised in a generator becomes
                self._end(self._period.at_fault, cause if isinstance(cause, StopIteration) else error)
        if self.episode.end is not None:
            self._release()

    def pause(self) -> None:
        """Act no more until `resume`; an answer to what was seen before is not carried out after it."""
        self._is_paused = self._is_interrupted = True
        self._release()

    def resume(self) -> None:
        """Go on; what happened meanwhile is not judged."""
        self._is_paused = False

    def wait(self, timeout: float) -> bool:
        """Wait at most `timeout` [s] for an answer and return whether none is owed."""
        return self._question is None or self._question.wait(timeout)

    def stop(self, why: str) -> None:
        """End the run; the arm holds its last target."""
        try:
            self._period.see(self._period.backend.state())
        except Exception as error:
            logger.info("stopped without a last look at the arm: %s", error)
        self.episode.stop(why)
        self._release()

    def lose_backend(self, why: str) -> None:
        """End the run because the simulator is gone."""
        self._end(End.BACKEND_FAILED, BackendError(why))

    # ------------------------------------------------------------------ judge, act, look, ask

    @property
    def _goes_on(self) -> bool:
        return self.episode.end is None and not self._is_paused

    def _check_time(self, state: SceneState) -> None:
        if state.time < self.time - _SAME_TIME:
            raise BackendError(
                f"the simulated time went back from {self.time:.3f} s to {state.time:.3f} s: "
                "somebody else has reset the simulation"
            )

    def _measure(self) -> None:
        now = time.perf_counter()
        if self._passed_at and not self._is_interrupted:
            rate = 1.0 / max(now - self._passed_at, 1e-6)
            self._measured_hz += (rate - self._measured_hz) * (SMOOTHING if self._measured_hz else 1.0)
        self._passed_at = now

    def _check(self) -> None:
        """Have the period that has passed counted and judged, if it belongs to the run."""
        is_stale, self._is_new = not self._is_new, False
        if self._decision is None or self._is_interrupted:
            return
        self._stale += is_stale
        self.episode.check(self._decision, is_stale=is_stale)

    def _act(self) -> Steps[None]:
        """Look, ask and carry out without end, after the policy's reset; yields whenever there is something to wait for."""
        period = self._period
        period.at_fault = End.POLICY_FAILED
        yield from self._answered(self._reset)
        looked_at: float | None = None
        while True:
            period.at_fault = End.BACKEND_FAILED
            while looked_at is not None and self.time <= looked_at + _SAME_TIME:
                yield  # this moment has been looked at
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
            if not self._goes_on:  # who was asked to let time go on may have stopped the run
                return

    def _ask(self, observation: Observation) -> Question:
        name = self.episode.start.policy
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
                name = self.episode.start.policy
                raise PolicyError(f"the policy {name!r} has not answered for {self._timeout:.3g} s")
            yield
        self._question = None
        return question.answer

    def _hold(self, is_held: bool) -> None:
        """Ask for time to stand still or to go on, in lock-step only and only where that changes something."""
        if self._lock_step and is_held != self.is_time_held:
            self.is_time_held = is_held
            if self._hold_time is not None:
                self._hold_time(is_held)

    def _end(self, end: End, error: Exception) -> None:
        self.episode.fail(end, error)
        self._release()

    def _release(self) -> None:
        """Leave nothing under way: no picture, no held time, no question but the reset that a run which goes on needs."""
        with suppress(ValueError):  # it is at work: one of its own calls has led here
            self._acting.close()
        if self._question is not None and (self._question is not self._reset or self.episode.end is not None):
            self._question.drop()
            self._question = None
        self._acting = self._act()
        try:
            self._hold(False)
        except Exception:
            logger.exception("time could not be let go on")
