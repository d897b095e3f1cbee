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


class JobSlot:
    """At most one job at a time."""

    def __init__(self, safely: Callable[[str, Callable[[], None]], None], on_end: Callable[[], None]) -> None:
        """Begin without a job.

        Args:
            safely: Calls its second argument; an exception becomes a message about the first.
            on_end: Called after every job, whatever its end.
        """
        self._safely, self._on_end = safely, on_end
        self._job: Job | None = None

    @property
    def doing(self) -> str:
        """Name of the running job; empty if there is none."""
        return "" if self._job is None else self._job.doing

    def begin(self, doing: str, steps: Steps[None], when_done: Callable[[BaseException | None], None]) -> None:
        """Drive `steps`; `when_done` receives the error, None if there is none."""

        def finish(job: Job, error: BaseException | None) -> None:
            self._job = None
            self._safely(doing, lambda: when_done(error))
            self._on_end()

        self._job = Job(doing, steps, finish)

    def give_up(self) -> None:
        """Cancel the job; its `when_done` is called."""
        if self._job is not None:
            self._job.give_up()

    def abandon(self) -> None:
        """Cancel the job at once; its `when_done` is not called."""
        job, self._job = self._job, None
        if job is not None:
            job.abandon()


def end_in_words(doing: str, error: BaseException) -> str:
    """Return how a job ended that was not completed."""
    return (
        f"{doing} failed with {type(error).__name__}: {error}" if isinstance(error, Exception) else f"{doing} was cancelled"
    )
