"""`FrameCache`: decoded images in one file that all worker processes share, for datasets that are read many times.

A cache that is smaller than the dataset keeps the images with the lowest indices: in random order every image is equally
likely, so evicting old ones would gain nothing, and a fixed slot needs no lock.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import numpy as np

from vla_isaac.core.arrays import Image
from vla_isaac.core.atomic_files import writing
from vla_isaac.core.errors import ConfigError, WriteError

MAX_MB = 256


class FrameCache:
    """Slots for images of one size, by index; each is written once, by the process that decodes it first."""

    def __init__(self, folder: str | Path, *, max_mb: int = MAX_MB) -> None:
        """Keep at most `max_mb` [MiB] below `folder`.

        Raises:
            ConfigError: If the limit is not positive.
        """
        if max_mb < 1:
            raise ConfigError(f"frame cache: max_mb={max_mb} is not accepted; give a whole number from 1")
        self._folder, self._limit = Path(folder), max_mb * 2**20
        self._maps: tuple[Any, Any] | None = None
        self._in_use: Any = None
        self._parts: dict[tuple[str, str], FrameCache] = {}

    def part(self, name: str, key: str, num_frames: int, shape: tuple[int, int, int]) -> FrameCache:
        """Return an open cache for one of several datasets, with the space that the previous parts left.

        Args:
            name: Name of the dataset; its files are separate, so that other datasets do not affect it.
            key: As for `open`.
            num_frames: As for `open`.
            shape: As for `open`.
        """
        known = self._parts.get((name, key))
        if known is None:
            known = FrameCache(self._folder / hashlib.sha256(name.encode()).hexdigest()[:8])
            known._limit = max(1, self._limit - sum(part.num_bytes for part in self._parts.values()))
            known.open(key, num_frames, shape)
            self._parts[name, key] = known
        return known

    @property
    def num_bytes(self) -> int:
        """Return the size of its file, 0 before `open`."""
        return self.capacity * (int(np.prod(self._shape)) + 1) if self._in_use is not None else 0

    def open(self, key: str, num_frames: int, shape: tuple[int, int, int]) -> None:
        """Reuse the images of a key, or begin; files of other keys are removed, except those in use.

        Args:
            key: Identifies the images; it changes with the dataset.
            num_frames: Number of images in all.
            shape: Height, width, 3.

        Raises:
            WriteError: If the disk is full.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        name = hashlib.sha256(key.encode()).hexdigest()[:16]
        others = [file for file in self._folder.glob("frames-*.u8") if name not in file.name]
        room = self._limit - sum(_size_after_removal(file) for file in others)
        self.capacity = max(1, min(num_frames, room // (int(np.prod(shape)) + 1)))
        self._path, self._shape = self._folder / f"frames-{name}.u8", shape
        size = self.capacity * (int(np.prod(shape)) + 1)
        with self._path.open("ab") as file:  # not truncated: another process may just have made it
            if file.tell() not in (0, size):
                file.truncate(0)
            file.truncate(size)
            self._reserve(file, size)
        self._in_use = self._path.open("rb")
        _lock(self._in_use, alone=False)

    def _reserve(self, file: Any, size: int) -> None:
        """Take the disk space now: a page of a mapped file that has no place on the disk ends the process with SIGBUS."""
        try:
            with writing(self._path, remedy="free disk space, or choose another folder for decoded images with --frames"):
                if hasattr(os, "posix_fallocate"):
                    os.posix_fallocate(file.fileno(), 0, size)
        except WriteError:
            self._path.unlink(missing_ok=True)
            raise

    def get(self, number: int) -> Image | None:
        """Return an image, or None if it is not in the cache."""
        if number >= self.capacity:
            return None
        is_here, pictures = self._mapped()
        return np.array(pictures[number]) if is_here[number] else None

    def has_room_for(self, number: int) -> bool:
        """Return whether an image has a slot that is still empty."""
        return number < self.capacity and not self._mapped()[0][number]

    def put(self, number: int, picture: Image) -> None:
        """Store an image if it has a slot."""
        if number < self.capacity:
            is_here, pictures = self._mapped()
            pictures[number] = picture
            is_here[number] = 1

    def _mapped(self) -> tuple[Any, Any]:
        if self._maps is None:
            is_here = np.memmap(self._path, np.uint8, "r+", 0, (self.capacity,))
            pictures = np.memmap(self._path, np.uint8, "r+", self.capacity, (self.capacity, *self._shape))
            self._maps = is_here, pictures
        return self._maps

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_maps": None, "_in_use": None}


def _size_after_removal(path: Path) -> int:
    """Remove a file that no cache uses; return the bytes it still takes."""
    try:
        with path.open("rb") as file:
            if _lock(file, alone=True):
                path.unlink()
                return 0
            return path.stat().st_size
    except FileNotFoundError:
        return 0


def _lock(file: Any, *, alone: bool) -> bool:
    """Return whether a file could be locked until it is closed; False where the system has no such locks."""
    try:
        import fcntl

        fcntl.flock(file, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except (ImportError, OSError):
        return False
    return True
