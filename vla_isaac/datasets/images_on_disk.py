"""`ImageFiles` and `PngImages`: images in separate files or in cells of a table, read one by one on access."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from vla_isaac.core.arrays import Image
from vla_isaac.core.atomic_files import writing
from vla_isaac.core.errors import DatasetError
from vla_isaac.core.input_files import reading
from vla_isaac.datasets.episode import LazyImages
from vla_isaac.datasets.picture_kinds import why_left_out
from vla_isaac.datasets.untrusted_paths import regular_file

KINDS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM")
"""Formats that Pillow may read; others are passed to external programs, such as EPS to Ghostscript."""

DEEP_MODE = re.compile(r"^(?!BGR).*;(12|16|32)")
"""Pillow's name of stored pixels with more than 8 bits per channel; ``BGR;16`` has 5 and 6 bits."""

WHITE = 255

PNG_LEVEL = 3  # of zlib: rendered scenes are hardly smaller at 6, and take twice as long


class ImageFiles(LazyImages):
    """The images of one camera over an episode, one file each."""

    def __init__(self, files: Sequence[Path], size_hw: tuple[int, int], *, where: str) -> None:
        """Take files in order; `where` names dataset and episode in errors."""
        super().__init__(len(files), size_hw)
        self._files, self._where = list(files), where

    def _read(self, row: int) -> Image:
        picture = read_picture(self._files[row], where=f"{self._where}, row {row}")
        if picture.shape != self.shape[1:]:
            height, width = self._resolution_hw
            raise DatasetError(
                f"{self._files[row]}: {self._where}, row {row}: picture of {picture.shape[0]} x {picture.shape[1]}, "
                f"expected {height} x {width} as the others of this camera"
            )
        return picture


class PngImages(LazyImages):
    """Images stored as PNG inside the rows of a table."""

    def __init__(self, cells: Sequence[Mapping[str, Any]], size_hw: tuple[int, int], where: str) -> None:
        """Take the rows as in Parquet: each a mapping with ``"bytes"``; `where` names episode and camera in errors."""
        super().__init__(len(cells), size_hw)
        self._cells, self._where = cells, where

    def _read(self, row: int) -> Image:
        cell = self._cells[row]
        try:
            if cell["bytes"] is None:
                raise ValueError(f"it is given as the path {cell.get('path')!r}, not as bytes, and no such file is opened")
            picture = decode_picture(io.BytesIO(cell["bytes"]))
            if picture.shape != self.shape[1:]:
                raise ValueError(f"it has the shape {picture.shape}, expected {self.shape[1:]}")
            return picture
        except DatasetError as error:
            raise DatasetError(f"{self._where}, row {row}: the picture is no color picture: {error}") from error
        except (OSError, TypeError, KeyError, ValueError) as error:
            raise DatasetError(
                f"{self._where}, row {row}: the picture is broken ({error}); copy the dataset again"
            ) from error


def read_picture(path: Path, *, where: str) -> Image:
    """Return an image file as (H, W, 3) uint8.

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
    """Return an image as (H, W, 3) uint8.

    Raises:
        OSError: If it cannot be read, is broken, or of an unsupported format.
        DatasetError: If it has more than 8 bits per channel.
        ValueError: If it is broken, or has more pixels than Pillow's limit, `PIL.Image.MAX_IMAGE_PIXELS` twice.
    """
    from PIL import Image as pil

    try:
        with pil.open(source, formats=KINDS) as picture:
            why = _why_no_color(picture)
            if why:
                raise DatasetError(why)
            return np.array(picture.convert("RGB"))
    except (SyntaxError, pil.DecompressionBombError) as error:
        raise ValueError(str(error)) from error


def why_picture_is_left_out(source: Path | bytes) -> str:
    """Return why an image file, or its content, is not read as a color picture; empty if it is.

    Raises:
        DatasetError: If it cannot be read.
    """
    from PIL import Image as pil

    name = source if isinstance(source, Path) else "the picture"
    with reading(name, error=DatasetError, remedy="copy the dataset again"):
        data = io.BytesIO(source) if isinstance(source, bytes) else regular_file(source)
        with pil.open(data, formats=KINDS) as picture:
            return _why_no_color(picture)


def _why_no_color(picture: Any) -> str:
    """Return why a picture of Pillow is no color picture of 8 bits per channel."""
    stored = _stored_mode(picture)
    if not DEEP_MODE.search(stored):
        return ""
    channels = stored.partition(";")[0].removesuffix("A")
    return why_left_out(len(channels), f"more than 8 bits ({stored})", is_8_bit=False)


def _stored_mode(picture: Any) -> str:
    """Return Pillow's name of the stored pixels: ``"RGB;16B"`` where its `mode` says ``"RGB"`` and would cut them."""
    if picture.mode.startswith(("I", "F")):
        return "I;16" if picture.mode.startswith("I;16") else f"{picture.mode};32"
    arguments = picture.tile[0][3] if picture.tile else picture.mode
    mode, *more = arguments if isinstance(arguments, tuple) else (arguments,)
    is_deep_ppm = picture.format == "PPM" and any(isinstance(white, int) and white > WHITE for white in more)
    return f"{mode};16" if is_deep_ppm else str(mode)


def write_png(path: Path, picture: Image) -> None:
    """Write an image without loss."""
    from PIL import Image as pil

    with writing(path):
        pil.fromarray(np.ascontiguousarray(picture)).save(path, compress_level=PNG_LEVEL)
