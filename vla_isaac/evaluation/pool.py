"""Where attempts are made: in this process, or in processes of this machine, of which any may die.

A process that dies costs the attempt it was at, which is a fault by name, and another takes its place.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from multiprocessing import connection, get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, Protocol

from vla_isaac.core import errors
from vla_isaac.core.config import from_mapping, to_mapping
from vla_isaac.core.errors import BackendError, VlaIsaacError
from vla_isaac.core.processes import begin_worker, no_interrupts_inherited
from vla_isaac.evaluation.evaluator import Cast, Evaluator
from vla_isaac.evaluation.outcome import Outcome
from vla_isaac.evaluation.plan import Attempt, EvaluationPlan

PATIENCE = 5.0  # [s] for a process to end by itself


class Pool(Protocol):
    """Makes attempts, several at a time."""

    @property
    def is_free(self) -> bool:
        """Whether another attempt can be begun."""
        ...

    @property
    def is_busy(self) -> bool:
        """Whether an attempt is being made."""
        ...

    def submit(self, attempt: Attempt) -> None:
        """Have an attempt made; only if free."""
        ...

    def wait(self) -> list[Outcome]:
        """Return what came of at least one attempt; only if busy."""
        ...

    def close(self) -> None:
        """Drop what is being made and free everything."""
        ...


def open_pool(plan: EvaluationPlan, cast: Cast, num_workers: int) -> Pool:
    """Return this process for one worker, else processes; policy and backend are made when it returns."""
    return HerePool(plan, cast) if num_workers == 1 else ProcessPool(plan, cast, num_workers)


class HerePool:
    """Makes each attempt when it is waited for, in this process."""

    def __init__(self, plan: EvaluationPlan, cast: Cast) -> None:
        self._evaluator = Evaluator(plan, cast)
        self._attempt: Attempt | None = None

    @property
    def is_free(self) -> bool:
        """Whether none waits."""
        return self._attempt is None

    @property
    def is_busy(self) -> bool:
        """Whether one waits."""
        return self._attempt is not None

    def submit(self, attempt: Attempt) -> None:
        """Take it."""
        self._attempt = attempt

    def wait(self) -> list[Outcome]:
        """Make it."""
        assert self._attempt is not None
        attempt, self._attempt = self._attempt, None
        return [self._evaluator.try_one(attempt)]

    def close(self) -> None:
        """Free the backend."""
        self._evaluator.close()


class ProcessPool:
    """Processes of this machine; they ignore Ctrl-C and end when this process does, however it ends."""

    def __init__(self, plan: EvaluationPlan, cast: Cast, num_workers: int) -> None:
        """Start them and wait until each has its policy and its backend.

        Raises:
            BackendError: If one ends before that.
            VlaIsaacError: What went wrong there.
        """
        self._job = (plan, cast)
        self._workers: list[_Worker] = []
        try:
            self._workers += [_Worker(plan, cast) for _ in range(num_workers)]
            while not all(worker.is_ready for worker in self._workers):
                self._listen()
        except BaseException:
            self.close()
            raise

    @property
    def is_free(self) -> bool:
        """Whether one of them has nothing to do."""
        return any(worker.attempt is None for worker in self._workers)

    @property
    def is_busy(self) -> bool:
        """Whether one of them works."""
        return any(worker.attempt is not None for worker in self._workers)

    def submit(self, attempt: Attempt) -> None:
        """Hand it to one that has nothing to do."""
        next(worker for worker in self._workers if worker.attempt is None).begin(attempt)

    def wait(self) -> list[Outcome]:
        """Return what came of at least one attempt.

        Raises:
            BackendError: If a process ended before it could begin.
            VlaIsaacError: If policy and scene do not fit together.
        """
        found: list[Outcome] = []
        while not found:
            found = self._listen()
        return found

    def close(self) -> None:
        """End them; what one is at is dropped."""
        for worker in self._workers:
            worker.close()
        for worker in self._workers:
            worker.join()
        self._workers.clear()

    def _listen(self) -> list[Outcome]:
        """Wait for a word from any of them and return what came of attempts."""
        ready = connection.wait([worker.line for worker in self._workers])
        found = []
        for place, worker in enumerate(self._workers):
            if worker.line not in ready:
                continue
            try:
                outcome = worker.hear()
            except (EOFError, OSError):
                outcome = worker.fault()
                worker.close()
                worker.join()
                self._workers[place] = _Worker(*self._job)
            if outcome is not None:
                found.append(outcome)
        return found


class _Worker:
    """One process as seen from here."""

    def __init__(self, plan: EvaluationPlan, cast: Cast) -> None:
        # spawned, not forked: a fork would share this process's GL
        context = get_context("spawn")
        self.line, theirs = context.Pipe()
        self.attempt: Attempt | None = None
        self.is_ready = False
        self._process: BaseProcess = context.Process(target=serve, args=(theirs, plan, cast), daemon=True)
        with no_interrupts_inherited():
            self._process.start()
        theirs.close()

    def begin(self, attempt: Attempt) -> None:
        self.attempt = attempt
        try:
            _send(self.line, asdict(attempt))
        except OSError:
            return  # it has died, which is heard next

    def hear(self) -> Outcome | None:
        """Return the outcome it sends, None if it only says that it is ready."""
        words = json.loads(self.line.recv_bytes())
        if "error" in words:
            raise _error(words["error"], words["words"])
        self.is_ready = True
        if "outcome" not in words:
            return None
        self.attempt = None
        return from_mapping(Outcome, words["outcome"], source="a worker")

    def fault(self) -> Outcome | None:
        """Return the fault that its death is; None if it had nothing to do.

        Raises:
            BackendError: If it died before it was ready, as the next one would.
        """
        self._process.join(PATIENCE)
        code = self._process.exitcode
        if not self.is_ready:
            raise BackendError(
                f"a worker process ended with code {code} before it could begin; see above for the reason, try --workers 1, "
                'and in a script of your own call evaluate under: if __name__ == "__main__":'
            )
        attempt = self.attempt
        if attempt is None:
            return None
        return Outcome(
            task=attempt.task,
            number=attempt.number,
            seed=attempt.seed,
            kind="fault",
            reason=f"the worker process died with code {code}, perhaps for lack of memory; try fewer --workers",
        )

    def close(self) -> None:
        """Let it go if it has nothing to do, else end it."""
        self.line.close()
        if self.attempt is not None or not self.is_ready:
            self._process.terminate()

    def join(self) -> None:
        """Wait for its end, and end it if that does not come."""
        self._process.join(PATIENCE)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


def serve(line: Connection, plan: EvaluationPlan, cast: Cast) -> None:
    """Make attempts in this process, one after another, until the other end of the line is closed."""
    begin_worker()
    try:
        evaluator = Evaluator(plan, cast)
        _send(line, {"ready": True})
        while (attempt := _next(line)) is not None:
            _send(line, {"outcome": to_mapping(evaluator.try_one(attempt))})
        evaluator.close()
    except VlaIsaacError as error:
        _send(line, {"error": type(error).__name__, "words": str(error)})


def _next(line: Connection) -> Attempt | None:
    """Return the next attempt, None if there will be no more."""
    try:
        return Attempt(**json.loads(line.recv_bytes()))
    except (EOFError, OSError):
        return None


def _send(line: Connection, words: dict[str, Any]) -> None:
    line.send_bytes(json.dumps(words).encode())


def _error(kind: str, words: str) -> VlaIsaacError:
    """Return an error as it was raised in a worker; one of a kind we do not know becomes a fault."""
    found = getattr(errors, kind, BackendError)
    is_ours = isinstance(found, type) and issubclass(found, VlaIsaacError)
    error: VlaIsaacError = found(words) if is_ours else BackendError(words)
    return error
