"""How a control period is cut into physics steps, so that every rate divides."""

from __future__ import annotations

from dataclasses import dataclass

from vla_isaac.scene.spec import Timing


@dataclass(frozen=True)
class Clock:
    """One control period as a whole number of physics steps."""

    period: float
    """Control period [s]."""

    substeps: int
    """Physics steps per control period."""

    @classmethod
    def from_timing(cls, timing: Timing) -> Clock:
        """Return the clock of a scene's timing."""
        return cls(1.0 / timing.control_hz, timing.substeps)

    @property
    def physics_dt(self) -> float:
        """Physics time step [s]."""
        return self.period / self.substeps
