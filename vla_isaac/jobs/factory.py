"""`open_pool`: create the pool for a number of workers."""

from __future__ import annotations

from typing import Any

from vla_isaac.jobs.in_process import InProcessPool
from vla_isaac.jobs.pool import START_DEADLINE, JobPool, MakeWorker, check_num_workers
from vla_isaac.jobs.process_pool import ProcessPool
from vla_isaac.jobs.ray_pool import RayPool


def open_pool(
    make_worker: MakeWorker,
    *,
    num_workers: int = 1,
    use_ray: bool = False,
    retries: int = 0,
    deadline: float | None = None,
    start_deadline: float = START_DEADLINE,
) -> JobPool:
    """Return a pool whose workers are ready: this process for one worker, else processes or Ray actors.

    Args:
        make_worker: Called in each worker, returns the function that runs a job.
        num_workers: Number of jobs that run in parallel.
        use_ray: Whether the workers are Ray actors.
        retries: How often a job that lost its worker is retried before the loss becomes its result. Unused in this
            process, where a lost worker is a lost process.
        deadline: Longest time for one job [s], after which its worker is ended; None has no limit. Unused in this
            process.
        start_deadline: Longest time to start a worker [s]; unused in this process.

    Raises:
        UsageError: If the number of workers is not accepted.
        MissingDependencyError: If Ray is requested and not installed.
        BackendError: If a worker ended before it was ready, or was not ready at its deadline.
        VlaIsaacError: Whatever `make_worker` raised.
    """
    check_num_workers(num_workers)
    limits: dict[str, Any] = {"retries": retries, "deadline": deadline, "start_deadline": start_deadline}
    if use_ray:
        return RayPool(make_worker, num_workers, **limits)
    if num_workers == 1:
        return InProcessPool(make_worker)
    return ProcessPool(make_worker, num_workers, **limits)
