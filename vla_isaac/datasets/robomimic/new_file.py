"""`new_h5`: write an HDF5 file whose disk may run full.

The HDF5 library cannot close a file that it cannot write, and ends the process with a segmentation fault when it exits. So
it writes through a Python file that reports success to it, and the first error to the caller. An exception of a signal has
the same effect on it, so the caller defers signals; see `core.interrupts`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vla_isaac.core.atomic_files import writing
from vla_isaac.datasets.robomimic.layout import h5


@contextlib.contextmanager
def new_h5(path: Path) -> Iterator[Any]:
    """Yield a new HDF5 file, which is complete when the block ends.

    Raises:
        WriteError: If the disk is full, and the like.
    """
    with writing(path), _ForgivingFile(path) as raw:
        try:
            with h5().File(raw, mode="w") as file:
                yield file
        finally:
            raw.check()


class _ForgivingFile:
    """A binary file for h5py that keeps the first error of writing, and then drops what is written."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb+")
        self._error: Exception | None = None

    def __enter__(self) -> _ForgivingFile:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):  # was raised by `check`
            self._file.close()

    def check(self) -> None:
        """Raise the first error, once everything is written."""
        self._attempt(self._file.flush)
        if self._error is not None:
            raise self._error

    def write(self, data: bytes) -> int:
        self._attempt(lambda: self._file.write(data))
        return len(data)

    def truncate(self, size: int) -> int:
        self._attempt(lambda: self._file.truncate(size))
        return size

    def flush(self) -> None:
        self._attempt(self._file.flush)

    def seek(self, offset: int, whence: int = 0) -> int:
        self._attempt(lambda: self._file.seek(offset, whence))
        return offset if self._error is not None and whence == 0 else self._file.tell()

    def tell(self) -> int:
        return self._file.tell()

    def read(self, size: int) -> bytes:
        buffer = bytearray(size)
        self.readinto(memoryview(buffer))
        return bytes(buffer)

    def readinto(self, buffer: memoryview) -> int:
        buffer[:] = bytes(len(buffer))  # where nothing could be written
        self._attempt(lambda: self._file.readinto(buffer))
        return len(buffer)

    def _attempt(self, action: Any) -> None:
        """Do something unless something failed before."""
        if self._error is None:
            try:
                action()
            except Exception as error:
                self._error = error
