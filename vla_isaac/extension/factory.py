"""What the panel's session is made from: a backend, policies by name, options; each can be replaced in tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from vla_isaac.extension.settings import ExtensionSettings
from vla_isaac.policies.base import Policy
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
