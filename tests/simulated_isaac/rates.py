"""Rates as settings and on the stage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pxr import Sdf, Usd

if TYPE_CHECKING:
    from tests.simulated_isaac.simulation import Simulation


RATE_SETTING = "/app/runLoops/main/rateLimitFrequency"


def limit_rate(sim: Simulation, app_dt: float) -> None:
    """Tell Kit's run loop the new rate, if it is limited at all."""
    if sim.settings.get("/app/runLoops/main/rateLimitEnabled"):
        sim.settings.set(RATE_SETTING, 1.0 / app_dt)


def set_rate(scene: Usd.Prim, steps_per_second: int) -> None:
    """Write the physics rate on a physics scene prim; it is a whole number."""
    if "PhysxSceneAPI" not in scene.GetPrimTypeInfo().GetAppliedAPISchemas():
        scene.AddAppliedSchema("PhysxSceneAPI")
    scene.CreateAttribute("physxScene:timeStepsPerSecond", Sdf.ValueTypeNames.UInt, False).Set(int(steps_per_second))
