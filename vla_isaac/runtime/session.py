"""`Session`: a backend and a policy that run episodes; the model behind command line, Python interface and panel."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType

from vla_isaac.control.config import ControlConfig
from vla_isaac.control.converter import ActionConverter
from vla_isaac.policies.base import Policy
from vla_isaac.runtime.camera_check import check_pictures, check_views
from vla_isaac.runtime.control_period import ControlPeriod
from vla_isaac.runtime.episode import EpisodeRequest, set_stage
from vla_isaac.runtime.episode_run import EpisodeRun
from vla_isaac.runtime.inference import POLICY_TIMEOUT
from vla_isaac.runtime.policy_calls import PolicyCalls
from vla_isaac.runtime.result import EpisodeResult
from vla_isaac.runtime.runner import PolicyRunner
from vla_isaac.runtime.subscriber import EpisodeStart, Subscriber
from vla_isaac.sensors.camera import CameraRig, ImageOptions
from vla_isaac.sim.backend import Backend
from vla_isaac.sim.drive import drive
from vla_isaac.tasks.task import Task


class Session:
    """Backend and policy for one episode after another; use as a context manager, or call `close`.

    For example::

        with Session(backend, policy, policy_name="scripted") as session:
            result = session.run(request)
    """

    def __init__(
        self,
        backend: Backend,
        policy: Policy,
        *,
        policy_name: str = "policy",
        policy_reason: str = "",
        control: ControlConfig | None = None,
        policy_timeout: float = POLICY_TIMEOUT,
    ) -> None:
        """Hold a backend and a policy.

        Args:
            backend: The simulator; closed with the session.
            policy: The policy that acts.
            policy_name: Its name in results.
            policy_reason: Why it was selected, for results.
            control: Limits and inverse kinematics; None takes the defaults.
            policy_timeout: Timeout of each of the policy's answers after its first decision, in real time [s]; 0 waits for
                ever. After it the episode ends as POLICY_FAILED.

        Raises:
            UsageError: If the timeout is negative or no finite number.
        """
        self.backend = backend
        self.policy = policy
        self.policy_name = policy_name
        self.policy_reason = policy_reason
        self._control = control or ControlConfig()
        self._calls = PolicyCalls(policy, timeout=policy_timeout)

    def prepare(self, request: EpisodeRequest, subscribers: Sequence[Subscriber] = ()) -> PolicyRunner:
        """Load and lay out the scene and return a runner at the start of the episode; for callers that own the clock."""
        start = drive(set_stage(request, self.backend, self.policy, self.policy_name, self.policy_reason))
        task = Task(start.plan, dwell=request.dwell)
        runner = connect(start, task, self.backend, self._calls, self._control, subscribers)
        runner.begin()
        return runner

    def run(self, request: EpisodeRequest, subscribers: Sequence[Subscriber] = ()) -> EpisodeResult:
        """Run one episode to its end."""
        return self.prepare(request, subscribers).run()

    def close(self) -> None:
        """Release the backend and the policy's thread; may be called twice."""
        self._calls.leave()
        self.backend.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def connect(
    start: EpisodeStart,
    task: Task,
    backend: Backend,
    calls: PolicyCalls,
    control: ControlConfig,
    subscribers: Sequence[Subscriber] = (),
) -> PolicyRunner:
    """Return a runner of an episode that has not begun; arguments and errors as in `make_episode`."""
    return PolicyRunner(make_episode(start, task, backend, control, subscribers), calls)


def make_episode(
    start: EpisodeStart, task: Task, backend: Backend, control: ControlConfig, subscribers: Sequence[Subscriber] = ()
) -> EpisodeRun:
    """Return an episode with the cameras and the converter of the spec that `start` has; it has not begun.

    Raises:
        UnknownNameError: If the scene lacks a camera of the policy.
        ConventionError: If a camera differs from the one the policy was trained with, or the pictures are of another kind.
    """
    spec = start.policy_spec
    for name in spec.cameras:
        start.scene.camera(name)
    check_views(spec, start.scene)
    check_pictures(spec, backend.name)
    cameras = CameraRig(backend, spec.cameras, ImageOptions(resolution_hw=spec.image_hw), seed=start.seed)
    period = ControlPeriod(start, backend, ActionConverter(spec.action, control), cameras)
    return EpisodeRun(start, task, period, subscribers)
