"""`open_pool`: the kind of pool that fits the number of workers."""

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
    """Return a pool whose workers are ready: this process for one worker, else processes, or Ray's.

    Args:
        make_worker: Makes what runs a job, in each worker.
        num_workers: How many run at a time.
        use_ray: Whether they are Ray's.
        retries: How often a job that lost its worker is tried again before that is its result. In this process a lost
            worker is the loss of everything, so nothing is tried again there.
        deadline: Longest time for one job [s], after which its worker is ended; None waits for ever. In this process nothing
            can be ended.
        start_deadline: Longest time in which a worker is made [s], in a process of its own.

    Raises:
        UsageError: If the number of workers is not accepted.
        MissingDependencyError: If Ray is asked for and not installed.
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
