"""`LiveRun`: one run in a world whose time goes on while the policy thinks.

Each control period looks, thinks and acts as far as that is possible without waiting: the cameras are asked again in
the next period, the policy works on another thread, and until its answer is there the arm holds its last target.
Judging, telling and ending are `PolicyRunner`'s, as in lock-step.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping

from vla_isaac.core.errors import BackendError, PolicyError
from vla_isaac.core.types import Frame, Observation, SceneState
from vla_isaac.policies.base import Policy
from vla_isaac.policies.boundary import ask, begin_episode, plain_chunk
from vla_isaac.runtime.inference import InferenceWorker, Question
from vla_isaac.runtime.result import End
from vla_isaac.runtime.runner import Decision, PolicyRunner
from vla_isaac.sim.backend import Backend, Steps

logger = logging.getLogger(__name__)

POLICY_PATIENCE = 60.0
"""Real time after which a policy that has not answered is given up [s]."""

SMOOTHING = 0.1  # weight of the newest period in the measured rate

_SAME_TIME = 1e-9  # [s] times this close are the same instant


class LiveRun:
    """Drives a runner that is open, one call per control period; only the policy leaves the calling thread."""

    def __init__(
        self,
        runner: PolicyRunner,
        policy: Policy,
        backend: Backend,
        worker: InferenceWorker,
        *,
        hold_time: Callable[[bool], None] | None = None,
        lock_step: bool = False,
        patience: float = POLICY_PATIENCE,
    ) -> None:
        """Begin; the policy is reset on the worker.

        Args:
            runner: Opened at the state of now.
            policy: Whose answers it is given.
            backend: Where the arm is.
            worker: Where the policy thinks.
            hold_time: Called with True when lock-step wants the simulation to stand still, with False when to go on.
            lock_step: Whether time should stand still while the policy thinks.
            patience: Real time a policy may take [s].
        """
        self.runner = runner
        self._policy, self._backend, self._worker = policy, backend, worker
        self._hold_time, self._lock_step, self._patience = hold_time, lock_step, patience
        self._state = runner.start.state
        self._decision: Decision | None = None
        self._is_new = self._is_paused = self._is_interrupted = False
        self._looked_at: SceneState | None = None
        self._look: Steps[dict[str, Frame]] | None = None
        self._shown: Observation | None = None
        self._stale = 0
        self._passed_at, self._measured_hz = 0.0, 0.0
        self.frames: Mapping[str, Frame] = {}
        self.is_time_held = False
        self.is_hung = False
        context = runner.context()
        self._question: Question | None = worker.ask(lambda: begin_episode(policy, context))

    @property
    def time(self) -> float:
        """Simulated time at the last call [s]."""
        return self._state.time

    @property
    def frame_age(self) -> float:
        """Simulated age of the observation behind the action now carried out [s]; 0 before the first action."""
        return self._state.time - self._decision.observation.time if self._decision else 0.0

    @property
    def stale_share(self) -> float:
        """Share of the periods since the first action that held because no new action was there."""
        return self._stale / self.runner.steps if self.runner.steps else 0.0

    @property
    def is_waiting(self) -> bool:
        """Whether the first action is still to come; until then nothing is counted or judged."""
        return self._decision is None

    @property
    def measured_hz(self) -> float:
        """Control periods per second of real time, smoothed [Hz]; 0 while not known."""
        return self._measured_hz

    def period(self) -> None:
        """Do what is due now: judge what has passed, act, look, think."""
        try:
            state = self._backend.state()
            self._check_time(state)
        except Exception as error:
            self._end(End.BACKEND_FAILED, error)
            return
        has_passed = state.time > self._state.time + _SAME_TIME
        self._state = state
        self.runner.see(state)
        if has_passed:
            self._measure()
            self._account()
        self._is_interrupted = False
        if self._goes_on:
            self._act()
        if self._goes_on:
            self._think()
        if self.runner.end is not None:
            self._let_go()

    def pause(self) -> None:
        """Act no more until `resume`; an answer to what was seen before is not carried out after it."""
        self._is_paused = self._is_interrupted = True
        self._let_go()

    def resume(self) -> None:
        """Go on; what happened meanwhile is not judged."""
        self._is_paused = False

    def wait(self, timeout: float) -> bool:
        """Wait at most `timeout` [s] for an answer and return whether none is owed."""
        return self._question is None or self._question.wait(timeout)

    def stop(self, why: str) -> None:
        """End the run; the arm holds its last target."""
        try:
            self.runner.see(self._backend.state())
        except Exception as error:
            logger.info("stopped without a last look at the arm: %s", error)
        self.runner.stop(why)
        self._let_go()

    def lose_backend(self, why: str) -> None:
        """End the run because the simulator is gone."""
        self._end(End.BACKEND_FAILED, BackendError(why))

    # ------------------------------------------------------------------ judge, act, look, think

    def _check_time(self, state: SceneState) -> None:
        if state.time < self._state.time - _SAME_TIME:
            raise BackendError(
                f"the simulated time went back from {self._state.time:.3f} s to {state.time:.3f} s: "
                "somebody else has reset the simulation"
            )

    @property
    def _goes_on(self) -> bool:
        return self.runner.end is None and not self._is_paused

    def _measure(self) -> None:
        now = time.perf_counter()
        if self._passed_at and not self._is_interrupted:
            rate = 1.0 / max(now - self._passed_at, 1e-6)
            self._measured_hz += (rate - self._measured_hz) * (SMOOTHING if self._measured_hz else 1.0)
        self._passed_at = now

    def _account(self) -> None:
        """Have the period that has passed counted and judged, if it belongs to the run."""
        is_stale, self._is_new = not self._is_new, False
        if self._decision is None or self._is_interrupted:
            return
        self._stale += is_stale
        self.runner.account(self._decision, is_stale=is_stale)

    def _act(self) -> None:
        """Carry out the answer if it is there."""
        question, shown = self._question, self._shown
        if question is None:
            return
        if not question.is_answered:
            self._check_patience(question)
            return
        self._question = self._shown = None
        try:
            answer = question.answer
            decision = None if shown is None else self.runner.decide(shown, answer)
        except Exception as error:
            self._end(End.POLICY_FAILED, error)
            return
        if decision is None:  # the policy's reset
            return
        try:
            self.runner.send(decision)
            self._hold(False)
        except Exception as error:
            self._end(End.BACKEND_FAILED, error)
            return
        self._decision, self._is_new = decision, True

    def _think(self) -> None:
        """Look, unless this moment has been looked at, and hand what is seen to the policy."""
        if self._question is not None:
            return
        try:
            frames = self._frames()
            if frames is None or self._looked_at is None:
                return
            observation = self.runner.observe(self._looked_at, frames)
        except Exception as error:
            self._end(End.BACKEND_FAILED, error)
            return
        self.frames = frames or self.frames
        self._shown = observation
        name = self.runner.start.policy
        self._question = self._worker.ask(lambda: plain_chunk(ask(self._policy, observation), policy=name))

    def _frames(self) -> dict[str, Frame] | None:
        """Return the pictures once they are there; asks the cameras for at most one more update per call."""
        if self._look is None:
            if self._looked_at is not None and self._state.time <= self._looked_at.time + _SAME_TIME:
                return None
            self._hold(True)
            self._looked_at = self._state
            self._look = self.runner.cameras.read_steps(self._state.time)
        try:
            next(self._look)
        except StopIteration as stop:
            self._look = None
            frames: dict[str, Frame] = stop.value
            return frames
        return None

    def _check_patience(self, question: Question) -> None:
        if question.waited <= self._patience:
            return
        self.is_hung = True
        name = self.runner.start.policy
        self._end(End.POLICY_FAILED, PolicyError(f"the policy {name!r} has not answered for {self._patience:.3g} s"))

    def _hold(self, is_held: bool) -> None:
        """Ask for time to stand still or to go on, in lock-step only and only where that changes something."""
        if self._lock_step and is_held != self.is_time_held:
            self.is_time_held = is_held
            if self._hold_time is not None:
                self._hold_time(is_held)

    def _end(self, end: End, error: Exception) -> None:
        self.runner.fail(end, error)
        self._let_go()

    def _let_go(self) -> None:
        """Leave nothing under way: no picture, no held time, no question but the reset that a run which goes on needs."""
        if self._look is not None:
            self._look.close()
        if self._question is not None and (self._shown is not None or self.runner.end is not None):
            self._question.drop()
            self._question = None
        self._look = self._shown = self._looked_at = None
        try:
            self._hold(False)
        except Exception:
            logger.exception("time could not be let go on")
