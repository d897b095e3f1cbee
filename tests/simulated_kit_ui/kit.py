"""A small Kit: one event loop, one timeline, one stage, settings, a log, and the life of an extension.

It knows nothing of Isaac Sim; physics is whatever `on_physics` holds. Facts about the order of things are those of
Kit's own Python files in the 6.2 wheels: how classes derived from IExt are found, started, cleared and checked for
being gone.
"""

from __future__ import annotations

import asyncio
import enum
import gc
import importlib
import inspect
import sys
import threading
import time
import traceback
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from tests.simulated_kit_ui.examples import ExamplesBrowser
from tests.simulated_kit_ui.menus import MenuWorld
from tests.simulated_kit_ui.modules import forget_extension, modules
from tests.simulated_kit_ui.widgets import UiWorld


class TimelineEventType(enum.IntEnum):
    PLAY = 0
    PAUSE = 1
    STOP = 2
    CURRENT_TIME_TICKED = 4


class StageEventType(enum.IntEnum):
    OPENED = 3
    CLOSING = 5
    CLOSED = 6


class IExt:
    """Base class of extensions."""


@dataclass(frozen=True)
class Event:
    type: int


class Stream:
    """Events are kept until they are popped; a subscription lasts as long as somebody holds it."""

    def __init__(self, kit: SmallKit) -> None:
        self._kit = kit
        self._waiting: list[Event] = []
        self.subscriptions: weakref.WeakSet[Subscription] = weakref.WeakSet()

    def create_subscription_to_pop(self, fn: Callable[[Event], None], order: int = 0, name: str = "") -> Subscription:
        subscription = Subscription(fn, name)
        self.subscriptions.add(subscription)
        return subscription

    def push(self, kind: int) -> None:
        self._waiting.append(Event(int(kind)))

    def pop_all(self) -> None:
        waiting, self._waiting = self._waiting, []
        for event in waiting:
            for subscription in sorted(self.subscriptions, key=lambda s: s.name):
                try:
                    subscription.fn(event)
                except Exception:  # Kit prints it and goes on
                    self._kit.log("error", traceback.format_exc())
                    self._kit.faults.append(traceback.format_exc())


class Subscription:
    def __init__(self, fn: Callable[[Event], None], name: str) -> None:
        self.fn, self.name = fn, name


class Timeline:
    """Takes effect at once, tells with the next update."""

    def __init__(self, kit: SmallKit) -> None:
        self.state = "stopped"
        self.stream = Stream(kit)

    def play(self) -> None:
        self._become("playing", TimelineEventType.PLAY)

    def pause(self) -> None:
        if self.state == "playing":
            self._become("paused", TimelineEventType.PAUSE)

    def stop(self) -> None:
        self._become("stopped", TimelineEventType.STOP)

    def _become(self, state: str, kind: TimelineEventType) -> None:
        if self.state != state:
            self.state = state
            self.stream.push(kind)

    def is_playing(self) -> bool:
        return self.state == "playing"

    def is_stopped(self) -> bool:
        return self.state == "stopped"

    def get_timeline_event_stream(self) -> Stream:
        return self.stream


@dataclass
class PrimSpec:
    """An SdfPrimSpec with its name and children. Source: OpenUSD API documentation, SdfPrimSpec."""

    name: str
    nameChildren: list[PrimSpec] = field(default_factory=list)  # noqa: N815


@dataclass(eq=False)
class Stage:
    """A stage with its root layer in one. Source: OpenUSD API documentation, UsdStage.GetRootLayer, SdfLayer."""

    rootPrims: list[PrimSpec] = field(default_factory=list)  # noqa: N815
    subLayerPaths: list[str] = field(default_factory=list)  # noqa: N815

    def GetRootLayer(self) -> Stage:
        return self


class UsdContext:
    def __init__(self, kit: SmallKit) -> None:
        self.stream = Stream(kit)
        self.stage = Stage()
        self.is_unsaved = False

    def get_stage(self) -> Stage:
        return self.stage

    def add_prim(self, name: str) -> None:
        """Do what a person does in the stage window."""
        self.stage.rootPrims.append(PrimSpec(name))
        self.is_unsaved = True

    def has_pending_edit(self) -> bool:
        """Source: Kit manual, omni.usd, UsdContext.has_pending_edit."""
        return self.is_unsaved

    def get_stage_event_stream(self) -> Stream:
        return self.stream

    def new_stage(self) -> bool:
        """Replace the stage, as File > New does; the events come at once."""
        self.stream.push(StageEventType.CLOSING)
        self.stream.pop_all()
        self.stage, self.is_unsaved = Stage(), False
        self.stream.push(StageEventType.CLOSED)
        self.stream.push(StageEventType.OPENED)
        self.stream.pop_all()
        return True


class SmallKit:
    """Everything one Kit process has; `update` is one turn of its loop."""

    def __init__(self) -> None:
        self.ui, self.menus, self.examples = UiWorld(), MenuWorld(), ExamplesBrowser()
        self.loop = asyncio.new_event_loop()
        self.loop.set_exception_handler(self._loop_fault)
        self.updates = Stream(self)
        self.timeline = Timeline(self)
        self.context = UsdContext(self)
        self.settings: dict[str, Any] = {}
        self.messages: list[tuple[str, str]] = []
        self.faults: list[str] = []
        self.folders: dict[str, str] = {}
        self.on_physics: list[Callable[[], None]] = []
        self.forgets_modules = True
        """Whether an extension that is disabled is imported anew when it is enabled again, as in Kit; costs 50 ms."""
        self._waiting: list[asyncio.Future[None]] = []
        self._threads = set(threading.enumerate())
        self._path = list(sys.path)
        self._started: dict[str, IExt] = {}

    # what Kit does

    def update(self, times: int = 1) -> None:
        """Do app updates: events, physics while playing, coroutines that waited for the update."""
        for _ in range(times):
            self.timeline.stream.pop_all()
            self.updates.push(0)
            self.updates.pop_all()
            if self.timeline.is_playing():
                for step in list(self.on_physics):
                    self._guarded(step)
            waiting, self._waiting = self._waiting, []
            for future in waiting:
                if not future.done():
                    future.set_result(None)
            self.turn()

    def turn(self) -> None:
        """Let the event loop do what is ready."""
        for _ in range(3):
            self.loop.call_soon(self.loop.stop)
            self.loop.run_forever()

    def enable(self, ext_id: str, folder: str, module: str = "vla_isaac.extension") -> None:
        """Start an extension as Kit does: import, look for IExt classes, call on_startup."""
        self.folders[ext_id] = folder
        found = importlib.import_module(module)
        kinds = [getattr(found, name) for name in dir(found)]
        for kind in (k for k in kinds if isinstance(k, type) and issubclass(k, IExt)):
            instance = kind()
            takes_id = len(inspect.signature(instance.on_startup).parameters) > 0
            self._guarded(lambda one=instance, ids=(ext_id,) if takes_id else (): one.on_startup(*ids))
            self._started[ext_id] = instance

    def disable(self, ext_id: str) -> None:
        """Stop it, clear it, and complain if anybody still holds it; its modules are forgotten."""
        instance = self._started.pop(ext_id)
        self._guarded(instance.on_shutdown)
        gone = weakref.ref(instance)
        instance.__dict__.clear()
        del instance
        if gone() is not None:
            self.faults.append(f"the extension object is still held by {gc.get_referrers(gone())}")
        if self.forgets_modules:
            forget_extension()

    @property
    def enabled(self) -> list[str]:
        return list(self._started)

    # what tests ask

    def log(self, level: str, message: str) -> None:
        self.messages.append((level, message))

    def logged(self, level: str) -> str:
        return "\n".join(message for found, message in self.messages if found == level)

    def alive(self) -> dict[str, Any]:
        """Return what is there beyond a Kit without our extension; nothing where all is well."""
        threads = [t.name for t in set(threading.enumerate()) - self._threads if t.is_alive()]
        counted = {
            **self.ui.alive(),
            **self.menus.alive(),
            **self.examples.alive(),
            "subscriptions": sum(len(s.subscriptions) for s in (self.updates, self.timeline.stream, self.context.stream)),
            "tasks": len([task for task in asyncio.all_tasks(self.loop) if not task.done()]),
            "physics callbacks": len(self.on_physics),
            "threads": threads,
            "sys.path": [entry for entry in sys.path if entry not in self._path],
        }
        return {name: count for name, count in counted.items() if count}

    def left(self, seconds: float = 30.0) -> dict[str, Any]:
        """Return what is still there after a while: a recording ends, and so does a policy's last thought."""
        end = time.monotonic() + seconds
        while self.alive() and time.monotonic() < end:
            time.sleep(0.002)
        return self.alive()

    def close(self) -> None:
        for ext_id in self.enabled:
            self.disable(ext_id)
        self.turn()
        self.loop.close()

    # what extensions see

    async def next_update_async(self) -> float:
        future: asyncio.Future[None] = self.loop.create_future()
        self._waiting.append(future)
        await future
        return 0.016

    def get_update_event_stream(self) -> Stream:
        return self.updates

    def get_extension_manager(self) -> SmallKit:
        return self

    def get_extension_path(self, ext_id: str) -> str:
        return self.folders[ext_id]

    def modules(self) -> dict[str, ModuleType]:
        """Return everything our extension imports from Kit."""

        def make(name: str, **content: Any) -> ModuleType:
            module = ModuleType(name)
            module.__dict__.update(content)
            return module

        settings = make("carb.settings", get_settings=lambda: _Settings(self.settings))
        levels = {f"log_{level}": self._logger(level) for level in ("info", "warn", "error")}
        return {
            **modules(self.ui, self.menus),
            **self.examples.modules(),
            "omni.ext": make("omni.ext", IExt=IExt),
            "omni.kit.app": make("omni.kit.app", get_app=lambda: self),
            "omni.timeline": make(
                "omni.timeline", get_timeline_interface=lambda: self.timeline, TimelineEventType=TimelineEventType
            ),
            "omni.usd": make("omni.usd", get_context=lambda: self.context, StageEventType=StageEventType),
            "carb": make("carb", settings=settings, **levels),
            "carb.settings": settings,
        }

    def _logger(self, level: str) -> Callable[[str], None]:
        return lambda message: self.log(level, message)

    def _guarded(self, do: Callable[[], Any]) -> None:
        try:
            do()
        except Exception:
            self.faults.append(traceback.format_exc())

    def _loop_fault(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self.faults.append(str(context))


class _Settings:
    def __init__(self, values: dict[str, Any]) -> None:
        self._values = values

    def get(self, path: str) -> Any:
        return self._values.get(path)
