"""How fast the app runs and physics steps: settings, the loop runner, the timeline and the stage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pxr import Sdf, Usd

if TYPE_CHECKING:
    from tests.simulated_isaac.simulation import Simulation


RATE_SETTING = "/app/runLoops/main/rateLimitFrequency"
MIN_FRAME_RATE = "/persistent/simulation/minFrameRate"


class LoopRunner:
    """Isaac's own loop runner, `omni.kit.loop-isaac`; source: BindingsRunLoopRunnerPython.cpp, 5.0 to 6.0.1 alike."""

    def __init__(self) -> None:
        self._is_manual, self._step = False, 1.0 / 60.0

    def set_manual_mode(self, enabled: bool, name: str = "") -> None:
        self._is_manual = bool(enabled)

    def get_manual_mode(self, name: str = "") -> bool:
        return self._is_manual

    def set_manual_step_size(self, dt: float, name: str = "") -> None:
        self._step = float(dt)

    def get_manual_step_size(self, name: str = "") -> float:
        return self._step


def app_dt(sim: Simulation) -> float:
    """Return how much time an app update advances [s]; simulation_context.py of 6.0.1, get_rendering_dt, reads it so."""
    if sim.loop_runner.get_manual_mode():
        return sim.loop_runner.get_manual_step_size()
    return 1.0 / (sim.settings.get(RATE_SETTING) or 60.0)


def set_app_dt(sim: Simulation, dt: float) -> None:
    """Set the length of an app update wherever it is kept: simulation_context.py of 6.0.1, set_simulation_dt, and
    rendering_manager.py, set_dt, do the same."""
    if sim.settings.get("/app/runLoops/main/rateLimitEnabled"):
        sim.settings.set(RATE_SETTING, 1.0 / dt)
        sim.timeline.set_target_framerate(1.0 / dt)
    with Usd.EditContext(sim.stage, sim.stage.GetRootLayer()):
        sim.stage.SetTimeCodesPerSecond(1.0 / dt)
    sim.timeline.set_time_codes_per_second(1.0 / dt)
    sim.loop_runner.set_manual_step_size(dt)
    sim.loop_runner.set_manual_mode(True)


def set_rate(scene: Usd.Prim, steps_per_second: int) -> None:
    """Write the physics rate on a physics scene prim; it is a whole number."""
    if "PhysxSceneAPI" not in scene.GetPrimTypeInfo().GetAppliedAPISchemas():
        scene.AddAppliedSchema("PhysxSceneAPI")
    scene.CreateAttribute("physxScene:timeStepsPerSecond", Sdf.ValueTypeNames.UInt, False).Set(int(steps_per_second))
