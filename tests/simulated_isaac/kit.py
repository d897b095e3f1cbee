"""Kit's own modules, as far as our backend and extension use them: app, timeline, stage context, settings, log."""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Coroutine
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

from pxr import Usd, UsdGeom

from tests.simulated_isaac.replicator import replicator_module
from tests.simulated_isaac.streams import Event, EventStream, Subscription

if TYPE_CHECKING:
    from tests.simulated_isaac.simulation import Simulation


class TimelineEventType(enum.IntEnum):
    PLAY = 0
    PAUSE = 1
    STOP = 2
    CURRENT_TIME_CHANGED = 3
    CURRENT_TIME_TICKED = 4


class StageEventType(enum.IntEnum):
    SAVED = 0
    SAVE_FAILED = 1
    OPENING = 2
    OPENED = 3
    OPEN_FAILED = 4
    CLOSING = 5
    CLOSED = 6
    SELECTION_CHANGED = 7
    ASSETS_LOADED = 8


class ExtensionManager:
    def __init__(self, sim: Simulation) -> None:
        self._sim = sim
        self._enabled = {name for name, facts in sim.recording.extensions.items() if not facts.get("deprecated")}
        self.paths: dict[str, str] = {}

    def get_extensions(self) -> tuple[dict[str, Any], ...]:
        return tuple({"name": name, "enabled": name in self._enabled} for name in self._sim.recording.extensions)

    def is_extension_enabled(self, name: str) -> bool:
        return name in self._enabled

    def set_extension_enabled_immediate(self, name: str, enabled: bool) -> bool:
        if name not in self._sim.recording.extensions and not name.startswith(("omni.kit.", "omni.ui")):
            self._sim.tell("error", f"Failed to find extension: {name}")
            return False
        (self._enabled.add if enabled else self._enabled.discard)(name)
        if enabled:
            self._sim.unloaded.discard(name)
        return True

    set_extension_enabled = set_extension_enabled_immediate

    def get_extension_path(self, ext_id: str) -> str | None:
        return self.paths.get(ext_id)

    def get_enabled_extension_id(self, name: str) -> str | None:
        return name if name in self._enabled else None

    def get_extension_path_by_module(self, module: str) -> str | None:
        return self.paths.get(module)


class App:
    """What `omni.kit.app.get_app()` returns."""

    def __init__(self, sim: Simulation) -> None:
        self._sim = sim
        self._extensions = ExtensionManager(sim)

    def update(self) -> None:
        self._sim.check_thread("app.update()")
        self._sim.refuse_on_kits_loop("app.update()")
        self._sim.update()

    async def next_update_async(self) -> float:
        self._sim.check_thread("app.next_update_async()")
        future = asyncio.get_running_loop().create_future()
        self._sim.waiting.append(future)
        return await future

    async def pre_update_async(self) -> float:
        return await self.next_update_async()

    async def post_update_async(self) -> float:
        return await self.next_update_async()

    def get_update_event_stream(self) -> EventStream:
        return EventStream(self._sim.update_stream)

    def get_pre_update_event_stream(self) -> EventStream:
        return EventStream(self._sim.pre_update_stream)

    get_post_update_event_stream = get_update_event_stream

    def get_shutdown_event_stream(self) -> EventStream:
        return EventStream(self._sim.shutdown_stream)

    def is_running(self) -> bool:
        return not self._sim.is_closed

    def is_app_ready(self) -> bool:
        return True

    def get_extension_manager(self) -> ExtensionManager:
        return self._extensions

    def print_and_log(self, message: str) -> None:
        self._sim.tell("info", message)

    def get_app_version(self) -> str:
        return self._sim.release

    get_build_version = get_kit_version = get_app_version

    def get_update_number(self) -> int:
        return self._sim.num_updates

    def get_time_since_start_s(self) -> float:
        return self._sim.num_updates * self._sim.app_dt

    def post_quit(self, return_code: int = 0) -> None:
        self._sim.is_closed = True


class Timeline:
    """Kit's timeline: a wish is kept until `commit` or the next app update carries it out.

    `get_time_codes_per_seconds` and `is_auto_updating` are called in isaac-sim/IsaacSim v5.1.0 and v6.0.1. That Kit has
    `get_target_framerate`, and that each getter gives what its setter took, is assumed.
    """

    def __init__(self, sim: Simulation) -> None:
        self._sim = sim
        self.state = "stopped"
        self._wishes: list[str] = []
        self._target_framerate = self._time_codes = 60.0
        self._is_auto = True

    def play(self, *_: Any, **__: Any) -> None:
        self._wish("playing")

    def pause(self) -> None:
        self._wish("paused")

    def stop(self) -> None:
        self._wish("stopped")

    def _wish(self, state: str) -> None:
        self._sim.check_thread("timeline")
        self._wishes.append(state)
        if not self._sim.traps.timeline_needs_commit:
            self._carry_out()

    def commit(self) -> None:
        """Carry out what was asked for; within a physics step that would enter the step again, which is assumed to break."""
        if self._sim.physics.is_stepping:
            self._sim.violate("loop_is_kits", "timeline.commit() was called inside a physics step")
        self._carry_out()

    def _carry_out(self) -> None:
        wishes, self._wishes = self._wishes, []
        for wish in wishes:
            if wish == self.state or (wish == "paused" and self.state == "stopped"):
                continue
            before, self.state = self.state, wish
            self._sim.timeline_changed(before, wish)

    commit_silently = commit

    def is_playing(self) -> bool:
        return self.state == "playing"

    def is_stopped(self) -> bool:
        return self.state == "stopped"

    def get_timeline_event_stream(self) -> EventStream:
        return EventStream(self._sim.timeline_stream)

    def get_current_time(self) -> float:
        return self._sim.physics.time

    def set_current_time(self, time: float) -> None:
        """Accept the call; the simulated time is the physics'."""

    def set_auto_update(self, auto_update: bool) -> None:
        self._is_auto = bool(auto_update)

    def is_auto_updating(self) -> bool:
        return self._is_auto

    def set_looping(self, looping: bool) -> None:
        """Accept the call."""

    def set_end_time(self, time: float) -> None:
        """Accept the call."""

    def set_target_framerate(self, rate: float) -> None:
        self._target_framerate = float(rate)

    def get_target_framerate(self) -> float:
        return self._target_framerate

    def set_time_codes_per_second(self, rate: float) -> None:
        self._time_codes = float(rate)

    def get_time_codes_per_seconds(self) -> float:
        return self._time_codes


class UsdContext:
    """What `omni.usd.get_context()` returns; owns the one stage."""

    def __init__(self, sim: Simulation) -> None:
        self._sim = sim
        self.stage: Usd.Stage | None = None
        self._listener: Any = None

    def get_stage(self) -> Usd.Stage | None:
        self._sim.check_thread("get_stage()")
        return self.stage

    def get_stage_event_stream(self) -> EventStream:
        return EventStream(self._sim.stage_stream)

    def has_pending_edit(self) -> bool:
        """Source: Kit manual, omni.usd, UsdContext.has_pending_edit; used so in isaacsim.robot_setup.wizard 5.1."""
        return self.stage is not None and bool(self.stage.GetRootLayer().dirty)

    def get_stage_state(self) -> int:
        return 2 if self.stage is not None else 0

    def get_stage_loading_status(self) -> tuple[str, int, int]:
        return "", 0, 0

    def new_stage(self, *_: Any, **__: Any) -> bool:
        self._sim.check_thread("new_stage()")
        self.replace(Usd.Stage.CreateInMemory())
        return True

    async def new_stage_async(self, *_: Any, **__: Any) -> tuple[bool, str]:
        self.new_stage()
        await self._sim.kit_app.next_update_async()
        return True, ""

    def open_stage(self, url: str, *_: Any, **__: Any) -> bool:
        self.replace(Usd.Stage.Open(url))
        return True

    def close_stage(self, *_: Any, **__: Any) -> bool:
        self.replace(None)
        return True

    def replace(self, stage: Usd.Stage | None) -> None:
        if self.stage is not None:
            self._sim.stage_event(StageEventType.CLOSING)
            self._sim.stage_closed()
            self.stage = None
            self._sim.stage_event(StageEventType.CLOSED)
        if stage is not None:
            UsdGeom.SetStageUpAxis(stage, UsdGeom.Tokens.z)
            self.stage = stage
            self._sim.stage_opened()
            self._sim.stage_event(StageEventType.OPENED)

    def get_selection(self) -> Any:
        raise NotImplementedError("simulated Isaac: the selection of omni.usd has no behaviour here")


class Settings:
    """Kit's settings: paths to values."""

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = {_path(key): value for key, value in values.items()}

    def get(self, path: str) -> Any:
        found = self._values.get(_path(path))
        if found is not None:
            return found
        below = {k[len(_path(path)) + 1 :]: v for k, v in self._values.items() if k.startswith(f"{_path(path)}/")}
        return below or None

    def set(self, path: str, value: Any) -> None:
        self._values[_path(path)] = value

    set_bool = set_int = set_float = set_string = set

    def set_default(self, path: str, value: Any) -> None:
        self._values.setdefault(_path(path), value)

    set_default_bool = set_default_int = set_default_float = set_default_string = set_default

    def get_as_string(self, path: str) -> str:
        value = self.get(path)
        return "" if value is None else str(value)

    def get_as_int(self, path: str) -> int:
        return int(self.get(path) or 0)

    def get_as_float(self, path: str) -> float:
        return float(self.get(path) or 0.0)

    def get_as_bool(self, path: str) -> bool:
        return bool(self.get(path))

    def destroy_item(self, path: str) -> None:
        self._values.pop(_path(path), None)


def _path(path: str) -> str:
    return "/" + path.strip("/")


class IExt:
    """Base class of extensions."""

    def on_startup(self, ext_id: str) -> None:
        """Start."""

    def on_shutdown(self) -> None:
        """Stop."""


def kit_modules(sim: Simulation) -> dict[str, ModuleType]:
    """Return Kit's modules bound to one simulation."""
    app = _module("omni.kit.app", get_app=lambda: sim.kit_app, get_app_interface=lambda: sim.kit_app, IApp=App)
    timeline = _module(
        "omni.timeline",
        get_timeline_interface=lambda *_: sim.timeline,
        acquire_timeline_interface=lambda *_: sim.timeline,
        TimelineEventType=TimelineEventType,
    )
    usd = _module("omni.usd", get_context=lambda *_: sim.context, StageEventType=StageEventType, UsdContext=UsdContext)
    settings = _module("carb.settings", get_settings=lambda: sim.settings, acquire_settings_interface=lambda: sim.settings)
    events = _module("carb.events", ISubscription=Subscription, IEvent=Event, IEventStream=EventStream)

    def run_coroutine(coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        return sim.loop.create_task(coroutine)

    if sim.generation == "A":  # 4.1.0, exts/omni.isaac.sensor: acquire_interface().get_sim_time(), as its lidar reads it
        interface = SimpleNamespace(get_sim_time=lambda: sim.physics.time)
        core_nodes = [_module("omni.isaac.core_nodes.bindings._omni_isaac_core_nodes", acquire_interface=lambda: interface)]
    else:
        core_nodes = []
    found = [
        *core_nodes,
        replicator_module(sim),
        app,
        timeline,
        usd,
        settings,
        events,
        _module("omni.ext", IExt=IExt),
        _module("omni.kit.loop._loop", acquire_loop_interface=lambda: sim.loop_runner),
        _module("omni.kit.async_engine", run_coroutine=run_coroutine),
        _module(
            "carb",
            log_verbose=lambda message: sim.tell("verbose", message),
            log_info=lambda message: sim.tell("info", message),
            log_warn=lambda message: sim.tell("warn", message),
            log_error=lambda message: sim.tell("error", message),
            settings=settings,
            events=events,
        ),
    ]
    return {module.__name__: module for module in found}


def _module(name: str, **content: Any) -> ModuleType:
    module = ModuleType(name, f"{name} of the simulated Kit")
    module.__dict__.update(content)
    return module
