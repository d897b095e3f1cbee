"""`IsaacVLASystem`: the textbook chapter's system with its method names, on every backend."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from vla_isaac.api import make_backend, make_policy, make_request, open_session
from vla_isaac.api.policy_choice import BY_CALLER, EXPERT, PolicyChoice
from vla_isaac.core.arrays import Image
from vla_isaac.core.errors import BackendError, UsageError
from vla_isaac.core.types import Action, ActionChunk, JointTarget, Observation, SceneState, Verdict
from vla_isaac.policies.base import Policy
from vla_isaac.runtime.control_period import Decision
from vla_isaac.runtime.inference import POLICY_TIMEOUT
from vla_isaac.runtime.result import EpisodeResult
from vla_isaac.runtime.runner import PolicyRunner
from vla_isaac.runtime.session import Session
from vla_isaac.runtime.subscriber import Subscriber
from vla_isaac.runtime.video import VideoRecorder
from vla_isaac.scene.builder import FrankaSceneBuilder
from vla_isaac.scene.cameras import CameraConfig
from vla_isaac.sensors.camera import CameraRig, ImageOptions

INSTRUCTION = "Pick up the red cube and place it on the blue box"
OBJECTS = (("cube", "red"), ("cube", "green"), ("box", "blue"))
"""Default objects of `add_manipulation_objects`: shape and colour."""


class IsaacVLASystem:
    """Scene, camera, policy and control loop in one object; a thin wrapper of `Session`.

    For example::

        with IsaacVLASystem("scripted", backend="mujoco") as system:
            system.setup_scene()
            result = system.run_vla_control_loop("Pick up the red cube and place it on the blue box")

    For single steps use `get_visual_observation`, `execute_vla_policy`, `check_task_completion`.
    """

    def __init__(
        self,
        vla_model: str | Policy | None = None,
        *,
        backend: str = "mujoco",
        instruction: str | None = None,
        seed: int = 0,
        policy_timeout: float = POLICY_TIMEOUT,
    ) -> None:
        """Load the policy; `setup_scene` starts the simulator.

        Args:
            vla_model: A name of ``vla-isaac list policies``, or a policy object; None takes the scripted expert, which sees
                the true state of the scene.
            backend: A name of ``vla-isaac list backends``.
            instruction: What `get_language_instruction` returns; None takes the chapter's, if the default objects are used.
            seed: Seed of the layout and everything else random.
            policy_timeout: As in `make_session`.

        Raises:
            UnknownNameError: If there is no such policy.
        """
        chosen = EXPERT if vla_model is None else vla_model
        name = chosen if isinstance(chosen, str) else type(chosen).__name__
        self.vla_model = self.load_vla_model(chosen)
        self._choice = PolicyChoice(
            name, "the default of IsaacVLASystem, which sees the true state" if vla_model is None else BY_CALLER
        )
        self._backend_name = backend
        self._instruction = instruction
        self._seed, self._policy_timeout = seed, policy_timeout
        self._builder = FrankaSceneBuilder("chapter")
        self._has_own_objects = False
        self._session: Session | None = None
        self._runner: PolicyRunner | None = None

    # ---------------------------------------------------------------- setup

    def load_vla_model(self, model: str | Policy) -> Policy:
        """Return a policy by name, or the object itself; pickled models are never loaded."""
        if not isinstance(model, str):
            return model
        if Path(model).suffix in (".pt", ".pth", ".pkl", ".bin"):
            raise UsageError(
                f"{model}: files that run code when read are not loaded", remedy="give a policy's name, or an object"
            )
        return make_policy(model)

    def add_manipulation_objects(self, objects: Sequence[tuple[str, str]] = OBJECTS) -> IsaacVLASystem:
        """Put objects on the table, each a shape and a colour such as ``("cube", "red")``; before `setup_scene`."""
        self._check_not_built("add_manipulation_objects")
        for shape, colour in objects:
            self._builder.add(shape, colour)
        self._has_own_objects = True
        return self

    def setup_camera(self, camera: CameraConfig) -> IsaacVLASystem:
        """Add a camera to the three that every scene has (front, side, wrist); before `setup_scene`."""
        self._check_not_built("setup_camera")
        self._builder.add_camera(camera)
        return self

    def setup_scene(self) -> IsaacVLASystem:
        """Build the scene, with the default objects if none were added, and lay it out from the seed."""
        self._check_not_built("setup_scene")
        if not self._has_own_objects:
            for shape, colour in OBJECTS:
                self._builder.add(shape, colour)
        self._session = open_session(
            self._choice, self.vla_model, make_backend(self._backend_name), policy_timeout=self._policy_timeout
        )
        self._begin(self.get_language_instruction(), None)
        return self

    # ---------------------------------------------------------------- single steps

    def get_language_instruction(self) -> str:
        """Return the instruction; empty for custom objects without one."""
        if self._instruction is None:
            return "" if self._has_own_objects else INSTRUCTION
        return self._instruction

    def get_visual_observation(self, camera: str = "front", resolution_hw: tuple[int, int] = (224, 224)) -> Image:
        """Return a camera's image, checked and not older than the state: uint8, shape (H, W, 3)."""
        runner = self._running()
        rig = CameraRig(self._open_session().backend, [camera], ImageOptions(resolution_hw=resolution_hw))
        return rig.read(runner.episode.state.time)[camera].rgb

    def execute_vla_policy(self, instruction: str | None = None) -> Action:
        """Run one control period (observe, act, move, check) and return the action.

        Args:
            instruction: A different one starts a new episode; None keeps the current one.

        Raises:
            PolicyError: If the policy fails.
            BackendError: If the simulator fails, or the episode is over.
        """
        if instruction is not None and instruction != self.get_language_instruction():
            self._begin(instruction, None)  # a new episode, also after the last one's end
        decision = self._do_period(self._running().answer)
        return Action(decision.action.arm.copy(), decision.action.gripper)

    def convert_action_to_joints(self, action: Action) -> JointTarget:
        """Return the joint target of an action in the policy's own convention, within all limits, without sending it.

        It equals what `execute_robot_action` would send now: speed is limited from the last target sent. The state is
        not changed.
        """
        return self._running().episode.period.preview(action)

    def execute_robot_action(self, action: Action) -> SceneState:
        """Execute an action for one control period and return the state after it."""
        self._do_period(lambda observation: ActionChunk.single(action.arm, action.gripper), with_cameras=False)
        return self._running(may_be_over=True).episode.state

    def check_task_completion(self) -> Verdict:
        """Return the task's verdict on the current state."""
        return self._running(may_be_over=True).episode.verdict

    # ---------------------------------------------------------------- whole episodes

    def run_vla_control_loop(
        self, instruction: str | None = None, max_steps: int | None = None, *, video: str | Path | None = None
    ) -> EpisodeResult:
        """Run an episode from the start to its end and return the result.

        Args:
            instruction: The instruction; None takes `get_language_instruction`.
            max_steps: Largest number of control periods; None takes 20 s per goal.
            video: Path of an mp4 to write.
        """
        session = self._open_session()
        watchers: list[Subscriber] = [VideoRecorder(session.backend, Path(video))] if video else []
        self._begin(instruction or self.get_language_instruction(), max_steps, watchers)
        return self._running().run()

    def close(self) -> None:
        """Free the simulator; may be called twice."""
        if self._session is not None:
            self._session.close()
        self._session = self._runner = None

    def __enter__(self) -> IsaacVLASystem:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    # ----------------------------------------------------------------

    def _begin(self, instruction: str, max_steps: int | None, watchers: Sequence[Subscriber] = ()) -> None:
        session = self._open_session()
        goal = None if instruction else "none"  # without an instruction there is no goal
        request = make_request(instruction, scene=self._builder.build(), seed=self._seed, max_steps=max_steps, goal=goal)
        self._runner = session.prepare(request, watchers)
        self._instruction = instruction

    def _do_period(self, answer: Callable[[Observation], Any], *, with_cameras: bool = True) -> Decision:
        episode = self._running().episode
        decision = episode.period.complete(answer, with_cameras=with_cameras)
        episode.check(decision)
        return decision

    def _open_session(self) -> Session:
        if self._session is None:
            raise BackendError("there is no scene yet", remedy="call setup_scene() first")
        return self._session

    def _running(self, *, may_be_over: bool = False) -> PolicyRunner:
        self._open_session()
        assert self._runner is not None  # made with the session
        if self._runner.end is not None and not may_be_over:
            result = self._runner.result
            raise BackendError(
                f"the episode is over ({result.end.value}: {result.reason})",
                remedy="call run_vla_control_loop() for a new one, or execute_vla_policy() with another instruction",
            )
        return self._runner

    def _check_not_built(self, what: str) -> None:
        if self._session is not None:
            raise UsageError("the scene is built already", remedy=f"call {what}() before setup_scene(), or make a new one")
