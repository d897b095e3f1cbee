"""The program is run and ended by a signal: Ctrl-C as in a terminal, where all its processes receive it, or another."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

SECONDS = 120.0
"""Longest wait, for the moment to come and for the program to end [s]."""

posix = pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs signals to a group of processes")


@dataclass(frozen=True)
class Interrupted:
    """How the program ended after Ctrl-C."""

    returncode: int
    stdout: str
    stderr: str
    seconds: float
    """From Ctrl-C until the last of its processes had ended [s]."""


def interrupted(*options: str, when: Callable[[], bool]) -> Interrupted:
    """Return how ``vla-isaac`` with these options ends when Ctrl-C is pressed as soon as something holds."""
    process = start(*options)
    deadline = time.monotonic() + SECONDS
    while not when() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    return end(process, signal.SIGINT, whole_group=True)


def start(*options: str) -> subprocess.Popen:
    """Start ``vla-isaac`` with these options, as the first process of a group."""
    return subprocess.Popen(
        [sys.executable, "-m", "vla_isaac", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=_heed_ctrl_c,  # noqa: PLW1509 - takes no lock, so threads do not matter
    )


def end(process: subprocess.Popen, number: signal.Signals, *, whole_group: bool) -> Interrupted:
    """Send a signal to a process, or to its whole group as a terminal does, and wait until all of the group have ended."""
    begin = time.monotonic()
    try:
        with contextlib.suppress(ProcessLookupError):  # has just ended by itself
            os.killpg(process.pid, number) if whole_group else process.send_signal(number)
        out, err = process.communicate(timeout=SECONDS)
        while is_there(process.pid) and time.monotonic() < begin + SECONDS:
            time.sleep(0.02)
        seconds = time.monotonic() - begin
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    return Interrupted(process.returncode, out, err, seconds)


def is_there(group: int) -> bool:
    """Tell whether any process of the group is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def _heed_ctrl_c() -> None:
    """Undo what a shell does to jobs in its background, in which the tests may run: they ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
