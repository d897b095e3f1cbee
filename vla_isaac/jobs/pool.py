"""`JobPool`: protocol of worker pools; a worker that dies or hangs loses only its current job."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar, cast

from vla_isaac.core.errors import BackendError, UsageError

J = TypeVar("J")
R = TypeVar("R")

MakeWorker = Callable[[], Callable[[Any], Any]]
"""Called once in each worker process, returns the function that runs one job. It is pickled, so it must be a module-level
function or a `functools.partial` of one. The returned object may have ``close()``, called when there are no more jobs."""

MAX_WORKERS = 256
JOB_DEADLINE = 3600.0
"""Longest time for one episode or one block of them [s], by default; far more than any takes."""
START_DEADLINE = 1800.0
"""Longest time to start a worker [s]: enough to load the largest model from a slow disk."""

ReportProgress = Callable[[int, int, int], None]
"""Progress callback: pieces done, pieces in total, attempts failed."""


@dataclass(frozen=True, kw_only=True)
class JobResult(Generic[J, R]):
    """Result of one job; exactly one of `value`, `error` and `fault` is set."""

    job: J
    """The job as submitted."""

    value: R | None = None
    """Return value of the worker."""

    error: Exception | None = None
    """Exception raised by the worker."""

    fault: str = ""
    """Why the worker was lost: it died or exceeded the deadline."""

    losses: int = 0
    """Workers lost on this job, earlier tries included."""

    def check(self, *, remedy: str) -> R:
        """Return the value, or raise.

        Args:
            remedy: What to do about a lost worker, for the error message.

        Raises:
            BackendError: If the worker was lost.
            Exception: The exception raised by the worker.
        """
        if self.error is not None:
            raise self.error
        if self.fault:
            raise BackendError(f"{self.fault}; {remedy}")
        return cast(R, self.value)


class JobPool(Protocol):
    """Runs several jobs in parallel; results come in the order of completion."""

    num_workers: int

    @property
    def is_free(self) -> bool:
        """Whether another job can be submitted."""
        ...

    @property
    def is_busy(self) -> bool:
        """Whether a job is running or queued."""
        ...

    def submit(self, job: Any) -> None:
        """Start a job; only if `is_free`."""
        ...

    def wait(self, timeout: float | None = None) -> list[JobResult[Any, Any]]:
        """Return the results of at least one job, or none if there is none after `timeout` [s]; only if `is_busy`."""
        ...

    def close(self) -> None:
        """Cancel running jobs and end every worker within a few seconds; may be called twice."""
        ...


def check_num_workers(num_workers: int) -> None:
    """Raise `UsageError` unless `num_workers` is accepted."""
    if not 1 <= num_workers <= MAX_WORKERS:
        raise UsageError(f"{num_workers} workers are not accepted; give a whole number from 1 to {MAX_WORKERS}")
