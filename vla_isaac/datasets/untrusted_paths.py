"""Paths in a dataset's files, restricted to its folder.

A dataset may be untrusted. A path in it must be relative, without ``..``, drive and protocol, so that no file outside of
the folder is read and no library takes it for an address. Symbolic links are followed within the folder, and within a
repository of the Hugging Face cache (see `core.contained_paths`).
"""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from pathlib import Path, PurePosixPath, PureWindowsPath

from vla_isaac.core import input_files
from vla_isaac.core.contained_paths import contained_file
from vla_isaac.core.errors import DatasetError, ForeignFileError

COPY_AGAIN = "copy the dataset again"
"""What to do about a broken or missing file of a dataset."""

PROTOCOL = re.compile(r"[^/\\]*:")  # also a Windows drive, and FFmpeg's own form subfile,,start,0,end,9,,:name
FIELD = re.compile(r"\{(\w+)(?::0\d{1,2}d)?\}")
"""Accepted placeholder of a template: ``{name}`` or, with a number of digits, ``{name:0Nd}``."""


def path_inside(root: Path, text: object, *, source: str) -> Path:
    """Return the file of a dataset that a path in it names.

    Args:
        root: The dataset's folder.
        text: The path relative to it, with slashes.
        source: File and field of the path, for errors.

    Raises:
        ForeignFileError: If it is not text, or leads out of the folder.
    """
    why = _why_outside(text) if isinstance(text, str) else "it is no text"
    if why:
        raise ForeignFileError(
            f"{source} is {str(text)[:200]!r}: {why}; expected a path below the dataset's folder, such as 'data/x.mp4'"
        )
    return file_inside(root, str(text))


def file_inside(root: Path, name: str | Path) -> Path:
    """Return a file of a dataset by its path in it.

    Raises:
        ForeignFileError: If a link leads out of the folder.
    """
    return contained_file(root, root / name, error=ForeignFileError)


def reading(path: Path | str, *, what: str = "") -> AbstractContextManager[None]:
    """Turn every exception of the block into a `DatasetError` that names the file; arguments as in `core.input_files`."""
    return input_files.reading(path, error=DatasetError, remedy=COPY_AGAIN, what=what)


def fill_template(template: object, *, source: str, **values: object) -> str:
    """Return a path template with its placeholders filled in.

    Args:
        template: Such as ``"data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"``.
        source: File and field of the template, for errors.
        values: The value of each placeholder.

    Raises:
        ForeignFileError: If it is not text, or has anything but these placeholders and their number of digits.
    """
    rest = FIELD.sub("", template) if isinstance(template, str) else "{"
    unknown = [name for name in FIELD.findall(str(template)) if name not in values]
    if "{" in rest or "}" in rest or unknown:
        names = ", ".join(f"{{{name}}}" for name in values)
        raise ForeignFileError(
            f"{source} is {str(template)[:200]!r}; expected a path with no other placeholders than {names}"
        )
    try:
        return str(template).format(**values)
    except ValueError as error:
        raise ForeignFileError(f"{source} is {template!r}: {error}") from error


def regular_file(path: Path) -> Path:
    """Return the absolute path of a file that may be opened.

    Raises:
        DatasetError: If it is missing, or a folder, device, pipe or socket; to open one could wait or read for ever.
    """
    return input_files.regular_file(path, error=DatasetError, remedy=COPY_AGAIN)


def _why_outside(text: str) -> str:
    """Return what is wrong with a path; empty if it stays in the folder on every system."""
    if not text or "\0" in text:
        return "it names no file"
    if PROTOCOL.match(text):
        return "it begins with a protocol or a drive"
    if PurePosixPath(text).is_absolute() or PureWindowsPath(text).anchor:
        return "it is absolute"
    if ".." in re.split(r"[/\\]", text):
        return "it leads out of the folder"
    return ""
