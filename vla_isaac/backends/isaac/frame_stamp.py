"""`FrameStamp`: the simulation time at which the newest frame of a render product was drawn."""

from __future__ import annotations

from typing import Any

MULTI_TICK = "/rtx/hydra/supportMultiTickRate"
"""Setting with which the renderer takes its time from the simulation; on in the experiences of 6.0 but the one for VR."""


class FrameStamp:
    """Replicator's annotator `ReferenceTime` on one render product."""

    def __init__(self, render_product: str) -> None:
        """Attach the annotator to a render product by its path."""
        # source: isaac-sim/IsaacSim v6.0.1, standalone_examples/testing/isaacsim.simulation_app/test_frame_delay.py:336-337
        from omni.replicator.core import AnnotatorRegistry

        self._product = render_product
        # source: isaac-sim/IsaacSim v6.0.1, isaacsim.sensors.camera, camera.py:498-499: get_annotator(name), attach(paths)
        self._annotator: Any = AnnotatorRegistry.get_annotator("ReferenceTime")
        self._annotator.attach([render_product])

    def read(self) -> float | None:
        """Return the time on the clock of `SimulationManager.get_simulation_time` [s]; None if frames carry another one."""
        import carb.settings  # source: docs.omniverse.nvidia.com Kit manual, carb.settings: get_settings(), get

        if not carb.settings.get_settings().get(MULTI_TICK):
            return None  # the renderer counts its frames by itself
        stamp = self._annotator.get_data()
        whole = int(stamp["referenceTimeDenominator"])
        return int(stamp["referenceTimeNumerator"]) / whole if whole else None

    def close(self) -> None:
        """Detach the annotator."""
        self._annotator.detach([self._product])
