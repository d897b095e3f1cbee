"""Procedural grey textures of the table top and the floor, identical on every machine."""

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


def planks() -> Image:
    """Return the light grey grain of a table top made of five boards, shape (1024, 1024, 3); only videos show it."""
    size = 1024
    y, x = np.mgrid[0:size, 0:size] / size
    random = stream(0, "planks")
    board = np.floor(5 * x).astype(int)
    shift, tone = random.random(5)[board], 0.06 * random.standard_normal(5)[board]
    wave = 0.30 * np.sin(2 * np.pi * (1.3 * y + shift)) + 0.12 * np.sin(2 * np.pi * (3.1 * y + 5 * shift))
    rings = np.sin(2 * np.pi * (22 * x + wave + 3 * shift))
    fibres = np.repeat(random.standard_normal((size // 32, size)), 32, axis=0)
    for shift_px in (8, 16):
        fibres = (fibres + np.roll(fibres, shift_px, axis=0)) / 2
    seam = np.minimum(np.abs((5 * x) % 1.0), 1 - np.abs((5 * x) % 1.0)) < 0.006
    grey = 0.93 + tone + 0.030 * rings + 0.025 * fibres - 0.22 * seam
    return np.repeat((255 * np.clip(grey, 0, 1)).astype(np.uint8)[..., None], 3, axis=2)


def floor_tiles() -> Image:
    """Return one large tile with thin joints, shape (512, 512, 3); only videos show it."""
    size = 512
    y, x = np.mgrid[0:size, 0:size]
    joint = (np.minimum(x, y) < 3) | (np.maximum(x, y) >= size - 3)
    grey = np.where(joint, 0.80, 0.96)
    return np.repeat((255 * grey).astype(np.uint8)[..., None], 3, axis=2)
