"""The process of a command: its standard streams, and the signals that end it.

Imports nothing but the standard library, because `prepare` runs before anything that takes time to import.
"""

from __future__ import annotations

import _thread
import io
import json
import os
import signal
import sys
import threading
from types import FrameType
from typing import Any, TextIO

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Ctrl-C, the request of another program to end, and a terminal that was closed; Windows lacks the last."""

LATER = 0.25  # [s], by when the destructor has ended

_received: list[int] = []
"""Signals for which `Stopped` was raised."""


class Stopped(KeyboardInterrupt):
    """A signal ends the command: all that a Ctrl-C closes is closed."""

    def __init__(self, number: int) -> None:
        """Store the number of the signal."""
        super().__init__()
        self.number = number


class StandardError(io.TextIOWrapper):
    """Standard error that drops what cannot be written: progress on a closed pipe or a full disk must not end a command."""

    def __init__(self) -> None:
        encoding = sys.stderr.encoding if sys.stderr else None
        raw = open(2, "wb", closefd=False)  # noqa: SIM115 - it is open as long as the process lives
        super().__init__(raw, encoding=encoding, errors="backslashreplace", line_buffering=True)

    def write(self, text: str) -> int:
        """Write a text; it is dropped, and all later ones, if that fails."""
        try:
            return super().write(text)
        except OSError:
            silence(self)
            return len(text)

    def flush(self) -> None:
        """Flush what was written, with the same exception."""
        try:
            super().flush()
        except OSError:
            silence(self)


def exit_code(stop: KeyboardInterrupt) -> int:
    """Return the exit code of a command that a signal ended: 130 after Ctrl-C, 143 after SIGTERM."""
    return 128 + _number(stop)


def description(stop: KeyboardInterrupt) -> str:
    """Return a word for what ended the command."""
    return _word(_number(stop))


def prepare() -> None:
    """Replace standard streams that are closed, and end at once at any signal, until `raise_at_signals` is called.

    A closed stream is replaced by the null device: the next file that is opened would otherwise take its number, and receive
    what libraries print.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
    sys.stdout = sys.stdout or open(1, "w", closefd=False)  # noqa: SIM115 - it is open as long as the process lives
    sys.stderr = StandardError()
    sys.unraisablehook = _deliver_again
    _handle(_end_now)


def received() -> Stopped | None:
    """Return what ended the command, if a signal came: a library may have raised another error in its place."""
    return Stopped(_received[-1]) if _received else None


def raise_at_signals() -> None:
    """Raise `Stopped` at a signal from now on, if `prepare` was called."""
    if signal.getsignal(signal.SIGTERM) is _end_now:
        _handle(_stop)


def finish() -> None:
    """Flush the standard streams, and end at once at a signal that comes while the interpreter shuts down."""
    _handle(_end_now)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:  # reported when it was written to
            silence(stream)


def silence(stream: TextIO) -> None:
    """Send to the null device what is written to a standard stream from now on, including what it has not flushed."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, stream.fileno())
    os.close(null)


def _handle(handler: Any) -> None:
    """Set the handler of each signal that is not ignored, as `nohup` ignores SIGHUP."""
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)


def _stop(number: int, frame: FrameType | None) -> None:
    _received.append(number)
    raise Stopped(number)


def _end_now(number: int, frame: FrameType | None) -> None:
    """End the process where no file is open and no child process is running; an import cannot be interrupted cleanly."""
    word = _word(number)
    try:
        os.write(2, f"{word}\n".encode())
        if "--json" in sys.argv:
            os.write(1, json.dumps({"error": word, "kind": "KeyboardInterrupt"}).encode() + b"\n")
    finally:
        os._exit(128 + number)


def _deliver_again(raised: sys.UnraisableHookArgs) -> None:
    """Repeat a signal whose exception was lost because it was raised in a destructor; from a thread, a little later."""
    if isinstance(raised.exc_value, Stopped):
        number = signal.Signals(raised.exc_value.number)
        threading.Timer(LATER, _thread.interrupt_main, (number,)).start()
    else:
        sys.__unraisablehook__(raised)


def _number(stop: KeyboardInterrupt) -> int:
    return getattr(stop, "number", int(signal.SIGINT))


def _word(number: int) -> str:
    return "interrupted" if number == signal.SIGINT else f"terminated by {signal.Signals(number).name}"
