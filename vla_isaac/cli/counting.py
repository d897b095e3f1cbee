"""`Counting`: how many of how many are done, on standard error."""

from __future__ import annotations

import sys
import time
from typing import TextIO

ON_TERMINAL, IN_FILE = 0.1, 10.0  # [s] between two words: redrawn in place on a terminal, a line each elsewhere


class Counting:
    """Call it after each piece of work; the last one is always told."""

    def __init__(self, doing: str, what: str = "episodes", stream: TextIO | None = None) -> None:
        """Tell of the work `doing`, such as ``"convert"``, on so many of `what`; None writes to standard error."""
        self._doing, self._what = doing, what
        self._stream = stream or sys.stderr
        self._is_terminal = self._stream.isatty()
        self._told = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        """Say how far it is, now and then."""
        now = time.monotonic()
        if done < total and now - self._told < (ON_TERMINAL if self._is_terminal else IN_FILE):
            return
        self._told = now
        line = f"{self._doing}: {done} of {total} {self._what}"
        if self._is_terminal:
            self._stream.write(f"\r\x1b[K{line}" + ("\n" if done == total else ""))
        else:
            self._stream.write(line + "\n")
        self._stream.flush()
