"""`Staging`: files of an episode, prepared in a staging folder of the dataset and then renamed into place."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from vla_isaac.core import atomic_files
from vla_isaac.core.errors import DatasetWriteError, WriteError

FOLDER = ".writing"


class Staging:
    """The folder next to a dataset's files in which new ones are prepared."""

    def __init__(self, root: Path) -> None:
        """Store the path; the folder is created on first use."""
        self._root = root
        self.folder = root / FOLDER

    def path(self, name: str) -> Path:
        """Return the path for a file in preparation."""
        self.folder.mkdir(exist_ok=True)
        return self.folder / name

    def write(self, name: str, data: bytes) -> Path:
        """Write a file to the staging folder and return its path."""
        path = self.path(name)
        path.write_bytes(data)
        return path

    def take(self, source: Path, name: str) -> Path:
        """Move an existing file into the folder; copied if it is on another disk."""
        return Path(shutil.move(source, self.path(name)))

    def commit(self, staged: Path, final: Path) -> None:
        """Flush a prepared file to disk, then rename it to its final name."""
        final.parent.mkdir(parents=True, exist_ok=True)
        atomic_files.commit(staged, final)

    def replace(self, final: Path, data: bytes) -> None:
        """Replace a file atomically."""
        self.commit(self.write(final.name, data), final)

    def clear(self) -> None:
        """Remove files that were prepared and never committed."""
        shutil.rmtree(self.folder, ignore_errors=True)


@contextlib.contextmanager
def wrap_write_errors(root: Path, num_episodes: int) -> Iterator[None]:
    """Convert an operating system's error while writing into one that says which episodes are intact.

    Raises:
        DatasetWriteError: Disk full, no permission, and the like.
    """
    try:
        yield
    except OSError as error:
        where = f" at {error.filename}" if error.filename else ""
        reason = error.reason if isinstance(error, WriteError) else error.strerror or str(error)
        raise DatasetWriteError(
            f"dataset {root}: could not be written{where}: {reason}; its {num_episodes} finished episodes are intact",
            remedy="free disk space or choose another folder, then continue with {resume}",
            options={"resume": True},
            reason=reason,
        ) from error
