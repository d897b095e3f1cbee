"""`PictureBuffer`: the images of a recording in memory that grows as it fills."""

from __future__ import annotations

import numpy as np

from vla_isaac.core.arrays import AnyArray, Image
from vla_isaac.core.errors import ShapeError

FIRST_PICTURES = 64


class PictureBuffer:
    """Keeps the images of one camera in one block of memory that doubles when it is full."""

    def __init__(self, height: int, width: int) -> None:
        self._pictures = np.empty((FIRST_PICTURES, height, width, 3), dtype=np.uint8)
        self._count = 0

    def write(self, rgb: Image) -> None:
        """Copy one image.

        Raises:
            ShapeError: If its size differs from the first.
        """
        if rgb.shape != self._pictures.shape[1:]:
            raise ShapeError(f"a picture has shape {rgb.shape}, expected {self._pictures.shape[1:]}, as those before it")
        if self._count == len(self._pictures):
            grown = np.empty((2 * self._count, *self._pictures.shape[1:]), dtype=np.uint8)
            grown[: self._count] = self._pictures
            self._pictures = grown
        self._pictures[self._count] = rgb
        self._count += 1

    @property
    def pictures(self) -> AnyArray:
        """Return the images, shape (T, height, width, 3); a view, not a copy."""
        return self._pictures[: self._count]
