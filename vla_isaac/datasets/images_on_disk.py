"""Pictures that lie in files of their own, read one by one when they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, overload

import numpy as np

from vla_isaac.core.arrays import AnyArray, Image
from vla_isaac.core.errors import DatasetError
from vla_isaac.datasets.untrusted_paths import regular_file

KINDS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM")
"""What Pillow is to read; among the rest are kinds that it gives to other programs, such as EPS to Ghostscript."""

PNG_LEVEL = 3  # of zlib: rendered scenes are hardly smaller at 6, and take twice as long


class ImageFiles:
    """The pictures of one camera over an episode, a file each."""

    def __init__(self, files: Sequence[Path], size_hw: tuple[int, int], *, where: str) -> None:
        """Take files in order; `where` names dataset and episode in errors."""
        self._files = list(files)
        self._size_hw = size_hw
        self._where = where

    def __len__(self) -> int:
        return len(self._files)

    @overload
    def __getitem__(self, index: int) -> Image: ...
    @overload
    def __getitem__(self, index: slice) -> AnyArray: ...
    def __getitem__(self, index: int | slice) -> AnyArray:
        if isinstance(index, slice):
            pictures = [self[i] for i in range(*index.indices(len(self)))]
            return np.stack(pictures) if pictures else np.zeros((0, *self._size_hw, 3), np.uint8)
        row = range(len(self))[index]
        picture = read_picture(self._files[row], where=f"{self._where}, row {row}")
        if picture.shape[:2] != self._size_hw:
            raise DatasetError(
                f"{self._files[row]}: {self._where}, row {row}: picture of {picture.shape[0]} x {picture.shape[1]}, "
                f"expected {self._size_hw[0]} x {self._size_hw[1]} as the others of this camera"
            )
        return picture

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Pictures, height, width, 3."""
        return (len(self), *self._size_hw, 3)


def read_picture(path: Path, *, where: str) -> Image:
    """Return a picture file as (H, W, 3) uint8.

    Raises:
        DatasetError: If it is missing or broken.
    """
    try:
        return decode_picture(regular_file(path))
    except FileNotFoundError as error:
        raise DatasetError(f"{path}: {where}: the picture is missing") from error
    except (OSError, ValueError) as error:
        raise DatasetError(f"{path}: {where}: the picture cannot be read: {error}") from error


def decode_picture(source: Path | BinaryIO) -> Image:
    """Return a picture as (H, W, 3) uint8.

    Raises:
        OSError: If it cannot be read, is broken, or of a kind that is not read here.
        ValueError: If it is broken, or has more pixels than Pillow's limit, `PIL.Image.MAX_IMAGE_PIXELS` twice.
    """
    from PIL import Image as pil

    try:
        with pil.open(source, formats=KINDS) as picture:
            return np.array(picture.convert("RGB"))
    except (SyntaxError, pil.DecompressionBombError) as error:
        raise ValueError(str(error)) from error


def write_png(path: Path, picture: Image) -> None:
    """Write a picture without loss."""
    from PIL import Image as pil

    pil.fromarray(np.ascontiguousarray(picture)).save(path, compress_level=PNG_LEVEL)
