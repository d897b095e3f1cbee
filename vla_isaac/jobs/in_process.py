"""`InProcessPool`: runs each job in this process, inside `wait`."""

from __future__ import annotations

from typing import Any

from vla_isaac.core.errors import VlaIsaacError
from vla_isaac.jobs.pool import JobResult, MakeWorker


class InProcessPool:
    """Pool of one worker; an error in a job keeps its whole traceback."""

    num_workers = 1

    def __init__(self, make_worker: MakeWorker) -> None:
        """Make the worker."""
        self._worker = make_worker()
        self._jobs: list[Any] = []

    @property
    def is_free(self) -> bool:
        """Whether no job waits."""
        return not self._jobs

    @property
    def is_busy(self) -> bool:
        """Whether a job waits."""
        return bool(self._jobs)

    def submit(self, job: Any) -> None:
        """Store the job for `wait`."""
        self._jobs.append(job)

    def wait(self, timeout: float | None = None) -> list[JobResult[Any, Any]]:
        """Run the job; a timeout has no effect."""
        job = self._jobs.pop()
        try:
            return [JobResult(job=job, value=self._worker(job))]
        except VlaIsaacError as error:
            return [JobResult(job=job, error=error)]

    def close(self) -> None:
        """Close the worker."""
        close_worker(self._worker)


def close_worker(worker: Any) -> None:
    """Call a worker's ``close()``, if it has one."""
    close = getattr(worker, "close", None)
    if close is not None:
        close()
