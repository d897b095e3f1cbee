"""`ImagesInFile`: the images of one camera over an episode, decompressed on access."""

from __future__ import annotations

from typing import Any, overload

import numpy as np

from vla_isaac.core.arrays import AnyArray, Image
from vla_isaac.core.errors import DatasetError
from vla_isaac.datasets.picture_kinds import as_rgb, picture_axes, why_array_is_left_out
from vla_isaac.datasets.untrusted_paths import reading


class ImagesInFile:
    """An array of images in an open HDF5 file."""

    def __init__(self, dataset: Any, *, where: str) -> None:
        """Open an array of the file; `where` names file and episode in errors.

        Raises:
            DatasetError: If the array holds no color pictures of 8 bits per channel.
        """
        why = why_array_is_left_out(dataset.shape, dataset.dtype)
        if why:
            raise DatasetError(f"{where}: {dataset.name} holds no color pictures: {why}")
        self._dataset = dataset
        self._where = where
        self._axes = picture_axes(dataset.shape[1:])

    def __len__(self) -> int:
        return len(self._dataset)

    @overload
    def __getitem__(self, index: int) -> Image: ...
    @overload
    def __getitem__(self, index: slice) -> AnyArray: ...
    def __getitem__(self, index: int | slice) -> AnyArray:
        rows = index if isinstance(index, slice) else range(len(self))[index]
        if isinstance(rows, slice) and (rows.step or 1) < 1:
            return self[:][rows]
        with reading(f"{self._where}: the pictures"):
            return as_rgb(np.asarray(self._dataset[rows]), self._axes)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Return number of images, height, width, 3."""
        return (len(self), *self._axes.resolution_hw, 3)
