"""Atomic writes of files and folders, and `OutputLock`, which admits one writer per output.

A process can be killed at any moment. So a file is written to a temporary name next to its own, flushed to the disk, and
renamed: a reader sees the old content or the new one. Every module that writes results uses this one.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from vla_isaac.core.errors import UsageError, VlaIsaacError, WriteError, first_line
from vla_isaac.core.locks import LOCK, WriterLock

REMEDIES = {
    errno.ENOSPC: "free disk space or choose another folder, then run the command again",
    errno.EDQUOT: "your share of the disk is used up: remove files or choose another folder, then run the command again",
    errno.EFBIG: "raise the limit with: ulimit -f unlimited, or choose a disk that takes large files",
    errno.EROFS: "choose a folder that can be written",
    errno.EACCES: "give this user permission to write it, or choose another folder",
    errno.EPERM: "give this user permission to write it, or choose another folder",
    errno.EIO: "the disk or the network drive fails; choose another one",
    errno.EMFILE: "raise the limit with: ulimit -n 4096",
    errno.ENFILE: "close other programs",
    errno.ENOMEM: "close other programs, or use a machine with more memory",
}
"""What to do about an error of the operating system that is no fault of this package."""

ANY = "free disk space or choose another folder, then run the command again"

SMALLEST_SPACE = 1 << 14  # [bytes]: four blocks


@contextlib.contextmanager
def writing(path: Path | str, *, remedy: str = "", also: tuple[type[Exception], ...] = ()) -> Iterator[None]:
    """Turn an error of the operating system in the block into a `WriteError` with file, reason and remedy.

    Args:
        path: The file that is written.
        remedy: What to do, instead of what `REMEDIES` says.
        also: Further classes that are turned: what a library raises on a full disk.
    """
    try:
        yield
    except VlaIsaacError:
        raise
    except Exception as raised:
        error = unwritable(path, raised, remedy=remedy, also=also)
        if error is None:
            raise
        raise error from raised


def unwritable(
    path: Path | str, raised: Exception, *, remedy: str = "", also: tuple[type[Exception], ...] = ()
) -> WriteError | None:
    """Return the error for a file in whose writing `raised` was raised, or None if `writing` lets that pass."""
    if isinstance(raised, OSError) and raised.errno in REMEDIES:
        reason = raised.strerror or os.strerror(raised.errno)
        remedy = remedy or REMEDIES[raised.errno]
    elif isinstance(raised, also):
        reason = (
            os.strerror(errno.ENOSPC) if _is_full(Path(path).parent) else f"{type(raised).__name__}: {first_line(raised)}"
        )
    else:
        return None
    return WriteError(f"{path} cannot be written: {reason}", remedy=remedy or ANY, reason=reason)


def _is_full(folder: Path) -> bool:
    """Return whether a disk has less space than a file of a few lines needs."""
    try:
        return shutil.disk_usage(folder).free < SMALLEST_SPACE
    except OSError:
        return False


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
        with writing(path):
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

    What a killed process left of the same path is removed first.

    Raises:
        UsageError: If another process writes `path`, the parent folder cannot be written, or `path` has been created in
            the meantime.
        WriteError: If the disk is full, and the like.
    """
    workspace = temporary_path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot write to {path.parent}: {error.strerror or error}; choose another folder") from error
    with OutputLock(path):
        try:
            with writing(path):
                workspace.mkdir()
                yield workspace / path.name
                if path.exists():
                    raise UsageError(f"{path} has appeared in the meantime; give another path")
                commit(workspace / path.name, path)
        except WriteError as error:  # names a file that is removed now
            raise WriteError(f"{path} cannot be written: {error.reason}", remedy=ANY, reason=error.reason) from error
        finally:
            shutil.rmtree(workspace, ignore_errors=True)


@contextlib.contextmanager
def replaced_folder(path: Path) -> Iterator[Path]:
    """Yield an empty folder to fill, which replaces the folder `path` when the block ends.

    A folder cannot be replaced in one step, so the old one is renamed first; `restore_folder` undoes that after a kill.
    """
    temporary, old = _next_to(path)
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        with writing(path):
            temporary.mkdir(parents=True)
            yield temporary
            if path.exists():
                shutil.rmtree(old, ignore_errors=True)
                path.replace(old)
            temporary.replace(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    shutil.rmtree(old, ignore_errors=True)


def restore_folder(path: Path) -> None:
    """Put the old folder back if `replaced_folder` was interrupted between its two renames."""
    _, old = _next_to(path)
    if not path.exists() and old.exists():
        old.replace(path)


class OutputLock(WriterLock):
    """Exclusive lock of a file or folder that one process writes; what killed processes left of it is removed."""

    def __init__(self, path: Path) -> None:
        """Lock an output, which need not exist; its parent folder is created.

        Raises:
            UsageError: If another process writes it.
            WriteError: If its folder cannot be written.
        """
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        super().__init__(path.with_name(f".{path.name}{LOCK}"), str(path), another="another name")
        remove_leftovers(path)


def remove_leftovers(path: Path) -> None:
    """Remove what killed processes left of an output; only for the process that holds its lock."""
    restore_folder(path)
    left = re.compile(rf"\.{re.escape(path.name)}\.((\d+\.)?part(\..*)?|old)")
    entries = path.parent.iterdir() if path.parent.is_dir() else ()
    for entry in [entry for entry in entries if left.fullmatch(entry.name)]:
        if entry.is_dir():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)


def _next_to(folder: Path) -> tuple[Path, Path]:
    """Return the names of the new and of the old folder; the same in every process, so that a later one finds them."""
    return folder.with_name(f".{folder.name}.part"), folder.with_name(f".{folder.name}.old")
