"""The examples browser behind its one function; releases in which only the name of its module is recorded have none."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests.simulated_kit_ui.examples import ExamplesBrowser

if TYPE_CHECKING:
    from tests.simulated_isaac.simulation import Simulation


def examples_functions(sim: Simulation) -> dict[str, Callable[..., Any]]:
    """Return what the module has. Source: isaac-sim/IsaacSim v5.1.0, isaacsim.examples.browser, extension.py:165."""

    def get_instance() -> ExamplesBrowser | None:
        return sim.examples if sim.examples.is_enabled else None

    return {"isaacsim.examples.browser.get_instance": get_instance}
