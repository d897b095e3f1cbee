"""How a control period is cut into physics steps, so that every rate divides."""

from __future__ import annotations

import math
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
        """Return ``n = ceil(period / max_physics_dt)`` steps per period."""
        period = 1.0 / timing.control_hz
        # a hair of tolerance: 0.05 / 0.002 must be 25, not 26, in floating point
        return cls(period, max(1, math.ceil(period / timing.max_physics_dt - 1e-9)))

    @property
    def physics_dt(self) -> float:
        """Physics time step [s]."""
        return self.period / self.substeps
