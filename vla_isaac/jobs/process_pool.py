"""`ProcessPool`: workers in processes of this machine; one that dies or hangs is replaced.

They are spawned, not forked: a fork would share this process's GL and encoder threads. They ignore Ctrl-C, which is their
parent's business, and end when it does, however it ends.
"""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Callable
from multiprocessing import connection, get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

from vla_isaac.core.errors import BackendError, VlaIsaacError
from vla_isaac.jobs.in_process import close_worker
from vla_isaac.jobs.pool import JobResult, MakeWorker
from vla_isaac.jobs.processes import begin_worker, no_interrupts_inherited

TIME_TO_END = 2.0
"""Time that processes are given to end by themselves before they are killed [s], all of them together."""

NO_JOB = object()


class ProcessPool:
    """Processes of this machine."""

    def __init__(
        self, make_worker: MakeWorker, num_workers: int, *, retries: int = 0, deadline: float | None = None
    ) -> None:
        """Start them and wait until each is ready; arguments and errors are those of `pool.open_pool`."""
        self.num_workers = num_workers
        self._make_worker, self._retries, self._deadline = make_worker, retries, deadline
        self._waiting: deque[tuple[Any, int]] = deque()  # jobs that lost their worker, and how often
        self._workers: list[_Worker] = []
        try:
            self._workers += [_Worker(make_worker) for _ in range(num_workers)]
            while not all(worker.is_ready for worker in self._workers):
                self._listen()
        except BaseException:
            self.close()
            raise

    @property
    def is_free(self) -> bool:
        """Whether one of them has nothing to do."""
        return sum(worker.is_idle for worker in self._workers) > len(self._waiting)

    @property
    def is_busy(self) -> bool:
        """Whether a job is being run, or waits to be."""
        return bool(self._waiting) or any(worker.job is not NO_JOB for worker in self._workers)

    def submit(self, job: Any) -> None:
        """Hand it to one that has nothing to do."""
        next(worker for worker in self._workers if worker.is_idle).begin(job, 0)

    def wait(self, timeout: float | None = None) -> list[JobResult[Any, Any]]:
        """Return the results of at least one job, or none if there is none after `timeout` [s].

        Raises:
            BackendError: If a process ended before it was ready.
            VlaIsaacError: Whatever `make_worker` raised there.
        """
        give_up = None if timeout is None else time.monotonic() + timeout
        found: list[JobResult[Any, Any]] = []
        while not found or not (self.is_free or self.is_busy):  # while each is being replaced, neither holds
            left = None if give_up is None else max(0.0, give_up - time.monotonic())
            found += self._listen(left)
            if left == 0.0 and (self.is_free or self.is_busy):
                break
        return found

    def close(self) -> None:
        """End them; what one is at is dropped."""
        for worker in self._workers:
            worker.end()
        give_up = time.monotonic() + TIME_TO_END
        for worker in self._workers:
            worker.join(max(0.0, give_up - time.monotonic()))
        self._workers.clear()
        self._waiting.clear()

    def _listen(self, timeout: float | None = None) -> list[JobResult[Any, Any]]:
        """Wait for a message from any of them, a deadline or so long [s], and return the results that came."""
        limits = [limit for limit in (timeout, self._time_left()) if limit is not None]
        ready = connection.wait([worker.line for worker in self._workers], timeout=min(limits, default=None))
        found = []
        for place, worker in enumerate(self._workers):
            if worker.line in ready:
                found += self._hear(place, worker)
            elif self._deadline is not None and worker.seconds > self._deadline:
                reason = f"the worker process was ended after {self._deadline:g} s, the longest time for one job"
                found += self._replace(place, worker, reason)
        for worker in self._workers:
            if worker.is_idle and self._waiting:
                worker.begin(*self._waiting.popleft())
        return found

    def _hear(self, place: int, worker: _Worker) -> list[JobResult[Any, Any]]:
        try:
            return worker.hear()
        except (EOFError, OSError):
            code = worker.exit_code()
        if not worker.is_ready:
            raise BackendError(
                f"a worker process ended with code {code} before it could begin; see above for the reason, try --workers 1, "
                'and in a script of your own make this call under: if __name__ == "__main__":'
            )
        return self._replace(
            place, worker, f"the worker process died with code {code}, perhaps for lack of memory; try fewer --workers"
        )

    def _replace(self, place: int, worker: _Worker, reason: str) -> list[JobResult[Any, Any]]:
        """Put another process in the place of one that is lost, and return what came of its job."""
        worker.kill()
        self._workers[place] = _Worker(self._make_worker)
        if worker.job is NO_JOB:
            return []
        losses = worker.losses + 1
        if losses <= self._retries:
            self._waiting.append((worker.job, losses))
            return []
        return [JobResult(job=worker.job, fault=reason, losses=losses)]

    def _time_left(self) -> float | None:
        """Return how long nobody's deadline passes [s]; None if there is none."""
        if self._deadline is None:
            return None
        running = [worker.seconds for worker in self._workers if worker.job is not NO_JOB]
        return max(0.0, self._deadline - max(running)) + 0.01 if running else None


class _Worker:
    """One process as seen from here."""

    def __init__(self, make_worker: MakeWorker) -> None:
        context = get_context("spawn")
        self.line, theirs = context.Pipe()
        self.job: Any = NO_JOB
        self.losses = 0
        self.is_ready = False
        self._begun = 0.0
        self._process: BaseProcess = context.Process(target=serve, args=(theirs, make_worker), daemon=True)
        with no_interrupts_inherited():
            self._process.start()
        theirs.close()

    @property
    def is_idle(self) -> bool:
        """Whether it could begin a job now."""
        return self.is_ready and self.job is NO_JOB

    @property
    def seconds(self) -> float:
        """How long it has been at its job [s]."""
        return 0.0 if self.job is NO_JOB else time.monotonic() - self._begun

    def begin(self, job: Any, losses: int) -> None:
        """Send it a job."""
        self.job, self.losses, self._begun = job, losses, time.monotonic()
        with contextlib.suppress(OSError):  # it has died, which is heard next
            self.line.send(job)

    def hear(self) -> list[JobResult[Any, Any]]:
        """Return the result it sends; none if it says that it is ready."""
        kind, content = self.line.recv()
        if not self.is_ready:
            if kind == "error":
                raise content
            self.is_ready = True
            return []
        job, self.job = self.job, NO_JOB
        if kind == "error":
            return [JobResult(job=job, error=content, losses=self.losses)]
        return [JobResult(job=job, value=content, losses=self.losses)]

    def exit_code(self) -> int | None:
        """Return with which code it ended, as far as it has."""
        self._process.join(TIME_TO_END)
        return self._process.exitcode

    def end(self) -> None:
        """Let it go if it has nothing to do, else end it."""
        self.line.close()
        if not self.is_idle:
            self._process.terminate()

    def kill(self) -> None:
        """End it at once, also where it is stopped and would not hear of it."""
        self.line.close()
        self._process.kill()
        self._process.join()

    def join(self, seconds: float) -> None:
        """Wait for its end so long, then kill it."""
        self._process.join(seconds)
        if self._process.is_alive():
            self.kill()


def serve(line: Connection, make_worker: MakeWorker) -> None:
    """Run jobs in this process, one after another, until the other end of the line is closed."""
    begin_worker()
    try:
        worker = make_worker()
    except VlaIsaacError as error:
        line.send(("error", _portable(error)))
        return
    line.send(("ready", None))
    with contextlib.suppress(EOFError, OSError):
        while True:
            line.send(answer(worker, line.recv()))
    close_worker(worker)


def answer(function: Callable[..., Any], *arguments: Any) -> tuple[str, Any]:
    """Return ``("value", what it returns)`` or ``("error", what it raises)``, the latter as something that can be sent."""
    try:
        return "value", function(*arguments)
    except Exception as error:
        return "error", _portable(error)


def _portable(error: Exception) -> Exception:
    """Return an error that can be sent and raised over there; what is not ours, or does not travel, in words."""
    if isinstance(error, VlaIsaacError):
        try:
            type(error)(*error.args)  # how it is made again over there
        except Exception:  # whatever a class of errors makes of its arguments
            return BackendError(str(error))
        return error
    return BackendError(f"a job failed in its worker: {type(error).__name__}: {error}")
