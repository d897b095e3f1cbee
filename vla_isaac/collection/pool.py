"""Where attempts are made: in this process, in processes of this machine, or in a pool of Ray."""

from __future__ import annotations

from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Protocol

from vla_isaac.collection.attempt import Collector, Outcome
from vla_isaac.collection.plan import Attempt, CollectionPlan
from vla_isaac.collection.worker import stage, work
from vla_isaac.core.errors import BackendError, VlaIsaacError
from vla_isaac.core.optional import require
from vla_isaac.core.processes import begin_worker, no_interrupts_inherited


class Pool(Protocol):
    """Makes attempts, several at a time."""

    num_workers: int

    def submit(self, attempt: Attempt) -> Future[Outcome]:
        """Have an attempt made; returns at once, or when it is done where there is no other process."""
        ...

    def close(self) -> None:
        """Let what runs come to its end, drop what has not begun."""
        ...


class HerePool:
    """Makes each attempt at once, in this process."""

    num_workers = 1

    def __init__(self, plan: CollectionPlan, staging: Path, *, encode: bool) -> None:
        self._collector = Collector(plan)
        self._staging, self._encode = staging, encode

    def submit(self, attempt: Attempt) -> Future[Outcome]:
        """Make it."""
        future: Future[Outcome] = Future()
        future.set_result(stage(self._collector, attempt, self._staging, encode=self._encode))
        return future

    def close(self) -> None:
        """Free the backend."""
        self._collector.close()


class ProcessPool:
    """Processes of this machine; they ignore Ctrl-C and end when this process does, however it ends."""

    def __init__(self, plan: CollectionPlan, staging: Path, *, encode: bool, num_workers: int) -> None:
        self.num_workers = num_workers
        self._job = (plan, str(staging), encode)
        # spawned, not forked: a fork would share this process's GL and encoder threads
        self._executor = ProcessPoolExecutor(num_workers, mp_context=get_context("spawn"), initializer=begin_worker)

    def submit(self, attempt: Attempt) -> Future[Outcome]:
        """Queue it.

        Raises:
            BackendError: If a worker has died.
        """
        plan, staging, encode = self._job
        try:
            with no_interrupts_inherited():
                return self._executor.submit(work, plan, attempt, staging, encode=encode)
        except BrokenProcessPool as error:
            raise worker_died() from error

    def close(self) -> None:
        """Wait for the attempts that run; at most some seconds."""
        self._executor.shutdown(wait=True, cancel_futures=True)


class RayPool:
    """A pool of Ray's, which looks like `multiprocessing.Pool`; all its machines must see the staging folder."""

    def __init__(self, plan: CollectionPlan, staging: Path, *, encode: bool, num_workers: int) -> None:
        """Open the pool.

        Raises:
            MissingDependencyError: If Ray is not installed.
        """
        ray: Any = require(
            "ray.util.multiprocessing",
            extra="ray",
            need="collecting with --ray",
            instead="leave --ray out and give --workers",
        )
        self.num_workers = num_workers
        self._job = (plan, str(staging), encode)
        self._pool = ray.Pool(num_workers)

    def submit(self, attempt: Attempt) -> Future[Outcome]:
        """Queue it."""
        plan, staging, encode = self._job
        future: Future[Outcome] = Future()
        self._pool.apply_async(
            work,
            (plan, attempt, staging),
            {"encode": encode},
            callback=future.set_result,
            error_callback=future.set_exception,
        )
        return future

    def close(self) -> None:
        """End the pool's processes."""
        self._pool.terminate()
        self._pool.join()


def open_pool(plan: CollectionPlan, staging: Path, *, encode: bool, num_workers: int, use_ray: bool) -> Pool:
    """Return the pool that fits: Ray's if asked for, this process for one worker, else processes."""
    if use_ray:
        return RayPool(plan, staging, encode=encode, num_workers=num_workers)
    if num_workers == 1:
        return HerePool(plan, staging, encode=encode)
    return ProcessPool(plan, staging, encode=encode, num_workers=num_workers)


def outcome_of(future: Future[Outcome]) -> Outcome:
    """Return what came of an attempt that is done.

    Raises:
        BackendError: If its worker died or its simulator failed.
        VlaIsaacError: Whatever else went wrong there.
    """
    try:
        return future.result()
    except BrokenProcessPool as error:
        raise worker_died() from error
    except VlaIsaacError:
        raise
    except Exception as error:
        raise BackendError(f"an attempt failed in its worker: {type(error).__name__}: {error}") from error


def worker_died() -> BackendError:
    """Return the error for a worker that is gone."""
    return BackendError(
        "a worker process died, perhaps for lack of memory; what was collected is kept: "
        "go on with --resume and fewer --workers"
    )
