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
from vla_isaac.datasets.episode import LazyImages
from vla_isaac.datasets.picture_kinds import why_left_out
from vla_isaac.datasets.untrusted_paths import reading, regular_file

KINDS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM")
"""Formats that Pillow may read; others are passed to external programs, such as EPS to Ghostscript."""

DEEP_MODE = re.compile(r"^(?!BGR).*;(12|16|32)")
"""Pillow's name of stored pixels with more than 8 bits per channel; ``BGR;16`` has 5 and 6 bits."""

WHITE = 255
MOST_PIXELS = 7680 * 4320
"""Pixels of the largest picture that is decoded: 8K, 100 MB in memory."""

PNG_LEVEL = 3  # of zlib: rendered scenes are hardly smaller at 6, and take twice as long


class ImageFiles(LazyImages):
    """The images of one camera over an episode, one file each."""

    def __init__(self, files: Sequence[Path], size_hw: tuple[int, int], *, where: str) -> None:
        """Take files in order; `where` names dataset and episode in errors."""
        super().__init__(len(files), size_hw)
        self._files, self._where = list(files), where

    def _read(self, row: int) -> Image:
        return read_picture(self._files[row], where=f"{self._where}, row {row}", size_hw=self._resolution_hw)


class PngImages(LazyImages):
    """Images stored as PNG inside the rows of a table."""

    def __init__(self, cells: Sequence[Mapping[str, Any]], size_hw: tuple[int, int], where: str) -> None:
        """Take the rows as in Parquet: each a mapping with ``"bytes"``; `where` names episode and camera in errors."""
        super().__init__(len(cells), size_hw)
        self._cells, self._where = cells, where

    def _read(self, row: int) -> Image:
        with reading(f"{self._where}, row {row}: the picture"):
            cell = self._cells[row]
            if cell["bytes"] is None:
                raise ValueError(f"it is given as the path {cell.get('path')!r}, not as bytes, and no such file is opened")
            return decode_picture(io.BytesIO(cell["bytes"]), self._resolution_hw)


def read_picture(path: Path, *, where: str, size_hw: tuple[int, int] | None = None) -> Image:
    """Return an image file as (H, W, 3) uint8.

    Args:
        path: The file.
        where: Episode and row, for errors.
        size_hw: The expected height and width [px], compared before the file is decoded; None accepts any.

    Raises:
        DatasetError: If it is missing, broken, of another or too large a size, or has more than 8 bits per channel.
    """
    with reading(f"{path}: {where}: the picture"):
        path.stat()  # a missing one is named with its place
        return decode_picture(regular_file(path), size_hw)


def decode_picture(source: Path | BinaryIO, size_hw: tuple[int, int] | None) -> Image:
    """Return an image as (H, W, 3) uint8; raises what Pillow raises, and `ValueError` for another or too large a size."""
    from PIL import Image as pil

    with pil.open(source, formats=KINDS) as picture:
        width, height = picture.size
        if size_hw not in (None, (height, width)):
            raise ValueError(f"it has {height} x {width} px, expected {size_hw} as the others of this camera")
        if height * width > MOST_PIXELS:
            raise ValueError(f"it has {height} x {width} px, at most {MOST_PIXELS:,} pixels are decoded")
        why = _why_no_color(picture)
        if why:
            raise ValueError(f"it is no color picture: {why}")
        return np.array(picture.convert("RGB"))


def why_picture_is_left_out(source: Path | bytes) -> str:
    """Return why an image file, or its content, is not read as a color picture; empty if it is.

    Raises:
        DatasetError: If it cannot be read.
    """
    from PIL import Image as pil

    name = source if isinstance(source, Path) else "the picture"
    with reading(name):
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
