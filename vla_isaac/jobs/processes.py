"""Processes started for a piece of work: Ctrl-C is their parent's business, and they never outlive it."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from multiprocessing import parent_process


def begin_worker() -> None:
    """Prepare a process that was started for this work: Ctrl-C is its parent's business, and it never outlives it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), name="vla_isaac parent watch", daemon=True).start()


@contextlib.contextmanager
def no_interrupts_inherited() -> Iterator[None]:
    """Block Ctrl-C while a process may be started: it inherits the block, here it is only put off for that moment."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end_with(parent: object) -> None:
    """Wait for the parent's end, however it comes, and follow it; what was being made is thrown away."""
    parent.join()  # type: ignore[attr-defined]
    os._exit(1)
