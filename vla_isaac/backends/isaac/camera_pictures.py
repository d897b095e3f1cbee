"""What Isaac's cameras give, and what of it is a picture: the first frames are empty, or have another size or type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from vla_isaac.core.arrays import AnyArray


@dataclass(frozen=True, eq=False)
class Picture:
    """What a camera gave, as it came, on the host."""

    rgb: AnyArray
    """uint8, shape (H, W, 3)."""

    depth: AnyArray | None = None
    """Distance along the optical axis [m], float32, shape (H, W)."""

    label_ids: AnyArray | None = None
    """Number of a label per pixel, shape (H, W)."""

    labels: dict[int, str] | None = None
    """What each number stands for."""

    time: float | None = None
    """Simulation time that the interface gives for the frame, on the clock of `SimPort.clock` [s]; None if it gives none."""


@dataclass(frozen=True)
class Layers:
    """What a camera records besides colour."""

    depth: bool = False
    segmentation: bool = False


def as_numpy(values: Any) -> AnyArray:
    """Return an array on the host; Warp's arrays are copied from the device."""
    return np.asarray(values.numpy() if hasattr(values, "numpy") else values)


def image_of(data: Any, size: tuple[int, int]) -> AnyArray | None:
    """Return colours as uint8 (H, W, 3) of the caller's own, or None if this is no real picture of that size yet."""
    if data is None:
        return None
    pixels = as_numpy(data)
    if pixels.ndim != 3 or pixels.shape[:2] != size or pixels.shape[2] < 3 or pixels.dtype != np.uint8:
        return None
    return np.array(pixels[..., :3])


def plane_of(data: Any, size: tuple[int, int]) -> AnyArray | None:
    """Return one value per pixel, shape (H, W), of the caller's own, or None if it is not there yet."""
    if data is None:
        return None
    values = as_numpy(data)
    if values.size != size[0] * size[1] or values.ndim < 2:
        return None
    return np.array(values.reshape(size))


def label_numbers(info: Any) -> dict[int, str]:
    """Read the table of a semantic segmentation: ``{"idToLabels": {"2": {"class": "red_cube"}}}``."""
    table = (info or {}).get("idToLabels", {})
    named = {number: entry.get("class", "") if isinstance(entry, dict) else str(entry) for number, entry in table.items()}
    return {int(number): name for number, name in named.items()}
