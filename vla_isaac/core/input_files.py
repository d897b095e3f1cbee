"""Reading files that may be broken, huge or hostile: whatever a library raises becomes one error with file and remedy.

Every file that this package reads goes through `reading`, or through one of the functions below, which use it. They open
regular files only, because to open a pipe or a device could wait or read for ever, and they limit the size.
"""

from __future__ import annotations

import contextlib
import errno
import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

from vla_isaac.core.errors import VlaIsaacError, first_line

E = TypeVar("E", bound=VlaIsaacError)

MEBIBYTE = 1 << 20
MOST_TEXT = 256 * MEBIBYTE
"""Bytes of the largest text file that is read at once: 1,000,000 lines of 256 characters."""

MOST_VALUES = 1024 * MEBIBYTE
"""Bytes of the values of a JSON text in memory, which may be 30 times those of the text."""

CONTAINER, VALUE = 64, 32
"""Bytes of an empty list or mapping and of a number in CPython."""

REMEDIES = {
    errno.EMFILE: "too many files are open; raise the limit with: ulimit -n 4096",
    errno.ENFILE: "too many files are open on this machine; close other programs",
    errno.EACCES: "give this user permission to read it",
    errno.EPERM: "give this user permission to read it",
    errno.ENOMEM: "close other programs, or use a machine with more memory",
}
"""What to do about an error of the operating system that is no fault of the file."""


@contextlib.contextmanager
def reading(path: Path | str, *, error: type[E], remedy: str, what: str = "") -> Iterator[None]:
    """Turn every exception of the block into an `error` that names the file, why it cannot be read, and what to do.

    Libraries raise what they like on a broken file: RuntimeError, BadZipFile, RecursionError, OverflowError, MemoryError.
    Errors of this package pass as they are. `KeyboardInterrupt` and `SystemExit` pass, too.

    Args:
        path: The file, or the file and a place in it, such as ``"a.jsonl, line 3"``.
        error: The class of the error.
        remedy: What to do about a broken or missing file, such as ``"copy the dataset again"``.
        what: What it is, such as ``"the video"``; begins the message.
    """
    try:
        yield
    except VlaIsaacError:
        raise
    except Exception as raised:
        raise unreadable(path, raised, error=error, remedy=remedy, what=what) from raised


@contextlib.contextmanager
def naming(path: Path | str) -> Iterator[None]:
    """Put the name of a file before the message of an error of this package, where the block knows only its values."""
    try:
        yield
    except VlaIsaacError as raised:
        raise type(raised)(f"{path}: {raised.message}", remedy=raised.remedy) from raised


def unreadable(path: Path | str, raised: BaseException, *, error: type[E], remedy: str, what: str = "") -> E:
    """Return the error for a file at which `raised` was raised; arguments as in `reading`."""
    name = f"{what} {path}".strip()
    if isinstance(raised, FileNotFoundError):
        return error(f"{name} is missing", remedy=remedy)
    if isinstance(raised, OSError) and raised.errno in REMEDIES:
        return error(f"{name} cannot be read: {raised.strerror}", remedy=REMEDIES[raised.errno])
    return error(f"{name} {_why(raised)}", remedy=remedy)


def regular_file(path: Path, *, error: type[E], remedy: str, limit: int | None = None) -> Path:
    """Return the absolute path of a file that may be opened: absolute, so that no library takes it for an address.

    Args:
        path: The file; a symbolic link is followed.
        error: The class of the error.
        remedy: What to do about it.
        limit: Most bytes; None for any number.

    Raises:
        E: If it is missing, larger than `limit`, or a folder, device, pipe or socket.
    """
    with reading(path, error=error, remedy=remedy):
        about = path.stat()
    if not stat.S_ISREG(about.st_mode):
        raise error(f"{path} is no regular file but a folder, device, pipe or socket", remedy=remedy)
    if limit is not None and about.st_size > limit:
        raise error(f"{path} has {about.st_size / MEBIBYTE:.0f} MiB, at most {limit // MEBIBYTE} are read", remedy=remedy)
    return path.absolute()


def read_bytes(path: Path, *, error: type[E], remedy: str, limit: int = MOST_TEXT) -> bytes:
    """Return the content of a regular file of at most `limit` bytes; arguments and errors as in `regular_file`."""
    place = regular_file(path, error=error, remedy=remedy, limit=limit)
    with reading(path, error=error, remedy=remedy):
        return place.read_bytes()


def read_text(path: Path, *, error: type[E], remedy: str, limit: int = MOST_TEXT) -> str:
    """Return the content of a UTF-8 file without byte order mark; arguments and errors as in `regular_file`."""
    data = read_bytes(path, error=error, remedy=remedy, limit=limit)
    with reading(path, error=error, remedy=remedy):
        return data.decode("utf-8-sig")


def read_json(path: Path, *, error: type[E], remedy: str, limit: int = MOST_TEXT) -> Any:
    """Return the content of a JSON file; arguments as in `regular_file`.

    Raises:
        E: Also if it is not JSON, is nested too deeply, or has a number of too many digits.
    """
    return parse_json(read_text(path, error=error, remedy=remedy, limit=limit), path, error=error, remedy=remedy)


def read_json_object(path: Path, *, error: type[E], remedy: str, limit: int = MOST_TEXT) -> dict[str, Any]:
    """Return the content of a JSON file that must be an object; arguments as in `read_json`."""
    return _object(read_json(path, error=error, remedy=remedy, limit=limit), path, error=error, remedy=remedy)


def read_json_lines(
    path: Path,
    *,
    error: type[E],
    remedy: str,
    limit: int = MOST_TEXT,
    may_be_cut: bool = False,
) -> list[dict[str, Any]]:
    """Return the objects of a file with one JSON object per line; empty lines are left out.

    Args:
        path: The file.
        error: The class of the error.
        remedy: What to do about it.
        limit: Most bytes.
        may_be_cut: Whether a last line without a line end is left out, as after a kill of its writer.

    Raises:
        E: Naming the line that is broken or no object.
    """
    data = read_bytes(path, error=error, remedy=remedy, limit=limit)
    data = data[: data.rfind(b"\n") + 1] if may_be_cut else data
    places = [(line, f"{path}, line {number},") for number, line in enumerate(data.split(b"\n"), 1) if line.strip()]
    return [
        _object(parse_json(line, place, error=error, remedy=remedy), place, error=error, remedy=remedy)
        for line, place in places
    ]


def parse_json(text: str | bytes, place: Path | str, *, error: type[E], remedy: str) -> Any:
    """Return the value of a JSON text from `place`; errors as in `read_json`."""
    with reading(place, error=error, remedy=remedy):
        if isinstance(text, bytes):
            text = text.decode("utf-8-sig")
        if CONTAINER * (text.count("[") + text.count("{")) + VALUE * text.count(",") > MOST_VALUES:
            raise MemoryError
        value = json.loads(text)
        if "\\ud" in text.lower():
            json.dumps(value, ensure_ascii=False).encode()  # raises for half a character, which cannot be written
        return value


def _object(value: Any, place: Path | str, *, error: type[E], remedy: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise error(f"{place} holds {type(value).__name__} where a JSON object should be", remedy=remedy)
    return value


def _why(raised: BaseException) -> str:
    """Return what is wrong with a file, as the end of a sentence."""
    if isinstance(raised, UnicodeDecodeError):
        return f"is not UTF-8 text ({raised.reason} at byte {raised.start})"
    if isinstance(raised, json.JSONDecodeError):
        return f"is not valid JSON: {raised.msg} in line {raised.lineno}, column {raised.colno}"
    if isinstance(raised, RecursionError):
        return "is nested too deeply"
    if isinstance(raised, MemoryError):
        return "needs more memory than there is"
    if isinstance(raised, KeyError):
        return f"has no {raised}"
    if isinstance(raised, OSError) and raised.strerror:
        return f"cannot be read: {raised.strerror}"
    line = first_line(raised)[:300]
    name = type(raised).__name__
    return f"is broken or truncated ({name if line == name else f'{name}: {line}'})"
