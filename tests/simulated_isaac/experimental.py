"""What the experimental interface does (whole from 6.0 on): its functions, and what stands behind its classes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pxr import UsdGeom, UsdPhysics

from tests.simulated_isaac.classic_functions import reference

if TYPE_CHECKING:
    from tests.simulated_isaac.simulation import Simulation

from tests.simulated_isaac.experimental_camera import CameraSensor, RtxCamera
from tests.simulated_isaac.experimental_managers import RenderingManager, SimulationManager
from tests.simulated_isaac.experimental_views import Articulation, RigidPrim
from tests.simulated_isaac.viewport import ViewportManager

CLASSES: dict[str, type] = {
    "isaacsim.core.simulation_manager.SimulationManager": SimulationManager,
    "isaacsim.core.rendering_manager.RenderingManager": RenderingManager,
    "isaacsim.core.rendering_manager.ViewportManager": ViewportManager,
    "isaacsim.core.experimental.prims.Articulation": Articulation,
    "isaacsim.core.experimental.prims.RigidPrim": RigidPrim,
    "isaacsim.sensors.experimental.rtx.CameraSensor": CameraSensor,
    "isaacsim.sensors.experimental.rtx.RtxCamera": RtxCamera,
}


def functions(sim: Simulation) -> dict[str, Callable[..., Any]]:
    """Return the functions of the experimental interface by public name."""

    def update_app(steps: int = 1, callback: Any = None) -> None:
        sim.refuse_on_kits_loop("update_app()")
        for step in range(steps):
            sim.update()
            if callback is not None and callback(step + 1, steps) is False:
                return

    async def update_app_async(steps: int = 1, callback: Any = None) -> None:
        for step in range(steps):
            await sim.kit_app.next_update_async()
            if callback is not None and callback(step + 1, steps) is False:
                return

    def wishing(wish: Callable[[], None]) -> Callable[..., None]:
        def function(commit: bool | None = True) -> None:
            wish()
            if commit is not False:
                sim.timeline.commit()

        return function

    def create_new_stage() -> Any:
        sim.context.new_stage()
        return sim.stage

    async def create_new_stage_async() -> Any:
        await sim.context.new_stage_async()
        return sim.stage

    def get_current_stage(backend: str | None = None) -> Any:
        if sim.stage is None:  # 6.0.1, isaacsim.core.experimental.utils/python/impl/stage.py
            raise ValueError("No stage found. Create a stage first (see `create_new_stage`).")
        return sim.stage

    def add_reference_to_stage(usd_path: str, path: str, prim_type: str = "Xform", variants: Any = ()) -> Any:
        prim = reference(sim, usd_path, path, prim_type, Exception)
        for name, choice in variants or ():
            prim.GetVariantSet(name).SetVariantSelection(choice)
        return prim

    def set_stage_units(meters_per_unit: float | None = None, kilograms_per_unit: float | None = None) -> None:
        if meters_per_unit is not None:
            UsdGeom.SetStageMetersPerUnit(sim.stage, meters_per_unit)
        if kilograms_per_unit is not None:
            UsdPhysics.SetStageKilogramsPerUnit(sim.stage, kilograms_per_unit)

    app = {
        "update_app": update_app,
        "update_app_async": update_app_async,
        "play": wishing(sim.timeline.play),
        "pause": wishing(sim.timeline.pause),
        "stop": wishing(sim.timeline.stop),
        "is_playing": sim.timeline.is_playing,
        "is_stopped": sim.timeline.is_stopped,
        "is_paused": lambda: sim.timeline.state == "paused",
    }
    stage = {
        "create_new_stage": create_new_stage,
        "create_new_stage_async": create_new_stage_async,
        "get_current_stage": get_current_stage,
        "add_reference_to_stage": add_reference_to_stage,
        "set_stage_units": set_stage_units,
        "is_stage_loading": lambda: False,
    }
    home = "isaacsim.core.experimental.utils"
    return {f"{home}.app.{name}": f for name, f in app.items()} | {f"{home}.stage.{name}": f for name, f in stage.items()}
