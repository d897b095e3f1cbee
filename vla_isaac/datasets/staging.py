"""`Staging`: the files of an episode, prepared in one folder of the dataset, then renamed into place one after the other."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from vla_isaac.core import atomic_files
from vla_isaac.core.errors import DatasetError

FOLDER = ".writing"


class Staging:
    """The folder next to a dataset's files in which the next ones are prepared."""

    def __init__(self, root: Path) -> None:
        """Prepare nothing yet; the folder is made when it is needed."""
        self._root = root
        self.folder = root / FOLDER

    def path(self, name: str) -> Path:
        """Return where to write a file that is not ready."""
        self.folder.mkdir(exist_ok=True)
        return self.folder / name

    def write(self, name: str, data: bytes) -> Path:
        """Write a file aside and return where."""
        path = self.path(name)
        path.write_bytes(data)
        return path

    def take(self, source: Path, name: str) -> Path:
        """Move a file that someone else made into the folder; copied if it lies on another disk."""
        return Path(shutil.move(source, self.path(name)))

    def commit(self, staged: Path, final: Path) -> None:
        """Give a prepared file its name, once it is on the disk."""
        final.parent.mkdir(parents=True, exist_ok=True)
        atomic_files.commit(staged, final)

    def replace(self, final: Path, data: bytes) -> None:
        """Renew a file at once."""
        self.commit(self.write(final.name, data), final)

    def clear(self) -> None:
        """Remove what was prepared and never finished."""
        shutil.rmtree(self.folder, ignore_errors=True)


@contextlib.contextmanager
def wrap_write_errors(root: Path, num_episodes: int) -> Iterator[None]:
    """Turn an operating system's error while writing into one that says what is still there.

    Raises:
        DatasetError: Disk full, no permission, and the like.
    """
    try:
        yield
    except OSError as error:
        where = f" at {error.filename}" if error.filename else ""
        raise DatasetError(
            f"dataset {root}: could not be written{where}: {error.strerror or error}; its {num_episodes} finished episodes "
            "are intact; make room or choose another folder, then go on with resume=True"
        ) from error
