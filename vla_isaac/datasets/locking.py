"""One writer per dataset: a file that exists only while a writer lives, and says which process that is."""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from pathlib import Path
from typing import Any

from vla_isaac.core.errors import DatasetError, UsageError

NAME = ".writer-lock"
GRACE = 10.0  # [s] in which a lock without text may still be being written


class WriterLock:
    """Made by exclusive creation, which every file system offers; left behind by a killed process it is recognised."""

    def __init__(self, folder: Path) -> None:
        """Lock a folder that exists.

        Raises:
            UsageError: If another writer is at work there.
            DatasetError: If the folder cannot be written.
        """
        self.path = folder / NAME
        self._mine = json.dumps(_this_process())
        for _ in range(3):
            if self._create():
                return
            self._remove_stale()
        raise UsageError(f"dataset {folder}: several writers are starting there at once; start one")

    def release(self) -> None:
        """Let others write; may be called twice."""
        if _read(self.path) == self._mine:
            self.path.unlink(missing_ok=True)

    def _create(self) -> bool:
        try:
            with self.path.open("x", encoding="utf-8") as file:
                file.write(self._mine)
        except FileExistsError:
            return False
        except OSError as error:
            raise DatasetError(
                f"dataset {self.path.parent}: cannot be written ({error.strerror}); give write permission or another folder"
            ) from error
        return True

    def _remove_stale(self) -> None:
        """Move the lock aside if its process is gone; whoever loses the race for it finds another text and puts it back."""
        text = _read(self.path)
        if text is None:
            return
        self._check_abandoned(text)
        aside = self.path.with_name(f"{NAME}.{os.getpid()}")
        try:
            self.path.rename(aside)
        except OSError:
            return
        if _read(aside) == text or self.path.exists():
            aside.unlink()
        else:
            aside.rename(self.path)

    def _check_abandoned(self, text: str) -> None:
        owner = _parse(text)
        folder = self.path.parent
        if owner is None:
            if _age(self.path) < GRACE:
                raise UsageError(f"dataset {folder}: another writer is just starting there; wait until it has finished")
            return
        if owner["host"] != socket.gethostname():
            raise UsageError(
                f"dataset {folder}: a writer on {owner['host']} (process {owner['pid']}) is at work there; "
                f"wait for it, or delete {self.path} if that computer is off"
            )
        if is_alive(owner["pid"], owner["started"]):
            raise UsageError(
                f"dataset {folder}: another writer (process {owner['pid']}) is at work there; "
                "wait until it has finished, or choose another folder"
            )


def is_alive(pid: int, started: str) -> bool:
    """Tell whether a process of this computer runs, and is not a later one with the same number."""
    now = _start_of(pid)
    return _exists(pid) and (not started or not now or now == started)


def _this_process() -> dict[str, Any]:
    return {"pid": os.getpid(), "host": socket.gethostname(), "started": _start_of(os.getpid())}


def _start_of(pid: int) -> str:
    """Return when a process began, in ticks since the computer's start; empty where the system does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""
    return f"{boot} {fields[19]}" if fields[0] not in "ZX" else "gone"


def _exists(pid: int) -> bool:
    if sys.platform == "win32":  # there os.kill(pid, 0) would end the process
        import ctypes

        handle = ctypes.windll.kernel32.OpenProcess(0x1000, 0, pid)  # PROCESS_QUERY_LIMITED_INFORMATION
        if not handle:
            return False
        ended = ctypes.windll.kernel32.WaitForSingleObject(handle, 0) == 0
        ctypes.windll.kernel32.CloseHandle(handle)
        return not ended
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return None


def _parse(text: str) -> dict[str, Any] | None:
    try:
        owner = json.loads(text)
        return {"pid": int(owner["pid"]), "host": str(owner["host"]), "started": str(owner["started"])}
    except (ValueError, KeyError, TypeError):
        return None


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return 0.0
