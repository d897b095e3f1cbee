"""Images as arrays: crop, resize, and to and from PIL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vla_isaac.core.arrays import AnyArray, Image
from vla_isaac.core.errors import ShapeError

if TYPE_CHECKING:
    from PIL.Image import Image as PilImage


def check_image(name: str, rgb: AnyArray) -> None:
    """Raise `ShapeError` unless `rgb` is an (H, W, 3) uint8 image with pixels."""
    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.size == 0:
        raise ShapeError(f"{name} has shape {rgb.shape}, expected (height, width, 3) with at least one pixel")
    if rgb.dtype != np.uint8:
        raise ShapeError(f"{name} has dtype {rgb.dtype}, expected uint8 (0 to 255)")


def center_crop(rgb: Image, height: int, width: int) -> Image:
    """Return the middle (height, width) of an image as a view.

    Raises:
        ShapeError: If the image is smaller than the crop.
    """
    h, w = rgb.shape[:2]
    if height > h or width > w:
        raise ShapeError(f"cannot crop {height} x {width} from an image of {h} x {w}", remedy="choose a smaller crop")
    top, left = (h - height) // 2, (w - width) // 2
    return rgb[top : top + height, left : left + width]


def resize(rgb: Image, height: int, width: int) -> Image:
    """Return the image at (height, width), bilinear with antialiasing; the same array if the size fits."""
    if rgb.shape[:2] == (height, width):
        return rgb
    from PIL import Image as pil

    return np.array(to_pil(rgb).resize((width, height), pil.Resampling.BILINEAR))


def to_pil(rgb: Image) -> PilImage:
    """Return a PIL image of an (H, W, 3) uint8 array."""
    from PIL import Image as pil

    check_image("rgb", rgb)
    return pil.fromarray(rgb)


def tile(images: list[Image], columns: int) -> Image:
    """Return images of one size side by side, `columns` in a row; missing places stay white."""
    height, width = images[0].shape[:2]
    rows = -(-len(images) // columns)
    sheet = np.full((rows * height, columns * width, 3), 255, dtype=np.uint8)
    for i, image in enumerate(images):
        r, c = divmod(i, columns)
        sheet[r * height : (r + 1) * height, c * width : (c + 1) * width] = image
    return sheet
