"""`JobPool`: jobs run by workers of which any may die or hang, at the cost of the job it was at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar, cast

from vla_isaac.core.errors import BackendError, UsageError

J = TypeVar("J")
R = TypeVar("R")

MakeWorker = Callable[[], Callable[[Any], Any]]
"""Called once in each worker process, returns what runs one job; it travels there, so it is a function of a module or a
`functools.partial` of one. What it returns may have ``close()``, which is called when there are no more jobs."""

MAX_WORKERS = 256
JOB_DEADLINE = 3600.0
"""Longest time for one episode or one block of them [s], unless another is given; far more than any takes."""
START_DEADLINE = 1800.0
"""Longest time in which a worker is made [s]: enough for the largest model from a slow disk."""

ReportProgress = Callable[[int, int, int], None]
"""Called as work goes on: how many pieces are done, how many there are in all, and how many attempts failed."""


@dataclass(frozen=True, kw_only=True)
class JobResult(Generic[J, R]):
    """What came of one job; exactly one of `value`, `error` and `fault` says how it ended."""

    job: J
    """As it was submitted."""

    value: R | None = None
    """What the worker returned."""

    error: Exception | None = None
    """What the worker raised."""

    fault: str = ""
    """How the worker was lost: it died, or took longer than the deadline."""

    losses: int = 0
    """How many workers were lost over this job, those of earlier tries included."""

    def check(self, *, remedy: str) -> R:
        """Return the value.

        Args:
            remedy: What to do about a lost worker, for the error.

        Raises:
            BackendError: If the worker was lost.
            Exception: What the worker raised.
        """
        if self.error is not None:
            raise self.error
        if self.fault:
            raise BackendError(f"{self.fault}; {remedy}")
        return cast(R, self.value)


class JobPool(Protocol):
    """Runs jobs, several at a time; their results come in the order in which they end."""

    num_workers: int

    @property
    def is_free(self) -> bool:
        """Whether another job can be submitted."""
        ...

    @property
    def is_busy(self) -> bool:
        """Whether a job is being run, or waits to be."""
        ...

    def submit(self, job: Any) -> None:
        """Have a job run; only if free."""
        ...

    def wait(self, timeout: float | None = None) -> list[JobResult[Any, Any]]:
        """Return the results of at least one job, or none if there is none after `timeout` [s]; only if busy."""
        ...

    def close(self) -> None:
        """Drop what is being run and end every worker, within a few seconds; may be called twice."""
        ...


def check_num_workers(num_workers: int) -> None:
    """Raise `UsageError` unless a pool can have so many workers."""
    if not 1 <= num_workers <= MAX_WORKERS:
        raise UsageError(f"{num_workers} workers are not accepted; give a whole number from 1 to {MAX_WORKERS}")
