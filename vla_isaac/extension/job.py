"""`Job`: a generator of simulator steps, driven on Kit's event loop by one app update per yield."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from vla_isaac.extension.kit_events import next_update
from vla_isaac.sim.backend import Steps


class Job:
    """Something that takes several updates; held until it is done, so that its end is never lost."""

    def __init__(self, doing: str, steps: Steps[None], when_done: Callable[[Job, BaseException | None], None]) -> None:
        """Begin with the next turn of the event loop.

        Args:
            doing: What it is, such as ``"loading"``.
            steps: Yields once per app update it needs.
            when_done: Called once with what went wrong: None, an exception, or `asyncio.CancelledError`.
        """
        self.doing = doing
        self._steps = steps
        self._when_done: Callable[[Job, BaseException | None], None] | None = when_done
        self._task = asyncio.ensure_future(self._drive())
        self._task.add_done_callback(self._finish)

    def give_up(self) -> None:
        """End it at its present step; `when_done` hears of it."""
        self._task.cancel()

    def abandon(self) -> None:
        """End it at once and tell nobody."""
        self._when_done = None
        self._task.cancel()
        with contextlib.suppress(ValueError):  # it is being executed: the task closes it when it comes back
            self._steps.close()

    async def _drive(self) -> None:
        try:
            for _ in self._steps:
                await next_update()
        finally:
            self._steps.close()

    def _finish(self, task: asyncio.Task[None]) -> None:
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
        when_done, self._when_done = self._when_done, None
        if when_done is not None:
            when_done(self, error)
