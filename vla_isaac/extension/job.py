"""`Job`: a generator of simulator steps, driven on Kit's event loop by one app update per yield."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from vla_isaac.extension.kit_events import next_update
from vla_isaac.sim.backend import Steps


class Job:
    """A running generator, kept until it is done, so that its end is always reported."""

    def __init__(self, doing: str, steps: Steps[None], when_done: Callable[[Job, BaseException | None], None]) -> None:
        """Begin at the next iteration of the event loop.

        Args:
            doing: Name of the job, such as ``"loading"``.
            steps: Yields once per app update it needs.
            when_done: Called once with the error: None, an exception, or `asyncio.CancelledError`.
        """
        self.doing = doing
        self._steps = steps
        self._when_done: Callable[[Job, BaseException | None], None] | None = when_done
        self._task = asyncio.ensure_future(self._drive())
        self._task.add_done_callback(self._finish)

    def give_up(self) -> None:
        """Cancel at the current step; `when_done` is called."""
        self._task.cancel()

    def abandon(self) -> None:
        """Cancel at once; `when_done` is not called."""
        self._when_done = None
        self._task.cancel()
        with contextlib.suppress(ValueError):  # the generator is executing: the task closes it when it returns
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
