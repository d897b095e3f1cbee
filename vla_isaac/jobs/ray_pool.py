"""`RayPool`: the same on Ray, an actor for each worker; all its machines must see the files that a job names."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from typing import Any

from vla_isaac.core.optional import require
from vla_isaac.jobs.in_process import close_worker
from vla_isaac.jobs.pool import JobResult, MakeWorker
from vla_isaac.jobs.process_pool import answer


class _Actor:
    """What runs in a process of Ray's; an error is a result, so that only a lost process is an error of Ray's."""

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
        if self._worker is None:  # made anew in place of a lost one
            self._worker = self._make_worker()
        return answer(self._worker, job)

    def close(self) -> None:
        """Free what the worker holds."""
        close_worker(self._worker)


@dataclass
class _Running:
    actor: Any
    job: Any
    losses: int
    begun: float


class RayPool:
    """Actors of Ray's; Ray is started if it is not."""

    def __init__(
        self, make_worker: MakeWorker, num_workers: int, *, retries: int = 0, deadline: float | None = None
    ) -> None:
        """Start the actors and wait until each is ready; arguments and errors are those of `pool.open_pool`."""
        self._ray: Any = require("ray", extra="ray", need="jobs with --ray", instead="leave --ray out and give --workers")
        self.num_workers = num_workers
        self._make_worker, self._retries, self._deadline = make_worker, retries, deadline
        if not self._ray.is_initialized():
            self._ray.init(log_to_driver=False, include_dashboard=False)
        self._kind = self._ray.remote(_Actor)
        self._waiting: deque[tuple[Any, int]] = deque()
        self._running: dict[Any, _Running] = {}
        self._idle = [self._made() for _ in range(num_workers)]
        self._check_ready()

    @property
    def is_free(self) -> bool:
        """Whether one of them has nothing to do."""
        return len(self._idle) > len(self._waiting)

    @property
    def is_busy(self) -> bool:
        """Whether a job is being run, or waits to be."""
        return bool(self._running or self._waiting)

    def submit(self, job: Any) -> None:
        """Hand it to one that has nothing to do."""
        self._begin(job, 0)

    def wait(self, timeout: float | None = None) -> list[JobResult[Any, Any]]:
        """Return the results of at least one job, or none if there is none after `timeout` [s]."""
        give_up = None if timeout is None else time.monotonic() + timeout
        found: list[JobResult[Any, Any]] = []
        while not found and (give_up is None or time.monotonic() < give_up):
            left = None if give_up is None else max(0.0, give_up - time.monotonic())
            limits = [limit for limit in (left, self._time_left()) if limit is not None]
            done, _ = self._ray.wait(list(self._running), num_returns=1, timeout=min(limits, default=None))
            for reference in done:
                found += self._hear(reference)
            found += self._end_what_hangs()
            while self._waiting and self._idle:
                self._begin(*self._waiting.popleft())
        return found

    def close(self) -> None:
        """End the actors; what one is at is dropped. Ray itself stays."""
        for actor in [*self._idle, *(running.actor for running in self._running.values())]:
            self._ray.kill(actor)
        self._idle, self._running = [], {}
        self._waiting.clear()

    def _made(self) -> Any:
        return self._kind.remote(self._make_worker)

    def _check_ready(self) -> None:
        for kind, content in self._ray.get([actor.make.remote() for actor in self._idle]):
            if kind == "error":
                self.close()
                raise content

    def _begin(self, job: Any, losses: int) -> None:
        actor = self._idle.pop()
        self._running[actor.run.remote(job)] = _Running(actor, job, losses, time.monotonic())

    def _hear(self, reference: Any) -> list[JobResult[Any, Any]]:
        running = self._running.pop(reference)
        try:
            kind, content = self._ray.get(reference)
        except self._ray.exceptions.RayError as error:
            return self._lost(running, f"the worker of Ray was lost: {type(error).__name__}")
        self._idle.append(running.actor)
        if kind == "error":
            return [JobResult(job=running.job, error=content, losses=running.losses)]
        return [JobResult(job=running.job, value=content, losses=running.losses)]

    def _end_what_hangs(self) -> list[JobResult[Any, Any]]:
        if self._deadline is None:
            return []
        now, found = time.monotonic(), []
        for reference, running in list(self._running.items()):
            if now - running.begun > self._deadline:
                del self._running[reference]
                self._ray.kill(running.actor)
                found += self._lost(
                    running, f"the worker of Ray was ended after {self._deadline:g} s, the longest time for one job"
                )
        return found

    def _lost(self, running: _Running, reason: str) -> list[JobResult[Any, Any]]:
        self._idle.append(self._made())
        losses = running.losses + 1
        if losses <= self._retries:
            self._waiting.append((running.job, losses))
            return []
        return [JobResult(job=running.job, fault=reason, losses=losses)]

    def _time_left(self) -> float | None:
        if self._deadline is None:
            return None
        return max(0.0, self._deadline - max(time.monotonic() - r.begun for r in self._running.values())) + 0.01
