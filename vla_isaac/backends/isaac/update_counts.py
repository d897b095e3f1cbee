"""`UpdateCounts`: app updates since the start, the last reset and the last change of the state."""

from __future__ import annotations

from dataclasses import dataclass

from vla_isaac.backends.isaac.cameras import Moment


@dataclass
class UpdateCounts:
    """Counts of app updates made or waited for."""

    total: int = 0
    since_reset: int = 0
    since_change: int = 0

    def count(self) -> None:
        """Count one update."""
        self.total += 1
        self.since_reset += 1
        self.since_change += 1

    def reset(self) -> None:
        """Begin a new run of the timeline."""
        self.since_reset = self.since_change = 0

    def changed(self) -> None:
        """Say that the state changes with the next update."""
        self.since_change = 0

    def moment(self, since: float | None, now: float | None, half_step: float) -> Moment:
        """Return what decides whether a picture is fresh."""
        return Moment(
            since=since,
            now=now,
            half_step=half_step,
            updates=self.total,
            updates_since_reset=self.since_reset,
            updates_since_change=self.since_change,
        )
