"""`in_order`: the results of jobs in the order of the jobs, for any number of workers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from vla_isaac.jobs.pool import JobPool, JobResult

AHEAD_PER_WORKER = 4
"""Results that may wait for one that comes before them."""


def in_order(pool: JobPool, jobs: Iterable[Any]) -> Iterator[JobResult[Any, Any]]:
    """Yield the result of each job in turn, while later ones are run already.

    Args:
        pool: Runs them; it stays open.
        jobs: Taken as they are needed, so they may be endless.
    """
    source = enumerate(jobs)
    numbers: list[tuple[Any, int]] = []  # jobs under way; they need not be hashable, and two may be equal
    ready: dict[int, JobResult[Any, Any]] = {}
    turn, begun, is_over = 0, 0, False
    while True:
        while not is_over and pool.is_free and begun - turn < AHEAD_PER_WORKER * pool.num_workers:
            number, job = next(source, (-1, None))
            is_over = number < 0
            if not is_over:
                numbers.append((job, number))
                pool.submit(job)
                begun += 1
        if turn in ready:
            yield ready.pop(turn)
            turn += 1
        elif pool.is_busy:
            for result in pool.wait():
                place = next(k for k, (job, _) in enumerate(numbers) if job is result.job)
                ready[numbers.pop(place)[1]] = result
        else:
            return
