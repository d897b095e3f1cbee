"""One simulated process of Isaac Sim: who is called when, and what went wrong."""

from __future__ import annotations

import asyncio
import builtins
import contextlib
import importlib
import threading
import weakref
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pxr import Tf, Usd, UsdPhysics

from tests.simulated_isaac import kit
from tests.simulated_isaac.modules import LAUNCHED
from tests.simulated_isaac.physics import Physics
from tests.simulated_isaac.pictures import Feed, Painter
from tests.simulated_isaac.rates import LoopRunner, app_dt
from tests.simulated_isaac.recording import Recording
from tests.simulated_isaac.replicator import MULTI_TICK
from tests.simulated_isaac.streams import Event, Stream, Subscription
from tests.simulated_isaac.time_samples import TimeSamples
from tests.simulated_isaac.traps import TrapError, Traps
from tests.simulated_kit_ui.examples import ExamplesBrowser

Mode = Literal["script", "kit"]


@dataclass(frozen=True)
class Message:
    """One line of the simulator's log."""

    level: str
    text: str


class Harness:
    """Kit's loop in the hands of a test."""

    def __init__(self, sim: Simulation) -> None:
        self._sim = sim

    def update(self) -> None:
        self._sim.update()

    def run(self, coroutine: Coroutine[Any, Any, Any], max_updates: int = 10_000) -> Any:
        """Update until a coroutine is done and return its result."""
        task = self._sim.loop.create_task(coroutine)
        for _ in range(max_updates):
            if task.done():
                return task.result()
            self._sim.update()
        task.cancel()
        raise TimeoutError(f"the coroutine was not done after {max_updates} app updates")


class Simulation:
    """The simulator's inside; tests read `log`, `violations`, `subscriptions` and drive `app`."""

    def __init__(self, recording: Recording, mode: Mode, traps: Traps) -> None:
        self.recording, self.mode, self.traps = recording, mode, traps
        self.release = recording.version
        numbers = [int("".join(filter(str.isdigit, part)) or 0) for part in self.release.split(" ")[0].split(".")]
        self.version = tuple(numbers[:2])
        self.generation = "A" if self.version < (4, 5) else "B" if self.version < (6, 0) else "C"
        self.assets_root: Path | None = None
        self.examples = ExamplesBrowser()
        self.viewport_view: tuple[Any, ...] = ()
        self.thread = threading.get_ident()
        self.log: list[Message] = []
        self.violations: list[str] = []
        self.is_started = mode == "kit"
        self.is_closed = False
        self.num_updates = 0
        self.loop_runner = LoopRunner()
        self.substeps: int | None = None  # per update, for a test to set; None leaves it to the two rates
        self.is_physics_held = False  # /app/player/playSimulations is off
        self.is_own_writing = False
        self.unloaded: set[str] = set()  # extensions whose modules cannot be imported until somebody enables them
        self.engine = "physx"  # of the experience
        self.joins_labels = False  # a test sets it: two labels of a prim come joined by a comma
        self.is_on_gpu = False  # a test sets it: physics on the GPU
        self.pinned: dict[int, Any] = {}  # what Kit keeps alive as long as a subscription is held
        self._inside: list[str] = []
        self._is_updating = False
        self.loop = asyncio.new_event_loop()
        self.loop.set_exception_handler(lambda _, context: self.tell("error", _words(context)))
        self.waiting: list[asyncio.Future[float]] = []
        names = (
            "update",
            "pre_update",
            "shutdown",
            "timeline",
            "stage",
            "physics_pre",
            "physics_post",
            "ready",
            "new_frame",
        )
        self._streams = {name: Stream(name, self.tell, self.inside) for name in names}
        self.update_stream, self.pre_update_stream = self._streams["update"], self._streams["pre_update"]
        self.shutdown_stream = self._streams["shutdown"]
        self.timeline_stream, self.stage_stream = self._streams["timeline"], self._streams["stage"]
        self.physics_pre_stream, self.physics_post_stream = self._streams["physics_pre"], self._streams["physics_post"]
        self.ready_stream, self.new_frame_stream = self._streams["ready"], self._streams["new_frame"]
        self.settings = kit.Settings({"/app/window/title": "simulated Isaac Sim", "/app/version": self.release})
        if mode == "kit":  # API page 3: the GUI experience limits the rate of the main loop, the headless one does not
            for name, value in {"rateLimitEnabled": True, "rateLimitFrequency": 60}.items():
                self.settings.set(f"/app/runLoops/main/{name}", value)
        if self.version >= (6, 0):  # 6.0.0 and 6.0.1, isaacsim.exp.base.kit:151
            self.settings.set(MULTI_TICK, traps.frames_stamped_by_simulation_time)
        self.context = kit.UsdContext(self)
        self.timeline = kit.Timeline(self)
        self.kit_app = kit.App(self)
        self.app = Harness(self)
        self.samples = TimeSamples()
        self.physics = Physics(self)
        self.painter = Painter(self)
        self.render_products: weakref.WeakValueDictionary[str, Feed] = weakref.WeakValueDictionary()
        self._listener: Any = None
        self.on_stop: list[Any] = []  # called with no argument, in order, before subscribers hear of it
        self.on_opened: list[Any] = []

        self.behaviours: Any = None
        self.launch_config: dict[str, Any] | None = None

    def start(self) -> None:
        """Start Kit in a script, as making a `SimulationApp` does."""
        if self.is_started:
            return
        self.is_started = True
        setattr(builtins, LAUNCHED, False)
        self.context.replace(Usd.Stage.CreateInMemory())
        importlib.import_module("omni.kit.app")

    # ------------------------------------------------------------ what tests look at

    @property
    def app_dt(self) -> float:
        """How much time an app update advances [s]."""
        return app_dt(self)

    @property
    def stage(self) -> Usd.Stage:
        return self.context.stage

    @property
    def subscriptions(self) -> list[Subscription]:
        """Every subscription that is alive, in the order of making; those of the simulator's own classes too."""
        return sorted((s for stream in self._streams.values() for s in stream.subscriptions), key=lambda s: s.number)

    def run(self, num_updates: int = 1) -> None:
        for _ in range(num_updates):
            self.update()

    def messages(self, level: str) -> list[str]:
        return [message.text for message in self.log if message.level == level]

    # ------------------------------------------------------------ what the parts tell

    def tell(self, level: str, text: str) -> None:
        self.log.append(Message(level, str(text)))

    def violate(self, trap: str, text: str) -> None:
        if getattr(self.traps, trap):
            self.violations.append(f"{trap}: {text}")

    def check_thread(self, what: str) -> None:
        if threading.get_ident() != self.thread:
            self.violate("off_thread", f"{what} was used off the simulator's thread")

    def refuse_on_kits_loop(self, what: str) -> None:
        """Refuse what would re-enter Kit's loop: always in Kit mode, in a script inside a callback or a coroutine."""
        where = ""
        if self._inside:
            where = f"inside a callback of {self._inside[-1]}"
        elif self._is_updating:
            where = "inside an app update"
        elif self.mode == "kit":
            where = "where Kit owns the loop"
        if where and self.traps.loop_is_kits:
            text = f"loop_is_kits: {what} was called {where}; use the async form"
            self.violations.append(text)
            raise TrapError(text)

    @contextlib.contextmanager
    def inside(self, what: str) -> Iterator[None]:
        self._inside.append(what)
        try:
            yield
        finally:
            self._inside.pop()

    @contextlib.contextmanager
    def own_writing(self) -> Iterator[None]:
        """Mark what the simulator itself writes to the stage."""
        before, self.is_own_writing = self.is_own_writing, True
        try:
            yield
        finally:
            self.is_own_writing = before

    async def held_update(self) -> None:
        """Make one update without physics; whoever is cancelled meanwhile leaves the setting off.

        Source: isaac-sim/IsaacSim v5.1.0 isaacsim.core.api simulation_context.py (play_async, lines 895 to 897, and the
        others) and v6.0.1 rendering_manager.py (render_async): no try around the update.
        """
        before, self.is_physics_held = self.is_physics_held, True
        await self.kit_app.next_update_async()
        self.is_physics_held = before

    @contextlib.contextmanager
    def physics_held(self) -> Iterator[None]:
        before, self.is_physics_held = self.is_physics_held, True
        try:
            yield
        finally:
            self.is_physics_held = before

    # ------------------------------------------------------------ the loop

    def update(self) -> None:
        """Do one app update: timeline, physics, pictures, subscribers, coroutines."""
        if self._is_updating:
            raise TrapError("loop_is_kits: an app update inside an app update")
        self.check_thread("an app update")
        self._is_updating = True
        try:
            self.num_updates += 1
            self.timeline.commit()
            self.pre_update_stream.emit(Event(payload={"dt": self.app_dt}))
            if self.timeline.is_playing():
                if not self.is_physics_held:
                    self.physics.advance(self.app_dt, self.substeps)
                self.physics.update_passed()
            if self.timeline.state != "stopped":
                self.painter.new_frames()
            self.update_stream.emit(Event(payload={"dt": self.app_dt}))
            waiting, self.waiting = self.waiting, []
            for future in waiting:
                if not future.done():
                    future.set_result(self.app_dt)
            self._turn_loop()
        finally:
            self._is_updating = False

    def _turn_loop(self) -> None:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            for _ in range(3):  # a result, the task that waited for it, whoever waits for that task
                self.loop.call_soon(self.loop.stop)
                self.loop.run_forever()

    def timeline_changed(self, before: str, now: str) -> None:
        events = kit.TimelineEventType
        if now == "stopped":
            self.physics.stop()
            for call in list(self.on_stop):
                call()
            self.painter.stopped()
        elif now == "playing" and before == "stopped":
            self.physics.start()
            self.painter.played()
        if now == "playing":
            self.samples.store(self.num_updates, self.physics.time)
        event = {"playing": events.PLAY, "paused": events.PAUSE, "stopped": events.STOP}[now]
        self.timeline_stream.emit(Event(type=int(event)), of_type=int(event))

    # ------------------------------------------------------------ the stage

    def stage_event(self, event: kit.StageEventType) -> None:
        if event is kit.StageEventType.OPENED:
            for call in list(self.on_opened):
                call()
        self.stage_stream.emit(Event(type=int(event)), of_type=int(event))

    def stage_closed(self) -> None:
        if self.timeline.state != "stopped":
            self.timeline.stop()
            self.timeline.commit()
        if self._listener is not None:
            self._listener.Revoke()
            self._listener = None

    def stage_opened(self) -> None:
        self.physics.forget()
        self.painter.stage_opened()
        self._listener = Tf.Notice.Register(Usd.Notice.ObjectsChanged, self._stage_changed, self.stage)

    def _stage_changed(self, notice: Any, stage: Usd.Stage) -> None:
        is_playing = self.timeline.state != "stopped"
        for path in notice.GetResyncedPaths():
            prim = stage.GetPrimAtPath(path.GetPrimPath())
            if not prim:
                self.painter.deleted(str(path.GetPrimPath()))
                self.physics.deleted(str(path.GetPrimPath()))
            elif is_playing and not self.is_own_writing and any(map(_has_physics, Usd.PrimRange(prim))):
                self.violate("authoring_while_playing", f"{path} has physics and was written while the timeline plays")
        if not is_playing or self.is_own_writing:
            return
        for path in notice.GetChangedInfoOnlyPaths():
            prim = stage.GetPrimAtPath(path.GetPrimPath())
            name = path.name if path.IsPropertyPath() else ""
            touches = name.startswith(("physics:", "physx", "drive:", "state:", "xformOp"))
            if prim and touches and _has_physics(prim):
                self.violate("authoring_while_playing", f"{path} was written while the timeline plays")

    # ------------------------------------------------------------ the end

    def close(self) -> None:
        if self._listener is not None:
            self._listener.Revoke()
            self._listener = None
        self.painter.close()
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self._turn_loop()
        self.loop.close()


def _words(context: dict[str, Any]) -> str:
    """Say what happened in a coroutine that nobody awaits."""
    error = context.get("exception")
    return f"{context.get('message', '')}: {type(error).__name__}: {error}" if error else str(context.get("message", ""))


def _has_physics(prim: Usd.Prim) -> bool:
    return (
        any(prim.HasAPI(api) for api in (UsdPhysics.RigidBodyAPI, UsdPhysics.CollisionAPI, UsdPhysics.ArticulationRootAPI))
        or prim.IsA(UsdPhysics.Joint)
        or prim.IsA(UsdPhysics.Scene)
    )
