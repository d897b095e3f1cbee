"""The base of what stands behind the objects of recorded classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.simulated_isaac.simulation import Simulation


class Behaviour:
    """What stands behind an object of a recorded class; `outer` is that object."""

    IS_SINGLETON = False

    def __init__(self, sim: Simulation, outer: Any) -> None:
        self._sim, self._outer = sim, outer

    def create(self) -> None:
        """Stand in for the constructor."""
