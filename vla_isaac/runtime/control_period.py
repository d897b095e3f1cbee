"""`ControlPeriod`: observe, act, convert, apply and step; one implementation for scripts, live sessions and single steps.

The caller owns the clock. `complete` does a whole period in lock-step, while simulated time stands still; a live run, in
which time continues, calls `observe` and `carry_out` as soon as images and answer are available, and sets `state` when a
period has passed.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, NamedTuple

from vla_isaac.control.converter import ActionConverter
from vla_isaac.core.types import Action, ActionChunk, JointTarget, Observation, SceneState
from vla_isaac.policies.read_only_boundary import plain_chunk
from vla_isaac.runtime.result import End
from vla_isaac.runtime.subscriber import EpisodeStart
from vla_isaac.sensors.camera import CameraRig
from vla_isaac.sim.backend import Backend, Steps
from vla_isaac.sim.drive import drive


class Decision(NamedTuple):
    """Observation, answer of the policy and resulting joint target; the policy shares none of it."""

    observation: Observation
    chunk: ActionChunk
    action: Action
    target: JointTarget


class ControlPeriod:
    """The parts of a control period of one episode; each raises the errors of the backend or the policy."""

    def __init__(self, start: EpisodeStart, backend: Backend, converter: ActionConverter, cameras: CameraRig) -> None:
        """Begin at the state in which the episode starts; the scene must be loaded at the policy's rate.

        Raises:
            ShapeError: If the joints of that state are not seven finite numbers.
        """
        self.backend, self.converter, self.cameras = backend, converter, cameras
        self.state: SceneState = start.state
        """The latest state, shared with nothing outside the runtime."""
        self.at_fault = End.BACKEND_FAILED
        """The `End` of the episode if the current part raises."""
        self._start = start
        base = start.state.pose_world_base
        self._pose_base_world = None if base.is_identity else base.inverse()
        self._is_privileged = start.policy_spec.privileged  # read once: the policy cannot change it during the episode
        self._sent: JointTarget | None = None
        converter.reset(start.state.qpos, start.state.gripper_width)

    def complete(self, answer: Callable[[Observation], Any], *, with_cameras: bool = True) -> Decision:
        """Do a whole period in lock-step and return its decision.

        Args:
            answer: Returns the policy's answer to an observation.
            with_cameras: Whether the observation needs camera frames.
        """
        observation = drive(self.observe(with_cameras=with_cameras))
        decision = self.carry_out(observation, answer(observation))
        self.backend.step()
        self.state = self.backend.state()
        return decision

    def observe(self, *, with_cameras: bool = True) -> Steps[Observation]:
        """Return the observation of the current state; yields once per simulator update the cameras need."""
        self.at_fault = End.BACKEND_FAILED
        state = self.state
        frames = (yield from self.cameras.read_steps(state.time)) if with_cameras else {}
        pose = state.pose_world_ee
        observation = Observation(
            time=state.time,
            instruction=self._start.instruction,
            frames=frames,
            qpos=state.qpos,
            qvel=state.qvel,
            gripper_width=state.gripper_width,
            pose_base_ee=pose if self._pose_base_world is None else self._pose_base_world @ pose,
            state=state if self._is_privileged else None,
        )
        self.at_fault = End.POLICY_FAILED
        return observation

    def carry_out(self, observation: Observation, answer: Any) -> Decision:
        """Send the first action of an answer to the arm as a safe target, computed from the current state.

        The answer is read once; later changes by the policy have no effect.

        Raises:
            PolicyError: If the answer is not a chunk of actions, or the action does not follow the policy's spec.
        """
        chunk = plain_chunk(answer, policy=self._start.policy)
        action = chunk[0]
        target = self.converter.convert(action, qpos=self.state.qpos, gripper_width=self.state.gripper_width)
        self.at_fault = End.BACKEND_FAILED
        self.backend.apply(target)
        self._sent = target
        return Decision(observation, chunk, action, target)

    def preview(self, action: Action) -> JointTarget:
        """Return the target that `carry_out` would send for an action now; nothing is sent, counted or stored."""
        converter = copy.deepcopy(self.converter)
        return converter.convert(action, qpos=self.state.qpos, gripper_width=self.state.gripper_width)

    def hold_still(self) -> None:
        """Send the last safe target again; before the first one, the current joint positions within the limits."""
        if self._sent is not None:
            self.backend.apply(self._sent)
            return
        now = self.backend.state()
        self.backend.apply(self.converter.hold(now.qpos, now.gripper_width))
