"""`interrupts_deferred`: finish a step that must not be cut off by Ctrl-C or another signal."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

NAMES = ("SIGINT", "SIGTERM", "SIGHUP")


@contextlib.contextmanager
def interrupts_deferred() -> Iterator[Callable[[], None]]:
    """Defer signals that raise an exception until the end of the block; only the main thread receives any.

    Yields:
        A function that raises now what was deferred, if anything: for places in the block where that does no harm.
    """
    came: list[tuple[int, Any]] = []
    before: dict[int, Any] = {}

    def raise_now() -> None:
        if came:
            number, frame = came.pop()
            came.clear()
            before[number](number, frame)

    if threading.current_thread() is threading.main_thread():
        numbers = [int(getattr(signal, name)) for name in NAMES if hasattr(signal, name)]
        before = {number: handler for number in numbers if callable(handler := signal.getsignal(number))}
        before = {number: handler for number, handler in before.items() if not isinstance(handler, signal.Handlers)}
    for number in before:
        signal.signal(number, lambda number, frame: came.append((number, frame)))
    try:
        yield raise_now
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        raise_now()
