"""`measure_physics`: physics steps and resets per second of processor time, of several backends in turn.

Each backend repeats the targets that the expert sent in whole episodes on it, without pictures, observations or policy.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from vla_isaac.evaluation.loop_bench import RecordedEpisode, bench_request, record_episode
from vla_isaac.policies.base import Policy
from vla_isaac.runtime.session import Session
from vla_isaac.sim.backend import Backend
from vla_isaac.sim.drive import drive


@dataclass(frozen=True)
class PhysicsFigures:
    """Results of one backend; medians over the repeats, in seconds of processor time of the whole process."""

    physics_steps_per_second: float
    """Calls of the engine per second."""

    reset_seconds: float
    """One `Backend.reset` of a scene that is loaded, settling included."""


@dataclass(frozen=True)
class _Round:
    steps_per_second: float
    reset_seconds: float


def measure_physics(
    backends: Mapping[str, Callable[[], Backend]], make_policy: Callable[[], Policy], *, episodes: int, repeats: int
) -> dict[str, PhysicsFigures]:
    """Measure backends on `clutter`, family `place_on`.

    Args:
        backends: What makes each of them, by name.
        make_policy: Makes the policy whose targets are repeated, a privileged one.
        episodes: Whole episodes per repeat.
        repeats: Repeats after a first one that does not count; backends take turns, so that all share the machine's load.
    """
    requests = [bench_request(900_000 + k) for k in range(episodes)]
    rounds: dict[str, list[_Round]] = {name: [] for name in backends}
    sessions = {name: Session(make(), make_policy(), policy_name="scripted") for name, make in backends.items()}
    try:
        recorded = {name: [record_episode(session, r) for r in requests] for name, session in sessions.items()}
        for _ in range(repeats + 1):
            for name, session in sessions.items():
                rounds[name].append(_repeat(session.backend, recorded[name]))
    finally:
        for session in sessions.values():
            session.close()
    return {name: _figures(found[1:]) for name, found in rounds.items()}


def _repeat(backend: Backend, episodes: Sequence[RecordedEpisode]) -> _Round:
    steps, stepping, resetting = 0, 0.0, 0.0
    for episode in episodes:
        drive(backend.load(episode.start.scene))
        begin = time.process_time()
        drive(backend.reset(episode.start.layout))
        resetting += time.process_time() - begin
        begin = time.process_time()
        for target in episode.targets:
            backend.apply(target)
            backend.step()
        stepping += time.process_time() - begin
        steps += len(episode.targets) * episode.start.scene.timing.substeps
    return _Round(steps / stepping, resetting / len(episodes))


def _figures(rounds: Sequence[_Round]) -> PhysicsFigures:
    return PhysicsFigures(
        statistics.median(one.steps_per_second for one in rounds),
        statistics.median(one.reset_seconds for one in rounds),
    )
