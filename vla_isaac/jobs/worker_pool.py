"""`WorkerPool`: base of the pools of other processes: job assignment, retries and deadlines."""

from __future__ import annotations

import logging
import math
import time
from abc import ABC, abstractmethod
from collections import deque
from dataclasses import dataclass
from typing import Any

from vla_isaac.jobs.pool import JobResult, MakeWorker

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class RunningJob:
    """A job and the worker that runs it."""

    worker: Any
    job: Any
    losses: int
    """Workers lost on this job before."""

    begun: float
    """Start time [s] by `time.monotonic`."""


class WorkerPool(ABC):
    """A `JobPool` whose workers may be lost; a subclass starts them, sends jobs, receives answers and ends them."""

    worker_name: str
    """Name of a worker in messages."""

    def __init__(self, make_worker: MakeWorker, num_workers: int, *, retries: int, deadline: float | None) -> None:
        """Keep the arguments, which are those of `pool.open_pool`; no worker is started."""
        self.num_workers = num_workers
        self._make_worker, self._retries = make_worker, retries
        self._deadline = math.inf if deadline is None else deadline
        self._idle: list[Any] = []
        self._running: dict[Any, RunningJob] = {}
        """By the key that `_send` returned."""
        self._waiting: deque[tuple[Any, int]] = deque()
        """Jobs to retry, and how many workers each has lost."""

    @abstractmethod
    def _start(self) -> None:
        """Start a worker, which becomes idle now or when it is ready."""

    @abstractmethod
    def _send(self, worker: Any, job: Any) -> Any:
        """Send a job to a worker; return the key under which its answer is received."""

    @abstractmethod
    def _receive(self, timeout: float | None) -> list[JobResult[Any, Any]]:
        """Wait for a message from any worker, `timeout` [s] at the most, and return the results that came."""

    @abstractmethod
    def _kill(self, worker: Any) -> None:
        """Kill a worker at once, also one that is stopped."""

    @property
    def is_free(self) -> bool:
        """Whether a worker is idle."""
        return len(self._idle) > len(self._waiting)

    @property
    def is_busy(self) -> bool:
        """Whether a job is running or queued."""
        return bool(self._running or self._waiting)

    def submit(self, job: Any) -> None:
        """Send the job to an idle worker."""
        self._begin(job, 0)

    def wait(self, timeout: float | None = None) -> list[JobResult[Any, Any]]:
        """Return the results of at least one job, or none if there is none after `timeout` [s].

        Raises:
            BackendError: If a worker that replaces a lost one ended before it was ready, or was not ready at its deadline.
            VlaIsaacError: The error `make_worker` raised in a worker.
        """
        give_up = math.inf if timeout is None else time.monotonic() + timeout
        found: list[JobResult[Any, Any]] = []
        while not found or not (self.is_free or self.is_busy):  # neither holds while every worker is being replaced
            is_last = time.monotonic() >= give_up
            found += self._advance(give_up)
            if is_last and (self.is_free or self.is_busy):
                break
        return found

    def _advance(self, until: float) -> list[JobResult[Any, Any]]:
        """Wait for a message until `until`, end workers past their deadline, retry lost jobs, and return the results."""
        next_event = min(until, self._next_deadline())
        found = self._receive(None if next_event == math.inf else max(0.0, next_event - time.monotonic()))
        for key, running in list(self._running.items()):
            if time.monotonic() - running.begun >= self._deadline:
                self._kill(running.worker)
                reason = f"{self.worker_name} was ended after {self._deadline:g} s, the longest time for one job"
                found += self._lose(key, reason)
        while self._waiting and self._idle:
            self._begin(*self._waiting.popleft())
        return found

    def _begin(self, job: Any, losses: int) -> None:
        worker = self._idle.pop()
        self._running[self._send(worker, job)] = RunningJob(worker, job, losses, time.monotonic())

    def _finish(self, key: Any, kind: str, content: Any) -> JobResult[Any, Any]:
        """Return the result of a job; `kind` is ``"value"`` or ``"error"``. Its worker is idle."""
        running = self._running.pop(key)
        self._idle.append(running.worker)
        return JobResult(job=running.job, losses=running.losses, **{kind: content})

    def _lose(self, key: Any, reason: str) -> list[JobResult[Any, Any]]:
        """Replace the worker of a job; return the job's result unless it is retried."""
        running = self._running.pop(key)
        self._start()
        losses = running.losses + 1
        if losses <= self._retries:
            logger.warning("%s; its job is tried again", reason)
            self._waiting.append((running.job, losses))
            return []
        return [JobResult(job=running.job, fault=reason, losses=losses)]

    def _next_deadline(self) -> float:
        """Return the earliest deadline [s] by `time.monotonic`."""
        return min((running.begun for running in self._running.values()), default=math.inf) + self._deadline
