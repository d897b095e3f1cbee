"""Processes of a program that are lost on purpose, and what is left of them."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

SECONDS = 60.0
"""Longest wait for the moment to come [s]."""


def children() -> set[int]:
    """Return this process's own processes, without multiprocessing's tracker of resources."""
    found = set()
    for task in Path("/proc/self/task").iterdir():
        found |= {int(word) for word in _read(task / "children").split()}
    return {pid for pid in found if b"resource_tracker" not in _read(Path(f"/proc/{pid}/cmdline"))}


def _read(path: Path) -> bytes:
    """Return what a file says, or nothing if its thread or process has just ended."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


@contextmanager
def one_worker_lost(how: signal.Signals, when: Callable[[], bool]) -> Iterator[list[int]]:
    """Send a signal to one new process of this one as soon as something holds; yield the list that its number goes to.

    Args:
        how: The signal.
        when: Tells whether the moment has come.
    """
    before, lost, over = children(), [], threading.Event()

    def lose() -> None:
        give_up = time.monotonic() + SECONDS
        while not over.is_set() and time.monotonic() < give_up:
            new = children() - before
            if new and when():
                lost.append(min(new))
                os.kill(lost[0], how)
                return
            time.sleep(0.005)

    thread = threading.Thread(target=lose)
    thread.start()
    try:
        yield lost
    finally:
        over.set()
        thread.join()
