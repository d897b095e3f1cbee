"""What `World` does: the singleton that owns rates, the play state and the physics callbacks."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from pxr import Gf, Sdf, Usd, UsdGeom, UsdPhysics

from tests.simulated_isaac.behaviour import Behaviour
from tests.simulated_isaac.streams import Held, Subscription

if TYPE_CHECKING:
    from tests.simulated_isaac.simulation import Simulation

from tests.simulated_isaac.rates import MIN_FRAME_RATE, reported_dt, set_app_dt, set_rate


class _WorldClass:
    """The class methods of World."""

    def __init__(self, sim: Simulation, cls: type) -> None:
        self._sim = sim

    def instance(self) -> Any:
        return self._sim.behaviours.single(World)

    def clear_instance(self) -> None:
        clear_world(self._sim)


def clear_world(sim: Simulation) -> None:
    world = sim.behaviours.single(World)
    if world is not None and "_impl" in world.__dict__:
        world._impl.close()
    sim.behaviours.drop_single(World)


class World(Behaviour):
    """The singleton that owns rates, the play state and the physics callbacks."""

    IS_SINGLETON = True
    STATICS = _WorldClass

    def create(
        self,
        physics_dt: float | None = None,
        rendering_dt: float | None = None,
        stage_units_in_meters: float | None = None,
        physics_prim_path: str = "/physicsScene",
        set_defaults: bool = True,
        backend: str = "numpy",
        device: str | None = None,
    ) -> None:
        self._asked = (physics_dt, rendering_dt or 1.0 / 60.0, stage_units_in_meters or 1.0, physics_prim_path)
        self._device = device
        self._functions: dict[str, Callable[[float], None]] = {}
        self._live: dict[str, Subscription] = {}
        self._scene_path = ""
        self._sim.on_stop.append(self._forget_callbacks)
        self._outer._on_post_physics_ready_callback = None
        if self._sim.generation != "A":
            subscribed = self._sim.ready_stream.subscribe(self._subscribe_again, name="World, physics ready")
            self._outer._on_post_physics_ready_callback = Held(self._sim.pinned, subscribed)
        self._sim.on_opened.append(self._new_stage)
        if builtins.ISAAC_LAUNCHED_FROM_TERMINAL is False:
            if self.is_playing():
                self.stop()
            if self._sim.stage is None:
                self._sim.context.new_stage()
                self.render()
            self._prepare_stage()
            self.render()

    def create_again(self, **_: Any) -> None:
        self._sim.tell("info", "Simulation Context is defined already, returning the previously defined one")

    def close(self) -> None:
        """Drop callbacks and subscriptions, but that of 5.x to physics being ready, which keeps the object alive.

        Source: 5.0 and 5.1, simulation_context.py 170-174 and 212-229, inferred for 4.5; 6.0.1, 221-240, drops it.
        """
        self.clear_all_callbacks()
        if self._sim.generation == "C":
            self._outer._on_post_physics_ready_callback = None
        for calls, call in ((self._sim.on_stop, self._forget_callbacks), (self._sim.on_opened, self._new_stage)):
            if call in calls:
                calls.remove(call)

    def _new_stage(self) -> None:
        if not self._sim.traps.opened_drops_world:
            return
        clear_world(self._sim)
        self._sim.tell(
            "warn",
            "A new stage was opened, World or Simulation Object are invalidated and you would need to initialize them "
            "again before using them.",
        )

    # ------------------------------------------------------------ stage and rates

    def _prepare_stage(self) -> None:
        physics_dt, rendering_dt, units, path = self._asked
        stage = self._sim.stage
        UsdGeom.SetStageUpAxis(stage, UsdGeom.Tokens.z)
        UsdGeom.SetStageMetersPerUnit(stage, units)
        found = self._sim.physics.scene_prim()  # physics_context.py of 5.1 and 6.0.1: the first in the stage's order
        scene = UsdPhysics.Scene(found) if found else UsdPhysics.Scene.Define(stage, path)
        scene.CreateGravityDirectionAttr(Gf.Vec3f(0.0, 0.0, -1.0))
        scene.CreateGravityMagnitudeAttr(9.81)
        self._scene_path = str(scene.GetPath())
        self._set_defaults(scene.GetPrim())
        self.set_simulation_dt(physics_dt if physics_dt is not None else 1.0 / 60.0, rendering_dt)

    async def initialize_simulation_context_async(self) -> None:
        if self.is_playing():
            await self.stop_async()
        await self._sim.kit_app.next_update_async()
        if self._sim.stage is None:
            self._sim.context.new_stage()
        self._prepare_stage()
        for _ in range(3):
            await self._sim.kit_app.next_update_async()

    def set_simulation_dt(self, physics_dt: float | None = None, rendering_dt: float | None = None) -> None:
        if self._sim.stage is None:
            raise Exception("There is no stage currently opened, init_stage needed before calling this func")
        self._need_context()
        cut: Any = int if self._sim.traps.substeps_truncated else round
        rendering_dt = self.get_rendering_dt() if rendering_dt is None else rendering_dt
        if physics_dt is not None:
            substeps = max(cut(rendering_dt / physics_dt), 1)
            set_rate(self._sim.stage.GetPrimAtPath(self._scene_path), cut(1.0 / physics_dt))
            self._sim.settings.set(MIN_FRAME_RATE, int(cut(1.0 / physics_dt) / substeps))
        set_app_dt(self._sim, rendering_dt)

    def _set_defaults(self, scene: Usd.Prim) -> None:
        """Write what physics_context.py of 6.0.1 writes on the scene it takes, whoever made it."""
        set_rate(scene, 60)
        kinds = Sdf.ValueTypeNames
        for name, kind, value in (
            ("broadphaseType", kinds.Token, "MBP"),
            ("solverType", kinds.Token, "TGS"),
            ("enableCCD", kinds.Bool, True),
            ("enableGPUDynamics", kinds.Bool, False),
            ("enableStabilization", kinds.Bool, False),
        ):
            scene.CreateAttribute(f"physxScene:{name}", kind, False).Set(value)
        self._sim.settings.set("/physics/suppressReadback", False)

    def get_physics_dt(self) -> float:
        return self._sim.physics.dt_on_stage()

    def get_rendering_dt(self) -> float:
        return reported_dt(self._sim)

    def get_physics_context(self) -> Any:
        self._need_context()
        return SimpleNamespace(get_physics_dt=self.get_physics_dt, prim_path=self._scene_path)

    def _need_context(self) -> None:
        if not self._scene_path:
            raise RuntimeError("the physics context is not initialised; await initialize_simulation_context_async() first")

    @property
    def stage(self) -> Any:
        return self._sim.stage

    @property
    def app(self) -> Any:
        return self._sim.kit_app

    @property
    def current_time(self) -> float:
        return self._sim.physics.time

    @property
    def current_time_step_index(self) -> int:
        return self._sim.physics.steps

    @property
    def physics_sim_view(self) -> Any:
        return object() if self._sim.physics.is_ready else None

    @property
    def backend(self) -> str:
        return "numpy"

    @property
    def device(self) -> str | None:
        return self._device

    # ------------------------------------------------------------ steps

    def reset(self, soft: bool = False) -> None:
        """Stop and play; in 4.1.0 then one update with physics, without callbacks (simulation_context.py, reset)."""
        self._sim.refuse_on_kits_loop("world.reset()")
        if soft:
            return
        if not self.is_stopped():
            self.stop()
        if self._sim.generation == "A":
            self._live.clear()
        self.play()
        if self._sim.generation == "A":
            self._sim.update()
            self._reset_done()

    async def reset_async(self, soft: bool = False) -> None:
        if soft:
            return
        if not self.is_stopped():
            await self.stop_async()
        if self._sim.generation == "A":
            self._live.clear()
        await self.play_async()
        if self._sim.generation == "A":
            await self._sim.kit_app.next_update_async()
            self._reset_done()

    def _reset_done(self) -> None:
        self._sim.physics.began = self._sim.physics.time
        self._subscribe_again()

    def initialize_physics(self) -> None:
        if self.is_stopped() and builtins.ISAAC_LAUNCHED_FROM_TERMINAL is False:
            self.play()

    def step(self, render: bool = True, step_sim: bool = True, update_fabric: bool = False) -> None:
        if not step_sim:
            return
        if self._sim.stage is None:
            raise Exception("There is no stage currently opened, init_stage needed before calling this func")
        if render:
            self._sim.refuse_on_kits_loop("world.step(render=True)")
            self._sim.update()
        elif self.is_playing():
            self._sim.physics.step(1)

    def render(self) -> None:
        self._sim.refuse_on_kits_loop("world.render()")
        with self._sim.physics_held():
            self._sim.update()

    async def render_async(self) -> None:
        await self._sim.held_update()

    # ------------------------------------------------------------ play state

    def is_playing(self) -> bool:
        return self._sim.timeline.is_playing()

    def is_stopped(self) -> bool:
        return self._sim.timeline.is_stopped()

    def is_simulating(self) -> bool:
        return self._sim.physics.is_ready

    def play(self) -> None:
        self._sim.timeline.play()
        self._sim.timeline.commit()
        self._update_in_script("world.play()")

    def pause(self) -> None:
        self._sim.timeline.pause()
        self._update_in_script("world.pause()")

    def stop(self) -> None:
        self._sim.timeline.stop()
        self._update_in_script("world.stop()")

    def _update_in_script(self, what: str) -> None:
        if builtins.ISAAC_LAUNCHED_FROM_TERMINAL is False:
            self._sim.refuse_on_kits_loop(what)
            with self._sim.physics_held():
                self._sim.update()

    async def play_async(self) -> None:
        self._need_context()
        await self._later(self._sim.timeline.play, commit=True)

    async def pause_async(self) -> None:
        await self._later(self._sim.timeline.pause)

    async def stop_async(self) -> None:
        await self._later(self._sim.timeline.stop)

    async def _later(self, wish: Callable[[], None], commit: bool = False) -> None:
        wish()
        if commit:
            self._sim.timeline.commit()
        await self._sim.held_update()

    # ------------------------------------------------------------ physics callbacks

    def add_physics_callback(self, callback_name: str, callback_fn: Callable[[float], None]) -> None:
        if callback_name in self._live and self._sim.traps.known_callback_name_kept:
            self._sim.tell("error", f"Physics callback `{callback_name}` already exists")
            return
        if not self._scene_path:
            raise AttributeError("'NoneType' object has no attribute '_physics_sim_interface'")
        self._functions[callback_name] = callback_fn
        self._live[callback_name] = self._sim.physics_pre_stream.subscribe(callback_fn, name=callback_name)

    def remove_physics_callback(self, callback_name: str) -> None:
        if callback_name not in self._functions:
            self._sim.tell("error", f"Physics callback `{callback_name}` doesn't exist")
            return
        del self._functions[callback_name]
        self._live.pop(callback_name, None)

    def physics_callback_exists(self, callback_name: str) -> bool:
        return callback_name in self._live

    def clear_physics_callbacks(self) -> None:
        self._functions.clear()
        self._live.clear()

    def clear_all_callbacks(self) -> None:
        self.clear_physics_callbacks()

    def _forget_callbacks(self) -> None:
        if self._sim.generation != "A":  # in 4.1.0 a stop leaves them
            self._live.clear()

    def _subscribe_again(self, *_: Any) -> None:
        is_late = self._sim.traps.callbacks_bound_late and self._sim.generation == "C"
        last = list(self._functions.values())[-1:]
        for name, function in self._functions.items():
            called = last[0] if is_late else function
            self._live[name] = self._sim.physics_pre_stream.subscribe(called, name=name)
