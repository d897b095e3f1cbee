"""Factories and options of the panel's session; tests replace them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from vla_isaac.extension.settings import ExtensionSettings
from vla_isaac.policies.base import Policy
from vla_isaac.sim.backend import Backend, Steps


class KitBackend(Backend, Protocol):
    """A backend driven by Kit's time: it can be paused and resumed, and calls back after each control period."""

    on_period: Callable[[], None] | None
    """Called on Kit's thread after each control period of physics."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes for the user, such as a robot model used in place of another."""
        ...

    def pause(self) -> None:
        """Pause the timeline."""
        ...

    def resume(self) -> None:
        """Resume the timeline."""
        ...

    def new_stage(self) -> Steps[None]:
        """Open an empty stage in place of the open one, whose unsaved changes are lost."""
        ...

    def describe_physics(self) -> str:
        """Return physics engine and device, such as ``"PhysX on the CPU"``."""
        ...

    def describe(self) -> str:
        """Return which of the simulator's APIs is used and why."""
        ...


MakeBackend = Callable[[str], KitBackend]
"""Makes a backend from a robot source, one of `settings.ROBOTS`."""

MakePolicy = Callable[[str], Policy]


def isaac_backend(robot: str) -> KitBackend:
    """Return the Isaac Sim backend inside Kit."""
    from vla_isaac.backends.isaac.backend import IsaacBackend

    backend: KitBackend = IsaacBackend(mode="kit", robot="embedded" if robot == "embedded" else "reference")
    return backend


@dataclass(frozen=True)
class Options:
    """Settings that need a new session, so they take effect with the next Load."""

    robot: str
    lock_step: bool
    speed_scale: float

    @classmethod
    def of(cls, settings: ExtensionSettings) -> Options:
        """Return the options of the settings."""
        return cls(settings.robot, settings.lock_step, settings.speed_scale)
