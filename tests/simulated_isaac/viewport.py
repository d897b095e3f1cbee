"""The viewport's camera: which view was set last; no picture is drawn of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.simulated_isaac.behaviour import Behaviour

if TYPE_CHECKING:
    from tests.simulated_isaac.simulation import Simulation


class ViewportManager(Behaviour):
    """6.0 and newer. Source: isaac-sim/IsaacSim v6.0.1, isaacsim.core.rendering_manager, viewport_manager.py:597."""

    def set_camera_view(self, camera: Any, *, eye: Any = None, target: Any = None, relative_tracking: bool = False) -> None:
        self._sim.viewport_view = (str(camera), tuple(eye), tuple(target))


def viewport_functions(sim: Simulation) -> dict[str, Any]:
    """Return the function of 4.2 to 5.1. Source: isaac-sim/IsaacSim v5.1.0, isaacsim.core.utils, viewports.py:32."""

    def set_camera_view(
        eye: Any, target: Any, camera_prim_path: str = "/OmniverseKit_Persp", viewport_api: Any = None
    ) -> None:
        sim.viewport_view = (camera_prim_path, tuple(eye), tuple(target))

    homes = ("omni.isaac.core.utils.viewports", "isaacsim.core.utils.viewports")
    return {f"{home}.set_camera_view": set_camera_view for home in homes}
