"""Update loops: a script updates the app itself; inside Kit the backend waits for the next update.

Both have the same generator interface: in a script the generator does the work and yields nothing; inside Kit it yields
once for every app update it needs, and the extension awaits one update per yield.
"""

from __future__ import annotations

import asyncio
import builtins
from collections.abc import Callable, Coroutine
from typing import Any, Literal, Protocol, TypeVar

from vla_isaac.sim.backend import Steps

T = TypeVar("T")
Mode = Literal["script", "kit"]


class Loop(Protocol):
    """How app updates are made."""

    mode: Mode
    """`script`: this process calls the updates. `kit`: Kit does."""

    def update(self) -> Steps[None]:
        """Make or await one app update."""
        ...

    def call(self, plain: Callable[[], T], awaited: Callable[[], Coroutine[Any, Any, T]]) -> Steps[T]:
        """Call a function that has two forms: a plain call for scripts, a coroutine inside Kit."""
        ...


class ScriptLoop:
    """Loop of a standalone script, which started `SimulationApp` and alone updates it."""

    mode: Mode = "script"

    def update(self) -> Steps[None]:
        """Update the app now."""
        import omni.kit.app  # source: docs.omniverse.nvidia.com Kit manual, omni.kit.app: get_app().update()

        omni.kit.app.get_app().update()
        yield from ()

    def call(self, plain: Callable[[], T], awaited: Callable[[], Coroutine[Any, Any, T]]) -> Steps[T]:
        """Make the plain call."""
        yield from ()
        return plain()


class KitLoop:
    """Loop inside Kit, which must not be re-entered, so every update is awaited."""

    mode: Mode = "kit"

    def update(self) -> Steps[None]:
        """Wait for one update."""
        yield

    def call(self, plain: Callable[[], T], awaited: Callable[[], Coroutine[Any, Any, T]]) -> Steps[T]:
        """Run the coroutine on Kit's event loop, one update after another.

        It is never cancelled: Isaac's coroutines switch physics off for an update and would leave it so. If the
        generator is closed, the coroutine ends by itself.
        """
        # source: isaac-sim/IsaacSim v5.1.0 to v6.0.1, simulation_context.py, play_async; rendering_manager.py, render_async
        task = asyncio.ensure_future(awaited())
        try:
            while not task.done():
                yield
        finally:
            task.add_done_callback(_retrieve)
        return task.result()


def _retrieve(task: asyncio.Future[Any]) -> None:
    """Retrieve a task's exception, so that asyncio does not log one that was never retrieved."""
    if not task.cancelled():
        task.exception()


def find_mode() -> Mode:
    """Return the mode of this process, by the builtin that `SimulationApp` sets and Isaac's own code reads."""
    return "script" if getattr(builtins, "ISAAC_LAUNCHED_FROM_TERMINAL", True) is False else "kit"


def make_loop(mode: Mode) -> Loop:
    """Return the loop of a mode."""
    return ScriptLoop() if mode == "script" else KitLoop()
