"""`InferenceWorker`: the thread on which a policy runs while the simulation continues.

It is a daemon and is never joined: a policy that hangs blocks neither the caller nor the exit of Python.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

from vla_isaac.core.errors import PolicyError

THREAD_NAME = "vla_isaac policy"

POLICY_TIMEOUT = 60.0
"""Timeout of a policy's answer, in real time [s]: in a live session of every one, in a script of those after the first."""


def no_answer(policy: str, decision: int | None, seconds: float, remedy: str = "") -> PolicyError:
    """Return the error for a policy that takes too long.

    Args:
        policy: Its name.
        decision: Number of the decision, from 1; None for its reset.
        seconds: The limit [s].
        remedy: How to raise the limit.
    """
    what = "from its reset" if decision is None else f"decision {decision}"
    return PolicyError(f"the policy {policy!r} has not returned {what} for {seconds:.3g} s", remedy=remedy)


class Question:
    """A pending call of a policy; the caller polls it."""

    def __init__(self, work: Callable[[], Any]) -> None:
        """Create the call of `work`."""
        self._work: Callable[[], Any] | None = work
        self._pending = threading.Lock()  # held until the answer is there; an Event costs several times as much
        self._pending.acquire()
        self._answer: Any = None
        self.error: BaseException | None = None
        """What the policy raised; None if it did not."""
        self._asked = time.monotonic()

    @property
    def is_answered(self) -> bool:
        """Return whether the answer, or the policy's error, is available."""
        return not self._pending.locked()

    @property
    def waited(self) -> float:
        """Return the real time since the call was made [s]."""
        return time.monotonic() - self._asked

    @property
    def answer(self) -> Any:
        """Return the policy's answer; only once `is_answered`.

        Raises:
            Exception: Whatever the policy raised.
            PolicyError: If the policy tried to exit Python.
        """
        if isinstance(self.error, Exception):
            raise self.error
        if self.error is not None:
            name = type(self.error).__name__
            raise PolicyError(f"the policy tried to exit Python ({name})", remedy="remove that call") from self.error
        return self._answer

    def drop(self) -> None:
        """Cancel the call; if it has not started yet, it never will."""
        self._work = None

    def wait(self, timeout: float) -> bool:
        """Wait at most `timeout` [s] and return whether it is answered; for scripts and tests, never in a live loop."""
        if not self._pending.acquire(timeout=min(timeout, threading.TIMEOUT_MAX)):
            return False
        self._pending.release()
        return True

    def work(self) -> None:
        """Compute the answer; called on the worker's thread."""
        work = self._work
        if work is None:
            return
        try:
            self._answer = work()
        except BaseException as error:  # an exception on this thread is not reported otherwise
            self.error = error
        self._pending.release()


class InferenceWorker:
    """Answers one question after another on its own thread, which starts with the first one."""

    def __init__(self) -> None:
        self._questions: SimpleQueue[Question | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        weakref.finalize(self, self._questions.put, None).atexit = False  # the thread holds the queue, not the worker

    def ask(self, work: Callable[[], Any]) -> Question:
        """Queue `work` for the thread and return at once."""
        question = Question(work)
        self._questions.put(question)
        if self._thread is None:
            self._thread = threading.Thread(target=_answer_all, args=(self._questions,), name=THREAD_NAME, daemon=True)
            self._thread.start()
        return question

    def leave(self) -> None:
        """End the thread after its current call; returns at once and may be called twice."""
        self._questions.put(None)


def _answer_all(questions: SimpleQueue[Question | None]) -> None:
    while (question := questions.get()) is not None:
        question.work()
        del question  # an answer may be large; keep none while waiting
