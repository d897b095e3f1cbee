"""Who turns the crank: a script updates the app itself, inside Kit one may only wait for the next update.

Both answer in the same form, a generator: in a script it does the work and yields nothing; inside Kit it yields
once for every app update it needs, and whoever drives it awaits one update each time.
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
    """How simulator updates come about."""

    mode: Mode
    """`script`: ours to call. `kit`: Kit's own."""

    def update(self) -> Steps[None]:
        """Let the app do one update."""
        ...

    def call(self, plain: Callable[[], T], awaited: Callable[[], Coroutine[Any, Any, T]]) -> Steps[T]:
        """Do something that comes in two forms: a plain call for scripts, a coroutine inside Kit."""
        ...


class ScriptLoop:
    """A standalone script: `SimulationApp` was started by us and nobody else updates it."""

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
    """Inside Kit: its loop must not be entered again, so every update is waited for."""

    mode: Mode = "kit"

    def update(self) -> Steps[None]:
        """Wait for one update."""
        yield

    def call(self, plain: Callable[[], T], awaited: Callable[[], Coroutine[Any, Any, T]]) -> Steps[T]:
        """Run the coroutine on Kit's event loop, one update after another; cancelled if the generator is closed."""
        task = asyncio.ensure_future(awaited())
        try:
            while not task.done():
                yield
        finally:
            if not task.done():
                task.cancel()
            elif not task.cancelled():
                task.exception()  # looked at, so that asyncio does not complain of an exception that was never retrieved
        return task.result()


def find_mode() -> Mode:
    """Tell which of the two this process is: `SimulationApp` leaves a mark that Isaac's own code reads too."""
    return "script" if getattr(builtins, "ISAAC_LAUNCHED_FROM_TERMINAL", True) is False else "kit"


def make_loop(mode: Mode) -> Loop:
    """Return the loop of a mode."""
    return ScriptLoop() if mode == "script" else KitLoop()
