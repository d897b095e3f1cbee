"""`SessionFactory`: a session from its backend, policies by name and recorders; each can be replaced in tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from vla_isaac.control.config import ControlConfig
from vla_isaac.extension.settings import ExtensionSettings
from vla_isaac.policies.base import Policy
from vla_isaac.runtime.live import LiveSession
from vla_isaac.runtime.spool import SpoolRecorder
from vla_isaac.sim.backend import Backend


class KitBackend(Backend, Protocol):
    """A backend whose time is Kit's: it can be paused and resumed, and reports each control period."""

    on_period: Callable[[], None] | None
    """Called on Kit's thread after each control period of physics."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What is worth knowing, such as a robot model used in place of another."""
        ...

    def pause(self) -> None:
        """Let no time pass."""
        ...

    def resume(self) -> None:
        """Let time pass again."""
        ...

    def describe(self) -> str:
        """Return which of the simulator's interfaces is used and why."""
        ...


MakeBackend = Callable[[str], KitBackend]
"""From the name of a robot source, one of `settings.ROBOTS`, to a backend."""

MakePolicy = Callable[[str], Policy]


def isaac_backend(robot: str) -> KitBackend:
    """Return the Isaac Sim backend as it runs inside Kit."""
    from vla_isaac.backends.isaac.backend import IsaacBackend

    backend: KitBackend = IsaacBackend(mode="kit", robot="embedded" if robot == "embedded" else "reference")
    return backend


@dataclass(frozen=True)
class Options:
    """Choices that need a new session, so they take effect with the next load."""

    robot: str
    lock_step: bool
    speed_scale: float

    @classmethod
    def of(cls, settings: ExtensionSettings) -> Options:
        """Return what the settings say."""
        return cls(settings.robot, settings.lock_step, settings.speed_scale)


class SessionFactory:
    """Makes sessions, and remembers the recorders it made so that they can be waited for."""

    def __init__(self, make_backend: MakeBackend, make_policy: MakePolicy, settings: ExtensionSettings) -> None:
        """Make nothing yet.

        Args:
            make_backend: Makes a backend from the name of a robot source.
            make_policy: Makes a policy of its name.
            settings: Which camera the panel shows.
        """
        self._make_backend, self._make_policy = make_backend, make_policy
        self._view_cameras = (settings.view_camera,) if settings.view_camera else ()
        self._recorders: list[SpoolRecorder] = []

    def make_session(self, options: Options, *, hold_time: Callable[[bool], None]) -> tuple[LiveSession, KitBackend]:
        """Return a session with nothing loaded, and its backend.

        Raises:
            VlaIsaacError: If the backend cannot be made.
        """
        backend = self._make_backend(options.robot)
        session = LiveSession(
            backend,
            make_policy=self._make_policy,
            control=ControlConfig(speed_scale=options.speed_scale),
            lock_step=options.lock_step,
            hold_time=hold_time,
            make_recorder=self._make_recorder,
            view_cameras=self._view_cameras,
        )
        return session, backend

    def wait_for_recordings(self, timeout: float) -> bool:
        """Wait until every ended episode is on the disk, or `timeout` [s] each has passed."""
        return all(recorder.wait(timeout) for recorder in self._recorders)

    def _make_recorder(self, folder: Path) -> SpoolRecorder:
        recorder = SpoolRecorder(folder)
        self._recorders = [one for one in self._recorders if not one.wait(0)] + [recorder]
        return recorder
