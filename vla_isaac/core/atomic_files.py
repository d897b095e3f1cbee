"""Atomic writes of files and folders, and `FolderLock`, which admits one writer per folder.

A process can be killed at any moment. So a file is written to a temporary name next to its own, flushed to the disk, and
renamed: a reader sees the old content or the new one. Every module that writes results uses this one.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

from vla_isaac.core.errors import DatasetError, UsageError
from vla_isaac.core.input_files import read_text

LOCK = ".writer-lock"


def temporary_path(path: Path, *, suffix: str = "") -> Path:
    """Return a hidden name next to `path` that no other process uses; `suffix` for libraries that need a file ending."""
    return path.with_name(f".{path.name}.{os.getpid()}.part{suffix}")


def commit(temporary: Path, path: Path) -> None:
    """Flush a finished file to the disk and give it its name; a folder is only renamed."""
    if temporary.is_file():
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
    temporary.replace(path)


@contextlib.contextmanager
def atomic_path(path: Path, *, only_writer: bool = False, suffix: str = "") -> Iterator[Path]:
    """Yield a temporary path to write a file to; it takes the name `path` when the block ends, and is removed if it raises.

    Args:
        path: The final name, in a folder that exists; an older file is replaced.
        only_writer: Whether no other process writes this file, as under a `FolderLock`. The temporary name is then the
            same in every process, and a leftover of a killed process is overwritten.
        suffix: End of the temporary name, for libraries that need one, such as ``".usda"``.
    """
    temporary = path.with_name(f".{path.name}.part{suffix}") if only_writer else temporary_path(path, suffix=suffix)
    try:
        yield temporary
        commit(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_bytes(path: Path, data: bytes, *, only_writer: bool = False) -> None:
    """Write a file atomically; `only_writer` as in `atomic_path`."""
    with atomic_path(path, only_writer=only_writer) as temporary:
        temporary.write_bytes(data)


@contextlib.contextmanager
def atomic_tree(path: Path) -> Iterator[Path]:
    """Yield a path of the same name in a hidden folder next to `path`; the file or folder made there then moves to `path`.

    Raises:
        UsageError: If the parent folder cannot be written, or `path` has been created in the meantime.
    """
    workspace = temporary_path(path)
    try:
        workspace.mkdir(parents=True)
    except OSError as error:
        raise UsageError(f"cannot write to {path.parent}: {error.strerror or error}; choose another folder") from error
    try:
        yield workspace / path.name
        if path.exists():
            raise UsageError(f"{path} has appeared in the meantime; give another path")
        commit(workspace / path.name, path)
    finally:
        shutil.rmtree(workspace, ignore_errors=True)


@contextlib.contextmanager
def replaced_folder(path: Path) -> Iterator[Path]:
    """Yield an empty folder to fill, which replaces the folder `path` when the block ends.

    A folder cannot be replaced in one step, so the old one is renamed first; `restore_folder` undoes that after a kill.
    """
    temporary, old = _next_to(path)
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    yield temporary
    if path.exists():
        shutil.rmtree(old, ignore_errors=True)
        path.replace(old)
    temporary.replace(path)
    shutil.rmtree(old, ignore_errors=True)


def restore_folder(path: Path) -> None:
    """Put the old folder back if `replaced_folder` was interrupted between its two renames."""
    _, old = _next_to(path)
    if not path.exists() and old.exists():
        old.replace(path)


class FolderLock:
    """Exclusive write lock of a folder, held until `release`; the operating system frees it when the process ends."""

    def __init__(self, folder: Path) -> None:
        """Lock a folder that exists.

        Raises:
            UsageError: If another writer holds the lock.
            DatasetError: If the folder cannot be written.
        """
        from filelock import FileLock, Timeout

        self.path = folder / LOCK
        self._lock = FileLock(self.path, timeout=0, thread_local=False)
        try:
            self._lock.acquire()
            with contextlib.suppress(OSError):  # some systems refuse writes to a locked file; its owner is then unknown
                self.path.write_text(f"{os.getpid()} {socket.gethostname()}", encoding="utf-8")
        except Timeout as error:
            raise UsageError(
                f"dataset {folder}: another writer{self._owner()} is at work there; "
                "wait until it has finished, or choose another folder"
            ) from error
        except OSError as error:
            raise DatasetError(
                f"dataset {folder}: cannot be written ({error.strerror}); give write permission or another folder"
            ) from error

    def release(self) -> None:
        """Release the lock; may be called twice."""
        if self._lock.is_locked:
            with contextlib.suppress(OSError):  # removed while held: another process that has it open checks again
                self.path.unlink()
            self._lock.release()

    def _owner(self) -> str:
        try:
            process, host = read_text(self.path, error=DatasetError, remedy="remove it", limit=1024).split()
        except ValueError:  # a DatasetError is one
            return ""
        return f" (process {process})" if host == socket.gethostname() else f" (process {process} on {host})"


def _next_to(folder: Path) -> tuple[Path, Path]:
    """Return the names of the new and of the old folder; the same in every process, so that a later one finds them."""
    return folder.with_name(f".{folder.name}.part"), folder.with_name(f".{folder.name}.old")
