"""Make backends, policies and sessions by name; `run` runs an instruction."""

from __future__ import annotations

from pathlib import Path

from vla_isaac.api.policy_choice import BY_CALLER, EXPERT, PolicyChoice, default_choice
from vla_isaac.api.requests import make_request
from vla_isaac.backends import BACKENDS
from vla_isaac.core.errors import UsageError
from vla_isaac.policies.base import Policy
from vla_isaac.policies.factory import make_policy
from vla_isaac.runtime.episode import EpisodeRequest
from vla_isaac.runtime.inference import POLICY_TIMEOUT
from vla_isaac.runtime.result import EpisodeResult
from vla_isaac.runtime.session import Session
from vla_isaac.runtime.subscriber import Subscriber
from vla_isaac.runtime.video import VideoRecorder
from vla_isaac.scene.randomisation import Randomisation
from vla_isaac.scene.spec import SceneSpec
from vla_isaac.sim.backend import Backend


def make_backend(name: str, *, robot_model: Path | None = None) -> Backend:
    """Return a backend by name.

    Raises:
        UnknownNameError: If there is none of that name.
        UsageError: If it takes no robot model.
        MissingDependencyError: If its package is not installed.
    """
    factory = BACKENDS.load(name)
    if robot_model is None:
        backend: Backend = factory()
        return backend
    if name != "mujoco":
        raise UsageError("--robot-model is for --backend mujoco", remedy=f"the backend {name!r} has a robot of its own")
    if not robot_model.is_file():
        raise UsageError(f"--robot-model {robot_model}: there is no such file", remedy="give the path of an MJCF file")
    with_model: Backend = factory(robot_model=robot_model)
    return with_model


def make_session(
    backend: str = "mujoco",
    policy: str | Policy | None = None,
    *,
    robot_model: Path | None = None,
    policy_timeout: float = POLICY_TIMEOUT,
) -> Session:
    """Return a session of backend and policy, ready for episodes; close it, or use it in a ``with`` statement.

    Args:
        backend: A name of ``vla-isaac list backends``.
        policy: A name of ``vla-isaac list policies``, or a policy object of your own; None takes the scripted expert, which
            sees the true state of the scene, since the session's requests are not known yet.
        robot_model: A mesh model of the Panda for MuJoCo.
        policy_timeout: Timeout of each of the policy's answers after its first decision, in real time [s]; 0 waits for ever.
    """
    chosen = EXPERT if policy is None else policy
    name = chosen if isinstance(chosen, str) else type(chosen).__name__
    reason = "the default of make_session, which sees the true state" if policy is None else BY_CALLER
    actor = make_policy(chosen) if isinstance(chosen, str) else chosen
    choice = PolicyChoice(name, reason)
    return open_session(choice, actor, make_backend(backend, robot_model=robot_model), policy_timeout=policy_timeout)


def open_session(
    choice: PolicyChoice, policy: Policy, backend: Backend, *, policy_timeout: float = POLICY_TIMEOUT
) -> Session:
    """Return a session of backend and policy, and log the policy and the reason.

    Args:
        choice: The policy's name, and why it was chosen.
        policy: The policy.
        backend: Closed with the session.
        policy_timeout: As in `make_session`.
    """
    choice.log(policy)
    return Session(backend, policy, policy_name=choice.policy, policy_reason=choice.reason, policy_timeout=policy_timeout)


def choose_policy(backend: str, request: EpisodeRequest) -> str:
    """Return the name of the default policy for a request; `policy_choice.default_choice` adds the reason.

    Args:
        backend: A name of ``vla-isaac list backends``.
        request: The episode to run.
    """
    return default_choice(backend, request).policy


def run(
    instruction: str | None = None,
    *,
    backend: str = "mujoco",
    policy: str | Policy | None = None,
    task: str | None = None,
    scene: str | SceneSpec | None = None,
    randomisation: str | Randomisation = "layout",
    seed: int = 0,
    goal: str | None = None,
    max_steps: int | None = None,
    video: str | Path | None = None,
    policy_timeout: float = POLICY_TIMEOUT,
) -> EpisodeResult:
    """Run one episode from its seed to its end and return the result.

    Arguments are those of `make_session` and `make_request`; `policy` None takes `policy_choice.default_choice`. The result
    has the chosen `policy` and the `policy_reason`; `video` is the path of an mp4 to write.
    """
    request = make_request(
        instruction, task=task, scene=scene, randomisation=randomisation, seed=seed, goal=goal, max_steps=max_steps
    )
    if policy is None:
        choice = default_choice(backend, request)
        opened = open_session(choice, make_policy(choice.policy), make_backend(backend), policy_timeout=policy_timeout)
    else:
        opened = make_session(backend, policy, policy_timeout=policy_timeout)
    with opened as session:
        watchers: list[Subscriber] = [VideoRecorder(session.backend, Path(video))] if video else []
        return session.run(request, watchers)
