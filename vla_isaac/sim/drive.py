"""`drive`: run a backend's generator to its end, for callers that own the loop."""

from __future__ import annotations

from typing import TypeVar

from vla_isaac.sim.backend import Steps

T = TypeVar("T")


def drive(steps: Steps[T]) -> T:
    """Exhaust `steps` and return its result; for scripts and tests."""
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            result: T = stop.value
            return result
