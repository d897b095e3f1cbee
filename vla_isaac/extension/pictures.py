"""Convert a camera's picture for the panel: RGBA, small enough to be sent ten times a second."""

from __future__ import annotations

import numpy as np

from vla_isaac.core.arrays import AnyArray, Image

LARGEST = 256  # [px] longer side shown; Kit copies the bytes one by one, which is slow


def to_rgba(rgb: Image) -> AnyArray:
    """Return the picture as RGBA, contiguous uint8, every n-th pixel so that it fits `LARGEST`."""
    every = -(-max(rgb.shape[:2]) // LARGEST)
    small = rgb[::every, ::every]
    rgba = np.full((*small.shape[:2], 4), 255, dtype=np.uint8)
    rgba[..., :3] = small
    return rgba
