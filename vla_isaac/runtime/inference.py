"""`InferenceWorker`: the thread on which a policy runs while the simulation continues.

It is a daemon and is never joined: a policy that hangs blocks neither the caller nor the exit of Python.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

from vla_isaac.core.errors import PolicyError

THREAD_NAME = "vla_isaac policy"


class Question:
    """A pending call of a policy; the caller polls it."""

    def __init__(self, work: Callable[[], Any]) -> None:
        """Create the call of `work`."""
        self._work: Callable[[], Any] | None = work
        self._is_done = threading.Event()
        self._answer: Any = None
        self._error: BaseException | None = None
        self._asked = time.monotonic()

    @property
    def is_answered(self) -> bool:
        """Return whether the answer, or the policy's error, is available."""
        return self._is_done.is_set()

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
        if isinstance(self._error, Exception):
            raise self._error
        if self._error is not None:
            raise PolicyError(f"the policy tried to exit Python ({type(self._error).__name__})", remedy="remove that call")
        return self._answer

    def drop(self) -> None:
        """Cancel the call; if it has not started yet, it never will."""
        self._work = None

    def wait(self, timeout: float) -> bool:
        """Wait at most `timeout` [s] and return whether it is answered; for scripts and tests, never in a live loop."""
        return self._is_done.wait(timeout)

    def work(self) -> None:
        """Compute the answer; called on the worker's thread."""
        work = self._work
        if work is None:
            return
        try:
            self._answer = work()
        except BaseException as error:  # an exception on this thread is not reported otherwise
            self._error = error
        self._is_done.set()


class InferenceWorker:
    """Answers one question after another on its own thread, which starts with the first one."""

    def __init__(self) -> None:
        self._questions: SimpleQueue[Question | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

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
