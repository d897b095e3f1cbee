"""`ProgressBar`: progress, rate and remaining time of a command, on standard error."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

from vla_isaac.core.optional import require

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

IN_LOG = 30.0  # [s] between two lines where standard error is no terminal


class ProgressBar:
    """A `rich` progress bar on a terminal; elsewhere, such as in a log file, a line at intervals and one at the end.

    Call it after each unit of work, and close it or use it as a context manager.
    """

    def __init__(self, name: str, unit: str = "episodes", *, stream: TextIO | None = None) -> None:
        """Show the progress of `name`, such as ``"convert"``; None writes to standard error."""
        self._name, self._unit = name, unit
        self._stream = stream or sys.stderr
        self._bar = _bar(self._stream) if self._stream.isatty() else None
        self._task: TaskID | None = None
        self._begun: tuple[float, int] | None = None
        self._last_time, self._last_line = time.monotonic(), ""

    def __call__(self, done: int, total: int, failed: int = 0) -> None:
        """Show that `done` of `total` units are done and `failed` attempts failed."""
        if self._begun is None:
            self._begun = (time.monotonic(), done)
        if self._bar is not None:
            self._draw(self._bar, done, total, self._details(done, total, failed))
        elif done >= total or time.monotonic() - self._last_time >= IN_LOG:
            self._last_time = time.monotonic()
            line = f"{self._name}: {done} of {total} {self._unit}{self._details(done, total, failed)}\n"
            if line != self._last_line:
                self._stream.write(line)
                self._stream.flush()
            self._last_line = line

    def close(self) -> None:
        """Clear the bar; may be called twice."""
        if self._bar is not None:
            self._bar.stop()

    def __enter__(self) -> ProgressBar:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _draw(self, bar: Progress, done: int, total: int, details: str) -> None:
        if self._task is None:
            self._task = bar.add_task(self._name, unit=self._unit, details="")
            bar.start()
        bar.update(self._task, completed=done, total=total, details=details)

    def _details(self, done: int, total: int, failed: int) -> str:
        """Return rate, remaining time and failures, as far as they are known."""
        begun, before = self._begun or (0.0, 0)
        rate = (done - before) / max(time.monotonic() - begun, 1e-9)
        speed = f", {rate:.2f} {self._unit}/s, {_clock((total - done) / rate)} left" if rate > 0 and done < total else ""
        return speed + (f", {failed} failed" if failed else "")


def _bar(stream: TextIO) -> Progress:
    require("rich", extra="cli", need="the progress bar")
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    words = TextColumn("{task.completed} of {task.total} {task.fields[unit]}{task.fields[details]}")
    columns = (TextColumn("{task.description}"), BarColumn(24), words)
    return Progress(*columns, console=Console(file=stream), transient=True, refresh_per_second=4)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
