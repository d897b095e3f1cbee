"""Where the pictures of a recording go as they come: into memory that is claimed as it fills, or to an encoder."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np

from vla_isaac.core.arrays import AnyArray, Image
from vla_isaac.core.errors import ShapeError

FIRST_PICTURES = 64


class PictureStore(Protocol):
    """Takes the pictures of one camera over one episode, in order."""

    def write(self, rgb: Image) -> None:
        """Add one, shape (height, width, 3)."""
        ...

    def close(self) -> AnyArray | None:
        """Finish, and return what can be read again here, shape (T, height, width, 3); None if it is elsewhere."""
        ...

    def abandon(self) -> None:
        """Let go of what was begun; nothing more is written."""
        ...


OpenStore = Callable[[str, int, int, float], PictureStore]
"""Makes a store of: name of the camera, height, width [px], pictures per second."""


class PictureBuffer:
    """Keeps pictures in one block of bytes that doubles when it is full; beyond that a picture costs its own bytes."""

    def __init__(self, height: int, width: int) -> None:
        self._pictures = np.empty((FIRST_PICTURES, height, width, 3), dtype=np.uint8)
        self._count = 0

    def write(self, rgb: Image) -> None:
        """Copy one picture.

        Raises:
            ShapeError: If it has another size than the first.
        """
        if rgb.shape != self._pictures.shape[1:]:
            raise ShapeError(f"a picture has shape {rgb.shape}, expected {self._pictures.shape[1:]}, as those before it")
        if self._count == len(self._pictures):
            grown = np.empty((2 * self._count, *self._pictures.shape[1:]), dtype=np.uint8)
            grown[: self._count] = self._pictures
            self._pictures = grown
        self._pictures[self._count] = rgb
        self._count += 1

    def close(self) -> AnyArray:
        """Return the pictures; a view, nothing is copied."""
        return self._pictures[: self._count]

    def abandon(self) -> None:
        """Free the memory."""
        self._pictures = self._pictures[:0]
        self._count = 0


def in_memory(camera: str, height: int, width: int, fps: float) -> PictureStore:
    """Return a store in memory; the default of a recorder."""
    return PictureBuffer(height, width)
