"""Setup of worker processes: they ignore Ctrl-C, which the parent handles, and end when the parent ends."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from multiprocessing import parent_process


def begin_worker() -> None:
    """Set up a worker process: ignore Ctrl-C and end when the parent ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), name="vla_isaac parent watch", daemon=True).start()


@contextlib.contextmanager
def no_interrupts_inherited() -> Iterator[None]:
    """Block Ctrl-C while a process is started, which inherits the block; in this process it is only delayed."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end_with(parent: object) -> None:
    """Wait for the parent to end, then exit at once; work in progress is dropped."""
    parent.join()  # type: ignore[attr-defined]
    os._exit(1)
