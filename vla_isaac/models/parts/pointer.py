"""`Pointer`: attention from queries to a picture, with expected coordinates that can be supervised.

Source: C. Finn et al. (2016), "Deep Spatial Autoencoders for Visuomotor Learning", for the expected coordinates.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from vla_isaac.models.parts.maps import expected


class Pointed(NamedTuple):
    """Results of Q queries to a picture."""

    points: Tensor
    """x and y, -1 is left or top, and strength, (B, Q, 3)."""

    there: Tensor
    """Attended features, (B, Q, C)."""

    maps: Tensor
    """Attention maps, sum 1, (B, Q, h, w)."""


class Pointer(nn.Module):
    """Single-head attention from queries to the cells of a picture."""

    def __init__(self, question: int, channels: int) -> None:
        super().__init__()
        self.query, self.key = nn.Linear(question, channels), nn.Linear(channels, channels)
        self.sharpness = nn.Parameter(torch.zeros(()))

    def forward(self, questions: Tensor, places: Tensor, height: int, width: int) -> Pointed:
        """Return the results of queries (B, Q, question) to cells (B, h * w, C), in row-major order."""
        scores = self.query(questions) @ self.key(places).transpose(1, 2) / places.shape[-1] ** 0.5
        with torch.autocast(scores.device.type, enabled=False):  # positions need more digits than half precision has
            scores = scores.float() * self.sharpness.exp()
            shares = scores.softmax(-1)
            points = torch.stack([*expected(shares, height, width), (shares * scores).sum(-1)], dim=-1)
        there = shares.to(places.dtype) @ places
        return Pointed(points, there, shares.unflatten(2, (height, width)))
