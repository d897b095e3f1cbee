"""`run_jobs` and `in_order`: keep a pool busy and yield its results, in order of completion or of the jobs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from vla_isaac.jobs.pool import JobPool, JobResult

AHEAD_PER_WORKER = 4
"""Results per worker that may wait for an earlier one."""


def run_jobs(pool: JobPool, next_job: Callable[[], Any]) -> Iterator[JobResult[Any, Any]]:
    """Yield results as jobs end, until there is no next job and none is running.

    Args:
        pool: Runs them; it stays open.
        next_job: Called whenever a worker is free; returns None if there is no job now, and is called again later.
    """
    while True:
        _fill(pool, next_job)
        if not pool.is_busy:
            return
        yield from pool.wait()


def in_order(pool: JobPool, jobs: Iterable[Any]) -> Iterator[JobResult[Any, Any]]:
    """Yield the results in the order of the jobs, while later jobs already run.

    Args:
        pool: Runs them; it stays open.
        jobs: Read lazily, so they may be endless; no job is None.
    """
    source = iter(jobs)
    submitted: list[Any] = []  # jobs whose result has not been yielded; two may be equal, and they need not be hashable
    ready: dict[int, JobResult[Any, Any]] = {}  # by index in `submitted`
    limit = AHEAD_PER_WORKER * pool.num_workers

    def next_job() -> Any:
        job = next(source, None) if len(submitted) < limit else None
        if job is not None:
            submitted.append(job)
        return job

    for result in run_jobs(pool, next_job):
        place = next(k for k, job in enumerate(submitted) if job is result.job and k not in ready)
        ready[place] = result
        while 0 in ready:
            _fill(pool, next_job)  # no worker is idle while the caller handles the result
            yield ready.pop(0)
            submitted.pop(0)
            ready = {k - 1: waiting for k, waiting in ready.items()}


def _fill(pool: JobPool, next_job: Callable[[], Any]) -> None:
    while pool.is_free and (job := next_job()) is not None:
        pool.submit(job)
