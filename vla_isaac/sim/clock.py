"""`Clock`: division of a control period into physics steps."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

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

    def ramp(self, pieces: int) -> list[tuple[int, float]]:
        """Divide a period into pieces: (physics steps, commanded fraction of the way) of each."""
        bounds = np.unique(np.linspace(0, self.substeps, pieces + 1).round().astype(int))
        count = len(bounds) - 1
        return [(int(b - a), (i + 1) / count) for i, (a, b) in enumerate(itertools.pairwise(bounds))]


RAMP_PIECES = 5
"""Linear pieces per period in which a target is approached, so that the arm does not jerk."""
