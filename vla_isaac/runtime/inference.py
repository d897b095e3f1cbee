"""`InferenceWorker`: the one thread a policy thinks on while the world goes on.

It is a daemon and is never joined: a policy that hangs for ever neither blocks whoever asked nor keeps Python alive.
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
    """Something asked of a policy; whoever asked looks in now and then."""

    def __init__(self, work: Callable[[], Any]) -> None:
        """Ask for what `work` returns."""
        self._work: Callable[[], Any] | None = work
        self._is_done = threading.Event()
        self._answer: Any = None
        self._error: BaseException | None = None
        self._asked = time.monotonic()

    @property
    def is_answered(self) -> bool:
        """Whether the answer, or the policy's error, is there."""
        return self._is_done.is_set()

    @property
    def waited(self) -> float:
        """For how long it has been open [s] of real time."""
        return time.monotonic() - self._asked

    @property
    def answer(self) -> Any:
        """What the policy answered; only once `is_answered`.

        Raises:
            Exception: Whatever the policy raised.
            PolicyError: If it tried to end Python.
        """
        if isinstance(self._error, Exception):
            raise self._error
        if self._error is not None:
            raise PolicyError(f"the policy tried to end Python ({type(self._error).__name__})", remedy="remove that from it")
        return self._answer

    def drop(self) -> None:
        """Give it up; if its turn has not come yet, it never will."""
        self._work = None

    def wait(self, timeout: float) -> bool:
        """Wait at most `timeout` [s] and return whether it is answered; for scripts and tests, never in a live loop."""
        return self._is_done.wait(timeout)

    def work(self) -> None:
        """Find the answer; called on the worker's thread."""
        work = self._work
        if work is None:
            return
        try:
            self._answer = work()
        except BaseException as error:  # on its own thread nobody else would hear of it
            self._error = error
        self._is_done.set()


class InferenceWorker:
    """Answers one question after another on a thread of its own, which starts with the first one."""

    def __init__(self) -> None:
        self._questions: SimpleQueue[Question | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def ask(self, work: Callable[[], Any]) -> Question:
        """Hand `work` to the thread and return at once."""
        question = Question(work)
        self._questions.put(question)
        if self._thread is None:
            self._thread = threading.Thread(target=_answer_all, args=(self._questions,), name=THREAD_NAME, daemon=True)
            self._thread.start()
        return question

    def leave(self) -> None:
        """Let the thread end after what it is doing now; returns at once, twice is fine."""
        self._questions.put(None)


def _answer_all(questions: SimpleQueue[Question | None]) -> None:
    while (question := questions.get()) is not None:
        question.work()
        del question  # an answer may be large; keep none while waiting
