"""Workers for tests of pools: functions of a module, so that other processes can make them."""

from __future__ import annotations

import os
import signal
import time
from functools import partial
from pathlib import Path

from vla_isaac.core.errors import ConfigError, UsageError


class Square:
    """Squares numbers; a word instead of a number is a deed."""

    def __init__(self, folder: str = "") -> None:
        self._folder = Path(folder)

    def __call__(self, job):
        if isinstance(job, tuple):
            return self._do(*job)
        return job * job

    def _do(self, deed: str, number: int):
        once = self._folder / f"{deed} {number}"
        if deed.endswith("once") and once.exists():
            return number * number
        if deed.endswith("once"):
            once.touch()
        word = deed.split(maxsplit=1)[0]
        if word == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        elif word == "hang":
            os.kill(os.getpid(), signal.SIGSTOP)
        elif word == "sleep":
            time.sleep(number)
        elif word == "usage":
            raise UsageError(f"{number} is not accepted")
        elif word == "bug":
            raise ZeroDivisionError("a bug")
        elif word == "late":  # the lower the number, the later: results come out of order
            time.sleep(0.05 * (4 - number % 4))
            return number
        elif word == "pid":
            return os.getpid()
        return None

    def close(self) -> None:
        if str(self._folder) != ".":
            (self._folder / f"closed {os.getpid()}").touch()


def square():
    return Square()


def square_in(folder):
    return partial(Square, str(folder))


def misconfigured():
    raise ConfigError("no such policy")


def doomed():
    os._exit(7)


def hanging():
    """Never become a worker, and take no notice of being asked to end."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(600)


def square_in_but_hanging_after(folder):
    return partial(_square_or_hang, str(folder))


def _square_or_hang(folder):
    """Make a worker while there are fewer than two, else hang."""
    if len(list(Path(folder).glob("made *"))) >= 2:
        os.kill(os.getpid(), signal.SIGSTOP)
    (Path(folder) / f"made {os.getpid()}").touch()
    return Square(folder)
