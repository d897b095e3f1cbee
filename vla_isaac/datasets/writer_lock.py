"""`WriterLock`: one writer per dataset; the operating system lets go of it when a writer dies."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from vla_isaac.core.errors import UsageError

NAME = ".writer.lock"


class WriterLock:
    """Held from when it is made until `release`."""

    def __init__(self, folder: Path) -> None:
        """Take the lock of a folder.

        Raises:
            UsageError: If another writer holds it.
        """
        self._path = folder / NAME
        self._handle: int | None = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            _lock(self._handle)
        except OSError as error:
            os.close(self._handle)
            raise UsageError(
                f"dataset {folder}: another writer is at work there; wait for it, or choose another path"
            ) from error

    def release(self) -> None:
        """Let others write; may be called twice."""
        if self._handle is not None:
            self._path.unlink(missing_ok=True) if sys.platform != "win32" else None
            os.close(self._handle)
            self._handle = None
            if sys.platform == "win32":
                self._path.unlink(missing_ok=True)


if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int) -> None:
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
