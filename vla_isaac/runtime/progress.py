"""`ProgressLine`: the progress of an episode, one line redrawn on a terminal, and a line now and then in a log."""

from __future__ import annotations

import os
import sys
import time
from typing import TextIO

from vla_isaac.runtime.result import EpisodeResult
from vla_isaac.runtime.subscriber import EpisodeStart, Step

WIDTH = 24
MIN_SECONDS = 0.1  # between two drawings on a terminal
IN_LOG = 5.0  # [s] between two lines where the stream is no terminal


class ProgressLine:
    """Redraws a line at most ten times a second; in a pipe or a file it adds a line every five seconds."""

    def __init__(self, stream: TextIO | None = None, *, label: str = "") -> None:
        """Write to `stream`; None takes standard error."""
        self._stream = stream or sys.stderr
        self._label = label
        self._is_terminal = self._stream.isatty() and os.environ.get("TERM") != "dumb"

    def on_start(self, start: EpisodeStart) -> None:
        """Store the length."""
        self._max_steps = start.max_steps
        self._drawn = 0.0 if self._is_terminal else time.monotonic()

    def on_step(self, step: Step) -> None:
        """Update the line, or add one."""
        now = time.monotonic()
        if now - self._drawn < (MIN_SECONDS if self._is_terminal else IN_LOG):
            return
        self._drawn = now
        phase = step.chunk.info.get("phase", "")
        self._write(self._bar(step, phase) if self._is_terminal else self._line(step, phase))

    def on_end(self, result: EpisodeResult) -> None:
        """Clear the line."""
        if self._is_terminal:
            self._write("\r\x1b[K")

    def _bar(self, step: Step, phase: str) -> str:
        filled = round(WIDTH * step.verdict.progress)
        bar = "#" * filled + "." * (WIDTH - filled)
        line = f"{self._label}[{bar}] step {step.index}/{self._max_steps}  {phase}  {step.verdict.reason}"
        return "\r\x1b[K" + line[:118]

    def _line(self, step: Step, phase: str) -> str:
        parts = [f"{self._label}step {step.index} of {self._max_steps}", phase, step.verdict.reason]
        return ", ".join(filter(None, parts)) + "\n"

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
