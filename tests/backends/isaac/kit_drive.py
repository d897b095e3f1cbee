"""Kit's side of a generator: one app update for every yield."""

from __future__ import annotations

MOST = 2000  # updates


def drive_in_kit(sim, steps):
    """Exhaust `steps` as the extension does."""
    for _ in range(MOST):
        try:
            next(steps)
        except StopIteration as stop:
            return stop.value
        sim.run(1)
    raise AssertionError(f"not done after {MOST} updates")
