"""`Picture` and its validation: Isaac's first camera frames are empty or have another size or type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from vla_isaac.core.arrays import AnyArray


@dataclass(frozen=True, eq=False)
class Picture:
    """Unprocessed output of a camera, on the host."""

    rgb: AnyArray
    """uint8, shape (H, W, 3)."""

    depth: AnyArray | None = None
    """Distance along the optical axis [m], float32, shape (H, W)."""

    label_ids: AnyArray | None = None
    """Label id per pixel, shape (H, W)."""

    labels: dict[int, str] | None = None
    """Label name of each id."""

    time: float | None = None
    """Simulation time stamp of the frame on the clock of `SimPort.clock` [s]; None if the API has none."""


@dataclass(frozen=True)
class Layers:
    """What a camera records besides colour."""

    depth: bool = False
    segmentation: bool = False


def as_numpy(values: Any) -> AnyArray:
    """Return an array on the host; Warp's arrays and torch's tensors are copied from the device."""
    if hasattr(values, "cpu"):  # torch: numpy() refuses a tensor on the GPU
        values = values.detach().cpu()
    return np.asarray(values.numpy() if hasattr(values, "numpy") else values)


def image_of(data: Any, size: tuple[int, int]) -> AnyArray | None:
    """Return a copy of the colours, uint8 (H, W, 3), or None while there is no valid picture of that size."""
    if data is None:
        return None
    pixels = as_numpy(data)
    if pixels.ndim != 3 or pixels.shape[:2] != size or pixels.shape[2] < 3 or pixels.dtype != np.uint8:
        return None
    return np.array(pixels[..., :3])


def plane_of(data: Any, size: tuple[int, int]) -> AnyArray | None:
    """Return a copy with one value per pixel, shape (H, W), or None while there is none."""
    if data is None:
        return None
    values = as_numpy(data)
    if values.size != size[0] * size[1] or values.ndim < 2:
        return None
    return np.array(values.reshape(size))


def label_numbers(info: Any) -> dict[int, str]:
    """Return label names by id from a semantic segmentation's info: ``{"idToLabels": {"2": {"class": "red_cube"}}}``."""
    table = (info or {}).get("idToLabels", {})
    named = {number: entry.get("class", "") if isinstance(entry, dict) else str(entry) for number, entry in table.items()}
    return {int(number): name for number, name in named.items()}
