"""`WriterLock` and `FolderLock`: one process at a time writes an output."""

from __future__ import annotations

import contextlib
import os
import socket
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from vla_isaac.core.errors import DatasetError, UsageError, WriteError
from vla_isaac.core.input_files import read_text

LOCK = ".writer-lock"

L = TypeVar("L", bound="WriterLock")


class WriterLock:
    """Exclusive lock of an output, held until `release`; the operating system frees it when the process ends."""

    def __init__(self, file: Path, subject: str, *, another: str) -> None:
        """Lock an output.

        Args:
            file: The lock file, in a folder that exists.
            subject: What is locked, for messages.
            another: What to choose instead, such as ``"another name"``.

        Raises:
            UsageError: If another process holds the lock.
            WriteError: If the lock file cannot be written.
        """
        from filelock import FileLock, Timeout

        self.path = file
        self._lock = FileLock(file, timeout=0, thread_local=False)
        try:
            self._lock.acquire()
            with contextlib.suppress(OSError):  # some systems refuse writes to a locked file; its owner is then unknown
                file.write_text(f"{os.getpid()} {socket.gethostname()}", encoding="utf-8")
        except Timeout as error:
            raise UsageError(
                f"{subject}: another writer{self._owner()} is at work there; wait until it has finished, or choose {another}"
            ) from error
        except OSError as error:
            raise self._unwritable(f"{subject}: cannot be written ({error.strerror})") from error

    def release(self) -> None:
        """Release the lock; may be called twice."""
        if self._lock.is_locked:
            with contextlib.suppress(OSError):  # removed while held: another process that has it open checks again
                self.path.unlink()
            self._lock.release()

    def __enter__(self: L) -> L:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.release()

    def _unwritable(self, message: str) -> WriteError | DatasetError:
        return WriteError(message, remedy="free disk space, give write permission, or choose another folder")

    def _owner(self) -> str:
        try:
            process, host = read_text(self.path, error=UsageError, remedy="remove it", limit=1024).split()
        except (OSError, ValueError):
            return ""
        return f" (process {process})" if host == socket.gethostname() else f" (process {process} on {host})"


class FolderLock(WriterLock):
    """Exclusive write lock of the folder of a dataset."""

    def __init__(self, folder: Path) -> None:
        """Lock a folder that exists.

        Raises:
            UsageError: If another writer holds the lock.
            DatasetError: If the folder cannot be written.
        """
        super().__init__(folder / LOCK, f"dataset {folder}", another="another folder")

    def _unwritable(self, message: str) -> DatasetError:
        return DatasetError(message, remedy="give write permission or another folder")
