"""Rates, steps and callbacks of the experimental interface."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from pxr import Gf, UsdPhysics

from tests.simulated_isaac.behaviour import Behaviour
from tests.simulated_isaac.rates import reported_dt, set_app_dt, set_rate
from tests.simulated_isaac.streams import Subscription

if TYPE_CHECKING:
    from tests.simulated_isaac.simulation import Simulation


class SimulationManager(Behaviour):
    """Physics rates, steps and callbacks; only class methods."""

    def __init__(self, sim: Simulation, outer: Any) -> None:
        super().__init__(sim, outer)
        self._callbacks: dict[int, Subscription] = {}
        self._next = 0

    def setup_simulation(self, dt: float | None = None, device: Any = None) -> None:
        sim = self._sim
        scenes = [p for p in sim.stage.Traverse() if p.IsA(UsdPhysics.Scene)]
        if not scenes:
            made = UsdPhysics.Scene.Define(sim.stage, "/PhysicsScene")
            made.CreateGravityDirectionAttr(Gf.Vec3f(0.0, 0.0, -1.0))
            made.CreateGravityMagnitudeAttr(9.81)
            scenes = [made.GetPrim()]
        if dt is not None:
            if not 0.0 <= dt <= 1.0:
                raise ValueError(f"The delta time (DT) must be in the range [0.0, 1.0], got {dt}")
            for scene in scenes:  # 6.0.1, simulation_manager.py, setup_simulation: all of them
                set_rate(scene, int(1.0 / dt) if sim.traps.substeps_truncated else round(1.0 / dt))

    def set_physics_dt(self, dt: float = 1.0 / 60.0, physics_scene: Any = None) -> None:
        self.setup_simulation(dt)

    def get_physics_dt(self, physics_scene: Any = None) -> float:
        return self._sim.physics.dt_on_stage()

    def get_simulation_time(self) -> float:
        return self._sim.physics.time

    def get_num_physics_steps(self) -> int:
        return self._sim.physics.steps

    def get_physics_sim_view(self) -> Any:
        return object() if self._sim.physics.is_ready else None

    get_physics_simulation_view = get_physics_sim_view

    def get_physics_sim_device(self) -> str:
        """Isaac-sim/IsaacSim v5.1.0, simulation_manager.py:326: a GPU only while readback is suppressed."""
        is_on_gpu = self._sim.is_on_gpu or self._sim.settings.get("/physics/suppressReadback")
        return "cuda:0" if is_on_gpu else "cpu"

    def get_active_physics_engine(self) -> str:
        """Isaac-sim/IsaacSim v6.0.1, simulation_manager.py:127; `isaacsim.exp.full.newton.kit` says newton."""
        return self._sim.engine

    def is_simulating(self) -> bool:
        return self._sim.physics.is_ready

    def is_paused(self) -> bool:
        return self._sim.timeline.state == "paused"

    def initialize_physics(self) -> None:
        if self._sim.timeline.is_playing():
            self._sim.physics.update_passed()

    def step(self, steps: int = 1, callback: Any = None, update_fabric: bool = False, render: bool = False) -> None:
        for step in range(steps):
            self._sim.physics.step(1)
            if callback is not None and callback(step + 1, steps) is False:
                return

    def register_callback(self, callback: Callable[..., Any], event: Any, order: int = 0, name: str | None = None) -> int:
        sim = self._sim
        if event.name in ("PHYSICS_PRE_STEP", "PRE_PHYSICS_STEP"):
            stream = sim.physics_pre_stream
        elif event.name in ("PHYSICS_POST_STEP", "POST_PHYSICS_STEP"):
            stream = sim.physics_post_stream
        else:
            raise NotImplementedError(f"simulated Isaac: callbacks for {event} have no behaviour here")
        more = (object(),) if sim.generation == "C" else ()
        owner = getattr(callback, "__self__", None)
        if owner is not None and sim.traps.bound_methods_weak:
            proxy, method = weakref.proxy(owner), callback.__name__

            def call(dt: float) -> None:
                if sim.physics.is_ready:
                    getattr(proxy, method)(dt, *more)

        else:

            def call(dt: float) -> None:
                if sim.physics.is_ready:
                    callback(dt, *more)

        self._next += 1
        self._callbacks[self._next] = stream.subscribe(call, name=f"callback {event.name} {self._next}", order=order)
        return self._next

    def deregister_callback(self, uid: int) -> bool:
        return self._callbacks.pop(uid, None) is not None

    def deregister_all_callbacks(self) -> None:
        self._callbacks.clear()


class RenderingManager(Behaviour):
    """The length of an app update, and updates without physics; only class methods."""

    def set_dt(self, dt: float) -> None:
        if dt <= 0:
            raise ValueError(f"dt must be positive, got {dt}")
        set_app_dt(self._sim, dt)
        period = Fraction(dt).limit_denominator(1_000_000_000)
        for name, value in (("Numerator", period.numerator), ("Denominator", period.denominator)):
            self._sim.settings.set(f"/app/settings/fabricDefaultSimPeriod{name}", value)

    def get_dt(self) -> float:
        return reported_dt(self._sim)

    def render(self) -> None:
        self._sim.refuse_on_kits_loop("RenderingManager.render()")
        with self._sim.physics_held():
            self._sim.update()

    async def render_async(self) -> None:
        await self._sim.held_update()
