"""`LoadedScene`: the loaded scene of a live session, its settings, and whether it fits the next run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from vla_isaac.control.config import ControlConfig
from vla_isaac.core.errors import UsageError
from vla_isaac.core.read_only import read_only_copy
from vla_isaac.core.types import SceneState
from vla_isaac.policies.base import Policy
from vla_isaac.policies.read_only_boundary import own_spec
from vla_isaac.runtime.camera_preview import CameraPreview
from vla_isaac.runtime.episode import set_stage, with_instruction
from vla_isaac.runtime.live_settings import LiveSettings
from vla_isaac.runtime.session import make_episode
from vla_isaac.runtime.subscriber import EpisodeStart
from vla_isaac.sim.backend import Backend, Steps
from vla_isaac.tasks.task import DWELL, Task

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class LoadedScene:
    """Settings of the load, start of the episode, and policy."""

    settings: LiveSettings
    start: EpisodeStart
    policy: Policy

    @property
    def task(self) -> Task:
        """Return the task, ready to be reset."""
        family = self.settings.task
        return Task(self.start.plan, dwell=family.preset.dwell if family else DWELL)

    def for_run(self, settings: LiveSettings, policy: Policy, state: SceneState) -> LoadedScene:
        """Return the same scene for a run of `settings`, which may name another policy and another free instruction.

        Raises:
            UsageError: If other settings changed since the load, or the policy acts at another rate.
            InstructionError: If the instruction cannot be read.
        """
        if changes := settings.changes_since(self.settings):
            raise UsageError(f"{' and '.join(changes)} changed since the scene was loaded", remedy="press Load, then Run")
        spec = own_spec(policy)
        rate, loaded = spec.action.rate_hz, self.start.scene.timing.control_hz
        if rate != loaded:
            raise UsageError(
                f"the policy {settings.policy!r} acts at {rate:g} Hz but the scene was loaded for {loaded:g} Hz",
                remedy="press Load, then Run",
            )
        start = replace(self.start, policy=settings.policy, policy_spec=spec, state=read_only_copy(state))
        if settings.task is None:
            start = with_instruction(start, settings.sentence)
        return LoadedScene(settings, start, policy)


def load_scene(
    settings: LiveSettings,
    backend: Backend,
    policy: Policy,
    control: ControlConfig,
    preview: CameraPreview,
    *,
    goes_on: Callable[[], bool],
) -> Steps[LoadedScene | None]:
    """Build the scene of `settings` and lay it out, with a first image; None if the load was cancelled.

    Args:
        settings: What to load.
        backend: The simulator.
        policy: The policy of the run that follows.
        control: Limits and inverse kinematics of that run.
        preview: Takes the first image.
        goes_on: Called before each simulator update; False cancels the load.

    Raises:
        VlaIsaacError: If the scene cannot be loaded, or the policy does not fit it.
    """
    steps = set_stage(settings.request(), backend, policy, settings.policy)
    start = yield from _run_while(goes_on, steps)
    if start is None:
        return None
    loaded = LoadedScene(settings, start, policy)
    make_episode(start, loaded.task, backend, control)  # a mismatch is reported before the run
    yield from _run_while(goes_on, preview.look(start.state.time))
    return loaded


def _run_while(goes_on: Callable[[], bool], steps: Steps[T]) -> Steps[T | None]:
    """Run `steps`, or cancel them and return None."""
    while goes_on():
        try:
            next(steps)
        except StopIteration as stop:
            done: T = stop.value
            return done
        yield
    steps.close()
    return None
