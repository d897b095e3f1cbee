"""Run a backend's generator operations to their end where the caller owns the loop."""

from __future__ import annotations

from typing import TypeVar

from vla_isaac.sim.backend import Steps

T = TypeVar("T")


def drive(steps: Steps[T]) -> T:
    """Exhaust `steps` and return its result; the plain form for scripts and tests."""
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            result: T = stop.value
            return result
