"""Attention maps over a picture: their expected coordinates, and their embedding in the whole picture.

Source: C. Finn et al. (2016), "Deep Spatial Autoencoders for Visuomotor Learning", for the spatial softmax.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional


def expected(shares: Tensor, height: int, width: int) -> tuple[Tensor, Tensor]:
    """Return the expected x and y of each map; -1 is left or top, 1 is right or bottom."""
    ys = _line(height, shares.device).repeat_interleave(width)
    xs = _line(width, shares.device).repeat(height)
    return shares @ xs, shares @ ys


def _line(count: int, device: torch.device) -> Tensor:
    """Return evenly spaced numbers from -1 to 1; written out because `torch.linspace` exports in double precision."""
    step = 2.0 / max(1, int(count) - 1)
    return torch.tensor([i * step - 1.0 for i in range(int(count))], dtype=torch.float32, device=device)


def uncropped(maps: Tensor, crop: Sequence[float] | None) -> Tensor:
    """Return maps (B, h, w) of the whole picture, 0 outside the crop."""
    if crop is None:
        return maps
    cells = int(maps.shape[1]) / (crop[1] - crop[0])
    return functional.pad(maps, (0, 0, round(crop[0] * cells), round((1 - crop[1]) * cells)))
