"""`ProcessPool`: workers in processes of this machine; one that dies or hangs is replaced.

Workers are spawned, not forked: a fork would share this process's GL and encoder threads. They ignore Ctrl-C, which the
parent handles, and end when the parent ends.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable
from multiprocessing import connection, get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

from vla_isaac.core.errors import BackendError, VlaIsaacError
from vla_isaac.core.interrupts import interrupts_deferred
from vla_isaac.jobs.in_process import close_worker
from vla_isaac.jobs.pool import JobResult, MakeWorker
from vla_isaac.jobs.processes import begin_worker, no_interrupts_inherited
from vla_isaac.jobs.worker_pool import WorkerPool

TIME_TO_END = 2.0
"""Total time for all processes to end by themselves before they are killed [s]."""


class ProcessPool(WorkerPool):
    """Pool of processes on this machine."""

    worker_name = "the worker process"

    def __init__(
        self, make_worker: MakeWorker, num_workers: int, *, retries: int, deadline: float | None, start_deadline: float
    ) -> None:
        """Start the workers and wait until each is ready; arguments and errors are those of `pool.open_pool`."""
        super().__init__(make_worker, num_workers, retries=retries, deadline=deadline)
        self._start_deadline = start_deadline
        self._starting: dict[Connection, _Process] = {}
        try:
            for _ in range(num_workers):
                self._start()
            while self._starting:
                self._advance(math.inf)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End the workers; running jobs are dropped."""
        busy = [*self._starting.values(), *(running.worker for running in self._running.values())]
        for process in busy:
            process.terminate()
        everyone = [*busy, *self._idle]
        for process in everyone:
            process.line.close()  # an idle worker ends when its line is closed
        give_up = time.monotonic() + TIME_TO_END
        for process in everyone:
            process.join(max(0.0, give_up - time.monotonic()))
        for kept in (self._starting, self._running, self._idle, self._waiting):
            kept.clear()

    def _start(self) -> None:
        with interrupts_deferred():  # a process that is started and not listed would read from a closed pipe
            process = _Process(self._make_worker)
            self._starting[process.line] = process

    def _send(self, process: _Process, job: Any) -> Connection:
        with contextlib.suppress(OSError):  # it has died; `_receive` handles that
            process.line.send(job)
        return process.line

    def _receive(self, timeout: float | None) -> list[JobResult[Any, Any]]:
        running = {line: running.worker for line, running in self._running.items()}
        processes = {**running, **self._starting, **{process.line: process for process in self._idle}}
        found = []
        for line in connection.wait(list(processes), timeout=timeout):
            found += self._receive_from(processes[line])
        if any(time.monotonic() - process.begun >= self._start_deadline for process in self._starting.values()):
            raise BackendError(
                f"a worker process was not ready after {self._start_deadline:g} s and is ended; its policy or its backend "
                "hangs while it is made: try --workers 1 to see where"
            )
        return found

    def _receive_from(self, process: _Process) -> list[JobResult[Any, Any]]:
        try:
            kind, content = process.line.recv()
        except (EOFError, OSError):
            return self._replace(process)
        if process.line in self._running:
            return [self._finish(process.line, kind, content)]
        if kind == "error":
            raise content
        self._idle.append(self._starting.pop(process.line))
        return []

    def _replace(self, process: _Process) -> list[JobResult[Any, Any]]:
        """Replace a process that died, and return the result of its job."""
        code = process.exit_code()
        if process.line in self._starting:
            raise BackendError(
                f"a worker process ended with code {code} before it could begin; see above for the reason, try --workers 1, "
                'and in a script of your own make this call under: if __name__ == "__main__":'
            )
        self._kill(process)
        if process in self._idle:
            self._idle.remove(process)
            self._start()
            return []
        reason = f"the worker process died with code {code}, perhaps for lack of memory; try fewer --workers"
        return self._lose(process.line, reason)

    def _kill(self, process: _Process) -> None:
        process.kill()

    def _next_deadline(self) -> float:
        starts = (process.begun + self._start_deadline for process in self._starting.values())
        return min([super()._next_deadline(), *starts])


class _Process:
    """Handle of one worker process."""

    def __init__(self, make_worker: MakeWorker) -> None:
        context = get_context("spawn")
        self.line, theirs = context.Pipe()
        self.begun = time.monotonic()
        self._process: BaseProcess = context.Process(target=serve, args=(theirs, make_worker), daemon=True)
        with no_interrupts_inherited():
            self._process.start()
        theirs.close()

    def exit_code(self) -> int | None:
        """Return its exit code, if it has ended."""
        self._process.join(TIME_TO_END)
        return self._process.exitcode

    def terminate(self) -> None:
        """Send SIGTERM."""
        self._process.terminate()

    def kill(self) -> None:
        """Kill it at once, also if it is stopped."""
        self.line.close()
        self._process.kill()
        self._process.join()

    def join(self, seconds: float) -> None:
        """Wait `seconds` for it to end, then kill it."""
        self._process.join(seconds)
        if self._process.is_alive():
            self.kill()


def serve(line: Connection, make_worker: MakeWorker) -> None:
    """Run jobs in this process, one after another, until the other end of the line is closed."""
    begin_worker()
    try:
        worker = make_worker()
    except VlaIsaacError as error:
        line.send(("error", _picklable(error)))
        return
    line.send(("ready", None))
    with contextlib.suppress(EOFError, OSError):
        while True:
            line.send(answer(worker, line.recv()))
    close_worker(worker)


def answer(function: Callable[..., Any], *arguments: Any) -> tuple[str, Any]:
    """Return ``("value", what it returns)`` or ``("error", what it raises)``, the latter picklable."""
    try:
        return "value", function(*arguments)
    except Exception as error:
        return "error", _picklable(error)


def _picklable(error: Exception) -> Exception:
    """Return an error that can be pickled: a `VlaIsaacError` if it can be rebuilt, else a `BackendError` with its text."""
    if isinstance(error, VlaIsaacError):
        try:
            type(error)(*error.args)  # as unpickling rebuilds it
        except Exception:  # a subclass may raise anything here
            return BackendError(str(error))
        return error
    return BackendError(f"a job failed in its worker: {type(error).__name__}: {error}")
