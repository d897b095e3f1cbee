"""Looks of the table top as small grey images, drawn by rule so that they are the same everywhere."""

from __future__ import annotations

import numpy as np

from vla_isaac.core.arrays import Image
from vla_isaac.core.seeding import stream

_SIZE = 256  # [px]


def table_texture(name: str) -> Image | None:
    """Return a light grey texture, shape (256, 256, 3), to be tinted by the table's colour; None for `plain`."""
    if name == "plain":
        return None
    y, x = np.mgrid[0:_SIZE, 0:_SIZE] / _SIZE
    if name == "wood":
        rings = np.sin(2 * np.pi * (6 * y + 0.35 * np.sin(2 * np.pi * x) + 0.12 * np.sin(10 * np.pi * x)))
        grey = 0.86 + 0.10 * rings
    elif name == "checker":
        grey = np.where((np.floor(8 * x) + np.floor(8 * y)) % 2 == 0, 0.97, 0.80)
    else:
        grey = 0.75 + 0.22 * stream(0, "speckle").random((_SIZE, _SIZE))
    return np.repeat((255 * grey).astype(np.uint8)[..., None], 3, axis=2)
