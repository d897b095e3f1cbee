"""`PolicyRunner`: the state machine that turns observation into action until the task is done.

`tick` is one control period in lock-step, for scripts and batches: time stands still while the policy thinks. Where
time goes on (`live_run`), the same parts are called as they fall due.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from vla_isaac.control.converter import ActionConverter
from vla_isaac.core.errors import describe
from vla_isaac.core.poses import Pose
from vla_isaac.core.read_only import read_only_copy
from vla_isaac.core.types import Action, ActionChunk, EpisodeContext, Frame, JointTarget, Observation, SceneState, Verdict
from vla_isaac.policies.base import Policy
from vla_isaac.policies.boundary import ask, begin_episode, plain_chunk
from vla_isaac.runtime.result import End, EpisodeResult
from vla_isaac.runtime.subscriber import EpisodeStart, Step, Subscriber
from vla_isaac.sensors.camera import CameraRig
from vla_isaac.sim.backend import Backend
from vla_isaac.tasks.task import Task

logger = logging.getLogger(__name__)


class Decision(NamedTuple):
    """What the policy was shown, what it answered, and what that means for the arm; none of it is the policy's own."""

    observation: Observation
    chunk: ActionChunk
    action: Action
    target: JointTarget


class PolicyRunner:
    """Runs one policy on one backend, episode after episode.

    Its own arrays leave it only as read-only copies: `policies.boundary` makes those of the policy, `_tell` those of each
    subscriber. So whatever either of them writes, whenever, reaches neither the arm nor anybody else.
    """

    def __init__(
        self,
        backend: Backend,
        policy: Policy,
        converter: ActionConverter,
        cameras: CameraRig,
        *,
        subscribers: Sequence[Subscriber] = (),
    ) -> None:
        """Connect the parts; the scene must be loaded at the policy's rate."""
        self._backend = backend
        self._policy = policy
        self.converter = converter
        self.cameras = cameras
        self._subscribers = list(subscribers)
        self.end: End | None = None
        self.error: Exception | None = None

    def begin(self, start: EpisodeStart, task: Task) -> None:
        """Begin an episode; the backend must stand at its start. A policy that cannot begin ends it at once.

        Raises:
            GoalError: If the goal can never be fulfilled.
        """
        self.open(start, task)
        try:
            begin_episode(self._policy, self.context())
        except Exception as error:
            self.fail(End.POLICY_FAILED, error)
        except BaseException:
            self._finish(End.STOPPED, "interrupted")
            raise

    def open(self, start: EpisodeStart, task: Task) -> None:
        """Begin an episode without the policy, which its owner resets with `context()`; else as `begin`."""
        self._start, self._task = start, task
        self._state: SceneState = start.state
        self._verdict = Verdict(False, "not begun")
        self._steps, self._warnings = 0, list[str]()
        self.end, self.error = None, None
        self._wall = time.perf_counter()
        task.reset(start.state)
        self._pose_base_world = start.state.pose_world_base.inverse()
        self._base_is_world = start.state.pose_world_base.is_identity
        self._is_privileged = start.policy_spec.privileged  # as declared before; not what it says amid the episode
        self.converter.reset(start.state.qpos, start.state.gripper_width)
        self._sent: JointTarget | None = None
        try:
            self._tell(lambda s: s.on_start(read_only_copy(start)))
        except BaseException:
            self._finish(End.STOPPED, "interrupted")
            raise

    def context(self) -> EpisodeContext:
        """Return what the policy is told of the episode."""
        start, privileged = self._start, self._is_privileged
        return EpisodeContext(
            instruction=start.instruction,
            seed=start.seed,
            goal=start.plan if privileged else None,
            state=start.state if privileged else None,
        )

    def run(self) -> EpisodeResult:
        """Tick until the end; an interrupt (Ctrl-C) ends the episode as STOPPED and is raised again."""
        try:
            while self.end is None:
                self.tick()
        except BaseException:
            self._finish(End.STOPPED, "interrupted")
            raise
        return self.result

    def stop(self, why: str = "stopped") -> None:
        """End the episode now; the arm holds still."""
        if self.end is None:
            self._finish(End.STOPPED, why)

    def fail(self, end: End, error: Exception) -> None:
        """End the episode by an error, which `error` keeps; the arm holds still."""
        if self.end is None:
            self.error = error
            self._finish(end, describe(error))

    def tick(self) -> None:
        """Do one control period: observe, act, convert, step, judge.

        This is the lock-step form, in which time stands still while the policy thinks. The live form does the same
        parts one by one as they fall due.
        """
        try:
            observation = self.observe(self._state, self.cameras.read(self._state.time))
        except Exception as error:
            self.fail(End.BACKEND_FAILED, error)
            return
        try:
            decision = self.decide(observation, ask(self._policy, observation))
        except Exception as error:
            self.fail(End.POLICY_FAILED, error)
            return
        try:
            self.send(decision)
            self._backend.step()
            self._state = self._backend.state()
        except Exception as error:
            self.fail(End.BACKEND_FAILED, error)
            return
        self.account(decision)

    # ------------------------------------------------------------------ the parts of a period

    def see(self, state: SceneState) -> None:
        """Take `state` as how things stand now."""
        self._state = state

    def observe(self, state: SceneState, frames: Mapping[str, Frame]) -> Observation:
        """Return what the policy is to see of a state and the frames that belong to it; `ask` gives it a copy."""
        return Observation(
            time=state.time,
            instruction=self._start.instruction,
            frames=frames,
            qpos=state.qpos,
            qvel=state.qvel,
            gripper_width=state.gripper_width,
            pose_base_ee=self._pose_base_ee(state),
            state=state if self._is_privileged else None,
        )

    def decide(self, observation: Observation, answer: Any) -> Decision:
        """Return the first action of a policy's answer as a safe target, reckoned from how things stand now.

        The answer is read once; what the policy does to it afterwards changes nothing.

        Raises:
            PolicyError: If the answer is no chunk of actions, or the action is not what the policy's spec declares.
        """
        chunk = plain_chunk(answer, policy=self._start.policy)
        action = chunk[0]
        target = self.converter.convert(action, qpos=self._state.qpos, gripper_width=self._state.gripper_width)
        return Decision(observation, chunk, action, target)

    def send(self, decision: Decision) -> None:
        """Send a decision's target to the arm; from now on it is what holding still holds."""
        self._backend.apply(decision.target)
        self._sent = decision.target

    def account(self, decision: Decision, *, is_stale: bool = False) -> None:
        """Count and judge the period that ended in the state of now, tell everyone, and end the episode if it is over.

        Args:
            decision: What the arm was doing in that period.
            is_stale: Whether it was decided for an earlier period and the arm only held its target.
        """
        self._steps += 1
        self._verdict = self._task.judge(self._state)
        if self._subscribers:
            step = Step(
                index=self._steps,
                observation=decision.observation,
                chunk=decision.chunk,
                action=decision.action,
                target=decision.target,
                state=self._state,
                verdict=self._verdict,
                is_last=bool(self._verdict.success) or self._steps >= self._start.max_steps,
                is_stale=is_stale,
            )
            self._tell(lambda s: s.on_step(read_only_copy(step)))
        if self._verdict.success:
            self._finish(End.SUCCEEDED, self._verdict.reason)
        elif self._steps >= self._start.max_steps:
            self._finish(End.TIMED_OUT, self._verdict.reason)

    # ------------------------------------------------------------------ how it stands

    @property
    def result(self) -> EpisodeResult:
        """How the episode ended."""
        return self._result

    @property
    def start(self) -> EpisodeStart:
        """How the episode began."""
        return self._start

    @property
    def state(self) -> SceneState:
        """How things stood when last looked at, as a read-only copy."""
        return read_only_copy(self._state)

    @property
    def steps(self) -> int:
        """Control periods so far."""
        return self._steps

    @property
    def verdict(self) -> Verdict:
        """What the task says of the last state."""
        return self._verdict

    @property
    def warnings(self) -> tuple[str, ...]:
        """What went wrong beside the loop so far."""
        return tuple(self._warnings)

    @property
    def subscribers(self) -> tuple[Subscriber, ...]:
        """Those who are still watching."""
        return tuple(self._subscribers)

    # ------------------------------------------------------------------

    def _pose_base_ee(self, state: SceneState) -> Pose:
        return state.pose_world_ee if self._base_is_world else self._pose_base_world @ state.pose_world_ee

    def _finish(self, end: End, reason: str) -> None:
        """Hold still, name the outcome and tell everyone, once."""
        if self.end is not None:
            return
        self.end = end
        self._hold_still()
        judged = self._task.plan is not None
        success = end is End.SUCCEEDED if judged else None
        failure = None
        if judged and not success:
            failure = self._task.failure(self._state) if end is End.TIMED_OUT else end.value
        self._result = self._make_result(end, reason, success, failure)
        self._tell(lambda s: s.on_end(read_only_copy(self._result)))
        self._result = self._make_result(end, reason, success, failure)  # with what subscribers lost at the end

    def _make_result(self, end: End, reason: str, success: bool | None, failure: str | None) -> EpisodeResult:
        start = self._start
        return EpisodeResult(
            end=end,
            success=success,
            failure=failure,
            reason=reason,
            progress=self._verdict.progress,
            steps=self._steps,
            sim_seconds=self._state.time,
            wall_seconds=time.perf_counter() - self._wall,
            instruction=start.instruction,
            goal=start.plan.to_json() if start.plan else None,
            policy=start.policy,
            policy_reason=start.policy_reason,
            backend=start.backend,
            seed=start.seed,
            clipped=self.converter.clipped.as_dict(),
            warnings=tuple(self._warnings),
        )

    def _hold_still(self) -> None:
        """Send the last safe target again; before the first one, where the backend has the joints now, within the limits."""
        try:
            self._backend.apply(self._sent or self._where_it_is())
        except Exception as error:
            self._warnings.append(f"the arm could not be told to hold still: {describe(error)}")

    def _where_it_is(self) -> JointTarget:
        now = self._backend.state()
        return self.converter.hold(now.qpos, now.gripper_width)

    def _tell(self, call: Callable[[Subscriber], Any]) -> None:
        """Call every subscriber; one that fails is reported and gets no more calls."""
        for subscriber in list(self._subscribers):
            try:
                call(subscriber)
            except Exception as error:
                self._subscribers.remove(subscriber)
                words = f"{type(subscriber).__name__} was detached: {describe(error)}"
                self._warnings.append(words)
                logger.info("%s", words)
