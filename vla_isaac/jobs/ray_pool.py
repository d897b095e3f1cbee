"""`RayPool`: a pool of Ray actors; all machines of the cluster must see the files that a job names."""

from __future__ import annotations

from typing import Any

from vla_isaac.core.errors import BackendError
from vla_isaac.core.optional import require
from vla_isaac.jobs.in_process import close_worker
from vla_isaac.jobs.pool import JobResult, MakeWorker
from vla_isaac.jobs.process_pool import answer
from vla_isaac.jobs.worker_pool import WorkerPool


class _Actor:
    """The worker inside a Ray process. A job's error is a result, so a `RayError` always means a lost process."""

    def __init__(self, make_worker: MakeWorker) -> None:
        self._make_worker = make_worker
        self._worker: Any = None

    def make(self) -> tuple[str, Any]:
        """Make the worker."""
        kind, content = answer(self._make_worker)
        self._worker = content if kind == "value" else None
        return (kind, None) if kind == "value" else (kind, content)

    def run(self, job: Any) -> tuple[str, Any]:
        """Run one job."""
        if self._worker is None:  # this actor replaces a lost one
            self._worker = self._make_worker()
        return answer(self._worker, job)

    def close(self) -> None:
        """Close the worker."""
        close_worker(self._worker)


class RayPool(WorkerPool):
    """Pool of Ray actors; Ray is started if it is not running."""

    worker_name = "the worker of Ray"

    def __init__(
        self, make_worker: MakeWorker, num_workers: int, *, retries: int, deadline: float | None, start_deadline: float
    ) -> None:
        """Start the actors and wait until each is ready; arguments and errors are those of `pool.open_pool`."""
        super().__init__(make_worker, num_workers, retries=retries, deadline=deadline)
        self._ray: Any = require(
            "ray", extra="ray", need="running jobs on Ray", instead="leave --ray out and give --workers"
        )
        if not self._ray.is_initialized():
            self._ray.init(log_to_driver=False, include_dashboard=False)
        self._kind = self._ray.remote(_Actor)
        try:
            for _ in range(num_workers):
                self._start()
            self._check_ready(start_deadline)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End the actors; running jobs are dropped. Ray itself keeps running."""
        for actor in [*self._idle, *(running.worker for running in self._running.values())]:
            self._kill(actor)
        for kept in (self._idle, self._running, self._waiting):
            kept.clear()

    def _check_ready(self, start_deadline: float) -> None:
        try:
            made = self._ray.get([actor.make.remote() for actor in self._idle], timeout=start_deadline)
        except self._ray.exceptions.RayError as error:
            raise BackendError(
                f"a worker of Ray was not ready after {start_deadline:g} s, or was lost before ({type(error).__name__}); "
                "its policy or its backend hangs or fails while it is made: try --workers 1 without --ray to see where"
            ) from error
        for kind, content in made:
            if kind == "error":
                raise content

    def _start(self) -> None:
        self._idle.append(self._kind.remote(self._make_worker))

    def _send(self, actor: Any, job: Any) -> Any:
        return actor.run.remote(job)

    def _receive(self, timeout: float | None) -> list[JobResult[Any, Any]]:
        done, _ = self._ray.wait(list(self._running), num_returns=1, timeout=timeout)
        return [result for reference in done for result in self._receive_from(reference)]

    def _receive_from(self, reference: Any) -> list[JobResult[Any, Any]]:
        try:
            kind, content = self._ray.get(reference)
        except self._ray.exceptions.RayError as error:
            return self._lose(reference, f"the worker of Ray was lost: {type(error).__name__}")
        return [self._finish(reference, kind, content)]

    def _kill(self, actor: Any) -> None:
        self._ray.kill(actor)
