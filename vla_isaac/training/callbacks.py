"""Training callbacks: progress line on the terminal, TensorBoard, and a JSON Lines file of metrics."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, TextIO

from vla_isaac.core.atomic_files import writing
from vla_isaac.core.errors import ConfigError
from vla_isaac.core.input_files import parse_json, read_bytes, reading
from vla_isaac.core.optional import is_installed

EVERY = 0.5  # [s] between two redraws of the progress line
LOGGED_EVERY = 20  # updates
METRICS = "metrics.jsonl"
REMEDY = f"remove {METRICS}, then run the command again"


def drop_metrics_after(folder: Path, step: int) -> None:
    """Remove the metrics of updates that a resumed run repeats, and a line that a kill cut off; the file stays open."""
    path, end = folder / METRICS, 0
    if not path.is_file():
        return
    for line in read_bytes(path, error=ConfigError, remedy=REMEDY).splitlines(keepends=True):
        with reading(path, error=ConfigError, remedy=REMEDY):
            if not line.endswith(b"\n") or parse_json(line, path, error=ConfigError, remedy=REMEDY)["step"] > step:
                break
        end += len(line)
    os.truncate(path, end)


class TrainingCallback(Protocol):
    """Called at every update and at every validation."""

    def on_step(self, step: int, steps: int, terms: Mapping[str, float]) -> None:
        """Handle an update; `terms` are those of the loss, `loss` their sum, `lr` the learning rate."""
        ...

    def on_validation(self, step: int, scores: Mapping[str, float], *, is_best: bool) -> None:
        """Handle the validation metrics of the averaged weights."""
        ...

    def close(self) -> None:
        """Close files."""
        ...


class ConsoleLog:
    """Progress line on standard error, redrawn twice a second; without a terminal, one line per validation."""

    def __init__(self, batch_size: int, stream: TextIO | None = None, where: str = "") -> None:
        self._stream = stream or sys.stderr
        self._batch_size = batch_size
        self._begin: tuple[float, int] | None = None
        self._drawn = 0.0
        if where:
            self._stream.write(f"training on    {where}\n")
            self._stream.flush()

    def on_step(self, step: int, steps: int, terms: Mapping[str, float]) -> None:
        """Redraw the progress line."""
        now = time.perf_counter()
        if self._begin is None:
            self._begin = (now, step)
        if now - self._drawn < EVERY or not self._stream.isatty():
            return
        self._drawn = now
        begin, first = self._begin
        rate = (step - first) / max(now - begin, 1e-9)
        left = (steps - step) / rate / 60 if rate > 0 else float("inf")
        speed = rate * self._batch_size
        words = f"step {step}/{steps}  loss {terms['loss']:.4f}  {speed:.0f} samples/s  {left:.1f} min left"
        self._stream.write(f"\r{words:<78}")
        self._stream.flush()

    def on_validation(self, step: int, scores: Mapping[str, float], *, is_best: bool) -> None:
        """Write a line of metrics."""
        words = "  ".join(f"{name} {value:.4g}" for name, value in scores.items())
        self._stream.write(f"\r{f'step {step}:':<14}{words}{'  best' if is_best else ''}\n")
        self._stream.flush()

    def close(self) -> None:
        """End the progress line."""
        if self._stream.isatty():
            self._stream.write("\n")


class MetricsFile:
    """One JSON object per line in ``metrics.jsonl``; a resumed run appends to it."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / METRICS
        self._file = self._path.open("a", encoding="utf-8", buffering=1)

    def on_step(self, step: int, steps: int, terms: Mapping[str, float]) -> None:
        """Write an update."""
        self._write({"step": step, **terms})

    def on_validation(self, step: int, scores: Mapping[str, float], *, is_best: bool) -> None:
        """Write a validation."""
        self._write({"step": step, "validation": dict(scores), "is_best": is_best})

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _write(self, value: dict[str, Any]) -> None:
        with writing(self._path):
            self._file.write(json.dumps(value) + "\n")


class TensorBoardLog:
    """TensorBoard curves in ``tensorboard/``."""

    def __init__(self, folder: Path) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._writer: Any = SummaryWriter(str(folder / "tensorboard"))

    def on_step(self, step: int, steps: int, terms: Mapping[str, float]) -> None:
        """Add a point to each curve, every `LOGGED_EVERY` updates."""
        if step % LOGGED_EVERY == 0:
            for name, value in terms.items():
                self._writer.add_scalar(f"train/{name}", value, step)

    def on_validation(self, step: int, scores: Mapping[str, float], *, is_best: bool) -> None:
        """Add a point to each curve."""
        for name, value in scores.items():
            self._writer.add_scalar(f"validation/{name}", value, step)

    def close(self) -> None:
        """Flush and close."""
        self._writer.close()


def default_callbacks(folder: Path, batch_size: int, where: str = "") -> list[TrainingCallback]:
    """Return the progress line, the metrics file, and TensorBoard if it is installed."""
    watchers: list[TrainingCallback] = [ConsoleLog(batch_size, where=where), MetricsFile(folder)]
    return [*watchers, TensorBoardLog(folder)] if is_installed("tensorboard") else watchers
