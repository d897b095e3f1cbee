"""`omni.replicator.core`, as far as our backend uses it: the annotator that says which time a frame was drawn at."""

from __future__ import annotations

from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.simulated_isaac.pictures import Feed, Snapshot
    from tests.simulated_isaac.simulation import Simulation

MICROSECONDS = 1_000_000
MULTI_TICK = "/rtx/hydra/supportMultiTickRate"


class ReferenceTime:
    """The annotator of that name on one render product.

    Source: isaac-sim/IsaacSim v6.0.1 source/standalone_examples/testing/isaacsim.simulation_app/test_frame_delay.py:332-337
    and 412-416; source/deprecated/isaacsim.sensors.camera/isaacsim/sensors/camera/camera.py:498-499.
    """

    def __init__(self, sim: Simulation) -> None:
        self._sim = sim
        self._feed: Feed | None = None

    def attach(self, render_products: Any) -> None:
        paths = [render_products] if isinstance(render_products, str) else list(render_products)
        self._feed = self._sim.render_products[paths[0]]

    def detach(self, render_products: Any = None) -> None:
        self._feed = None

    def get_data(self, device: str | None = None, do_array_copy: bool | None = None) -> dict[str, int]:
        """Return the time of the frame that is there; before the first one a time that is none.

        Source: v6.0.1 TimeSampleStorage.cpp, isValidTime: a denominator of 0 is no time.
        """
        snapshot = None if self._feed is None else self._feed.latest
        if snapshot is None:
            return {"referenceTimeNumerator": 0, "referenceTimeDenominator": 0}
        return reference_time(self._sim, snapshot)


def reference_time(sim: Simulation, snapshot: Snapshot) -> dict[str, int]:
    """Return the renderer's rational time of a frame.

    Source: v6.0.1 TimeSampleStorage.cpp, getCurrentTime: with multi-tick rendering the simulation time in whole
    microseconds, cut; without it a frame counter that runs by itself.
    """
    if sim.settings.get(MULTI_TICK):
        return {"referenceTimeNumerator": int(snapshot.time * MICROSECONDS), "referenceTimeDenominator": MICROSECONDS}
    return {"referenceTimeNumerator": snapshot.number, "referenceTimeDenominator": round(1.0 / sim.app_dt)}


def replicator_module(sim: Simulation) -> ModuleType:
    """Return the module bound to one simulation."""

    def get_annotator(name: str, **_: Any) -> ReferenceTime:
        if name != "ReferenceTime":
            raise NotImplementedError(f"simulated Isaac: the annotator {name!r} has no behaviour here")
        return ReferenceTime(sim)

    module = ModuleType("omni.replicator.core", "omni.replicator.core of the simulated Kit")
    module.__dict__["AnnotatorRegistry"] = SimpleNamespace(get_annotator=get_annotator)
    return module
