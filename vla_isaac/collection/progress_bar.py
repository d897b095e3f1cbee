"""`ProgressBar`: how far a collection is, how fast it goes and how long it will take, on standard error."""

from __future__ import annotations

import sys
import time
from typing import TextIO

from vla_isaac.collection.collect import Tally

WIDTH = 24
ON_TERMINAL, ELSEWHERE = 0.2, 30.0  # [s] between two drawings


class ProgressBar:
    """Draws a bar on a terminal; elsewhere, such as in a log file, a line now and then."""

    def __init__(self, stream: TextIO | None = None) -> None:
        """Draw to `stream`; None takes standard error."""
        self._stream = stream or sys.stderr
        self._is_terminal = self._stream.isatty()
        self._drawn = time.monotonic() - (ON_TERMINAL if self._is_terminal else 0.0)

    def __call__(self, tally: Tally) -> None:
        """Draw, unless it was done just now."""
        now = time.monotonic()
        if now - self._drawn < (ON_TERMINAL if self._is_terminal else ELSEWHERE):
            return
        self._drawn = now
        words = line_of(tally)
        self._stream.write(f"\r\x1b[K{words[:118]}" if self._is_terminal else words + "\n")
        self._stream.flush()

    def close(self) -> None:
        """Clear the bar."""
        if self._is_terminal:
            self._stream.write("\r\x1b[K")
            self._stream.flush()


def line_of(tally: Tally) -> str:
    """Return the bar, the rate, the time left and the failures in one line."""
    filled = round(WIDTH * tally.committed / tally.wanted)
    bar = "#" * filled + "." * (WIDTH - filled)
    rate = tally.fresh / tally.seconds if tally.seconds > 0 else 0.0
    left = f"{_clock((tally.wanted - tally.committed) / rate)} left" if rate > 0 else "starting"
    failed = sum(tally.failures.values())
    failures = f"  {failed} failed" if failed else ""
    return f"[{bar}] {tally.committed}/{tally.wanted}  {rate:.2f} episodes/s  {left}{failures}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
