"""`measure_loop`: the overhead of the loop, measured with whole episodes against a bare loop.

The bare loop has only the necessary parts: engine step, rendering, and the policy's action. It applies the
targets that the full loop sent and gives the policy the same states, so both simulate exactly the same episodes;
converter, predicates, checks and bookkeeping are the difference.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from vla_isaac.core.types import EpisodeContext, Frame, JointTarget, Observation, SceneState
from vla_isaac.policies.base import Policy
from vla_isaac.runtime.episode import EpisodeRequest, set_stage
from vla_isaac.runtime.result import EpisodeResult
from vla_isaac.runtime.runner import PolicyRunner
from vla_isaac.runtime.session import Session
from vla_isaac.runtime.subscriber import EpisodeStart, Step
from vla_isaac.scene.builder import scene_preset
from vla_isaac.scene.randomisation import randomisation_preset
from vla_isaac.sim.backend import Backend, RenderRequest
from vla_isaac.sim.drive import drive
from vla_isaac.tasks.families import task_family

CAMERAS = ("front", "wrist")
IMAGE_HW = (224, 224)


@dataclass(frozen=True)
class LoopFigures:
    """Results of the measurement."""

    overhead_ratio: float
    """Time of the full loop divided by that of the bare loop, with two 224 x 224 cameras."""

    state_overhead_ratio: float
    """The same without cameras."""

    state_steps_per_second: float
    """Control steps per second of the full loop without cameras."""

    camera_steps_per_second: float
    """Control steps per second of the full loop with two cameras."""


@dataclass(frozen=True, eq=False)
class RecordedEpisode:
    """Start of one episode and the targets that the full loop sent."""

    start: EpisodeStart
    targets: tuple[JointTarget, ...]


class _Targets:
    """A subscriber that stores the targets."""

    def __init__(self) -> None:
        self.targets: list[JointTarget] = []

    def on_start(self, start: EpisodeStart) -> None:
        self.targets.clear()

    def on_step(self, step: Step) -> None:
        self.targets.append(step.target)

    def on_end(self, result: EpisodeResult) -> None:
        pass


class _WithCameras:
    """A policy wrapper that requires cameras and returns the actions of another policy."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self.spec = replace(policy.spec, cameras=CAMERAS, image_hw=IMAGE_HW)
        self.reset = policy.reset
        self.act = policy.act


def measure_loop(
    make_backend: Callable[[], Backend], make_policy: Callable[[], Policy], *, episodes: int, repeats: int
) -> LoopFigures:
    """Measure the loop's overhead and speed on `clutter`, family `place_on`; loading and layout are not counted.

    Args:
        make_backend: Makes the backend.
        make_policy: Makes the policy, a privileged one.
        episodes: Whole episodes per measurement.
        repeats: Measurements of full and bare loop in turn; medians are reported.
    """
    requests = [bench_request(900_000 + k) for k in range(episodes)]
    with Session(make_backend(), make_policy(), policy_name="scripted") as session:
        plain = [record_episode(session, request) for request in requests]
        state_full, state_bare = _in_turn(session, requests, plain, (), repeats)
        seeing = Session(session.backend, _WithCameras(session.policy), policy_name="scripted")
        camera_full, camera_bare = _in_turn(seeing, requests, plain, CAMERAS, repeats)
    steps = sum(len(e.targets) for e in plain)
    return LoopFigures(
        overhead_ratio=_ratio(camera_full, camera_bare),
        state_overhead_ratio=_ratio(state_full, state_bare),
        state_steps_per_second=steps / statistics.median(state_full),
        camera_steps_per_second=steps / statistics.median(camera_full),
    )


def bench_request(seed: int) -> EpisodeRequest:
    """Return an episode of the workload: `clutter`, family `place_on`, without added objects, so that nothing is rebuilt."""
    family = task_family("place_on")
    without_extras = replace(family, preset=replace(family.preset, distractors=(0, 0)))
    return EpisodeRequest(
        scene=scene_preset("clutter"), randomisation=randomisation_preset("layout"), seed=seed, family=without_extras
    )


def record_episode(session: Session, request: EpisodeRequest) -> RecordedEpisode:
    """Run an episode and return its start and the targets that were sent."""
    watcher = _Targets()
    start = drive(set_stage(request, session.backend, session.policy, "scripted"))
    session.run(request, [watcher])
    return RecordedEpisode(start, tuple(watcher.targets))


def _in_turn(
    session: Session,
    requests: Sequence[EpisodeRequest],
    episodes: Sequence[RecordedEpisode],
    cameras: tuple[str, ...],
    repeats: int,
) -> tuple[list[float], list[float]]:
    """Time full and bare loop in turn, so that drift of the machine affects both; the first round is a warm-up."""
    full, bare = [], []
    for _ in range(repeats + 1):
        full.append(sum(_time_full(session.prepare(request)) for request in requests))
        bare.append(sum(_time_bare(session, episode, cameras) for episode in episodes))
    return full[1:], bare[1:]


def _time_full(runner: PolicyRunner) -> float:
    begin = time.perf_counter()
    runner.run()
    return time.perf_counter() - begin


def _time_bare(session: Session, episode: RecordedEpisode, cameras: tuple[str, ...]) -> float:
    backend, policy, start = session.backend, session.policy, episode.start
    drive(backend.load(start.scene))
    drive(backend.reset(start.layout))
    requests = [RenderRequest(camera=name, resolution_hw=IMAGE_HW) for name in cameras]
    policy.reset(EpisodeContext(instruction=start.instruction, seed=start.seed, goal=start.plan, state=start.state))
    begin = time.perf_counter()
    for target in episode.targets:
        frames = drive(backend.render(requests)) if requests else {}
        state = backend.state()
        policy.act(_observation(state, start.instruction, frames))
        backend.apply(target)
        backend.step()
    return time.perf_counter() - begin


def _observation(state: SceneState, instruction: str, frames: Mapping[str, Frame]) -> Observation:
    return Observation(
        time=state.time,
        instruction=instruction,
        frames=frames,
        qpos=state.qpos,
        qvel=state.qvel,
        gripper_width=state.gripper_width,
        pose_base_ee=state.pose_world_ee,
        state=state,
    )


def _ratio(full: list[float], bare: list[float]) -> float:
    return statistics.median(f / b for f, b in zip(full, bare, strict=True))
