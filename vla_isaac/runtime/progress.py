"""`ProgressLine`: one line on the terminal with the progress of the episode."""

from __future__ import annotations

import sys
import time
from typing import TextIO

from vla_isaac.runtime.result import EpisodeResult
from vla_isaac.runtime.subscriber import EpisodeStart, Step

WIDTH = 24
MIN_SECONDS = 0.1  # between two drawings


class ProgressLine:
    """Writes only to a terminal, and at most ten times a second."""

    def __init__(self, stream: TextIO | None = None, *, label: str = "") -> None:
        """Write to `stream`; None takes standard error."""
        self._stream = stream or sys.stderr
        self._label = label
        self._is_on = self._stream.isatty()

    def on_start(self, start: EpisodeStart) -> None:
        """Store the length."""
        self._max_steps = start.max_steps
        self._drawn = 0.0

    def on_step(self, step: Step) -> None:
        """Update the line."""
        now = time.monotonic()
        if not self._is_on or now - self._drawn < MIN_SECONDS:
            return
        self._drawn = now
        filled = round(WIDTH * step.verdict.progress)
        bar = "#" * filled + "." * (WIDTH - filled)
        phase = step.chunk.info.get("phase", "")
        line = f"{self._label}[{bar}] step {step.index}/{self._max_steps}  {phase}  {step.verdict.reason}"
        self._stream.write("\r\x1b[K" + line[:118])
        self._stream.flush()

    def on_end(self, result: EpisodeResult) -> None:
        """Clear the line."""
        if self._is_on:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
