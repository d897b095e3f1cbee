"""How fast the app runs and physics steps: settings, the loop runner, the timeline and the stage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pxr import Sdf, Usd

if TYPE_CHECKING:
    from tests.simulated_isaac.simulation import Simulation


RATE_SETTING = "/app/runLoops/main/rateLimitFrequency"
MIN_FRAME_RATE = "/persistent/simulation/minFrameRate"


DEFAULT_MIN_FRAME_RATE = 30


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


def reported_dt(sim: Simulation) -> float:
    """Return the length of an app update as Isaac reports it, which need not be the one that is in force [s].

    Source: 5.1, simulation_context.py 512-530, 6.0.1, 551-563, and rendering_manager.py 239-251: the rate limit first, then
    the loop runner; 4.1.0, simulation_context.py, get_rendering_dt: the rate limit alone.
    """
    rate = sim.settings.get(RATE_SETTING)
    is_limited = sim.generation == "A" or sim.settings.get("/app/runLoops/main/rateLimitEnabled")
    if not is_limited and sim.loop_runner.get_manual_mode():
        return sim.loop_runner.get_manual_step_size()
    return 1.0 / rate if rate else 0.0


def set_app_dt(sim: Simulation, dt: float) -> None:
    """Set the length of an app update wherever it is kept: simulation_context.py of 6.0.1, set_simulation_dt, and
    rendering_manager.py, set_dt, do the same. 4.1.0 always writes the limit, in force inside Kit only, where it has no loop
    runner, and does not set the timeline's time codes."""
    if sim.generation == "A":
        sim.settings.set("/app/runLoops/main/rateLimitEnabled", sim.mode == "kit")
        sim.settings.set(RATE_SETTING, 1.0 / dt)
        sim.timeline.set_target_framerate(1.0 / dt)
    elif sim.settings.get("/app/runLoops/main/rateLimitEnabled"):
        sim.settings.set(RATE_SETTING, 1.0 / dt)
        sim.timeline.set_target_framerate(1.0 / dt)
    with Usd.EditContext(sim.stage, sim.stage.GetRootLayer()):
        sim.stage.SetTimeCodesPerSecond(1.0 / dt)
    if sim.generation != "A":
        sim.timeline.set_time_codes_per_second(1.0 / dt)
    if sim.generation != "A" or sim.mode == "script":
        sim.loop_runner.set_manual_step_size(dt)
        sim.loop_runner.set_manual_mode(True)


class Substepping:
    """How many steps PhysX makes in an app update, and the time that is left for the next one; in single precision.

    Source: NVIDIA-Omniverse/PhysX 6e73dc7e, omni/extensions/runtime/source/omni.physx/plugins/PhysXScene.cpp,
    computeSubstepping, and PhysXUpdate.cpp, its only caller; PhysXSettings.cpp for the default of 30. A step that is asked
    for by itself (`simulate`) leaves nothing over (PhysXScene.h, setSubstepping).
    """

    def __init__(self) -> None:
        self.left = np.float32(0.0)

    def steps(self, elapsed: float, steps_per_second: int, min_frame_rate: int) -> int:
        step = np.float32(1.0) / np.float32(steps_per_second)
        time = np.float32(elapsed) + self.left
        steps = int(time * (np.float32(1.0) / step))
        self.left = time - step * np.float32(steps)
        if min_frame_rate:
            most = max(steps_per_second // min_frame_rate, 1)
            steps = min(steps, most)
            self.left = min(time - step * np.float32(steps), np.float32(most) * step)
        return steps


def set_rate(scene: Usd.Prim, steps_per_second: int) -> None:
    """Write the physics rate on a physics scene prim; it is a whole number."""
    if "PhysxSceneAPI" not in scene.GetPrimTypeInfo().GetAppliedAPISchemas():
        scene.AddAppliedSchema("PhysxSceneAPI")
    scene.CreateAttribute("physxScene:timeStepsPerSecond", Sdf.ValueTypeNames.UInt, False).Set(int(steps_per_second))
