"""`detection_loss`: loss of a detector's predictions against known objects."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from vla_isaac.models.mini.detector import KIND_OF_SHAPE, PLACE_IN_KIND, SPREAD_UNIT, Cells, DetectorShape, fourfold
from vla_isaac.models.mini.geometry import seen_in

GAUSSIAN_STD = 0.6  # [cells] standard deviation of the target around a centre
TURNED_SHAPES = (0, 1, 2)  # cube, box, bin: shapes with a visible rotation
LEAST_SHARE = 1e-3


@dataclass(frozen=True)
class GroundTruth:
    """The objects of a scene; K rows a picture, empty ones have shape -1."""

    place: Tensor
    """(B, K, 3) [m] in the base frame."""

    yaw: Tensor
    """(B, K) [rad]."""

    size: Tensor
    """Half width and half height [cm], (B, K, 2)."""

    shape: Tensor
    """(B, K) int64, -1 in empty rows."""

    colour: Tensor
    """(B, K) int64."""


def detection_loss(
    cells: Cells, shape: DetectorShape, truth: GroundTruth, inside: Tensor, fov_y: float
) -> dict[str, Tensor]:
    """Return the terms of the loss of one camera.

    Args:
        cells: Predictions of the detector.
        shape: Its sizes.
        truth: The objects.
        inside: Positions of the objects in the camera's frame [m], (B, K, 3).
        fov_y: Vertical field of view of the camera [rad].
    """
    column, row, is_seen = seen_in(shape, fov_y, inside)
    is_seen = is_seen & (truth.shape >= 0)
    kinds = torch.tensor(KIND_OF_SHAPE, device=inside.device)[truth.shape.clamp(min=0)]
    terms = {"centre": _centres(cells.centre, shape, column, row, is_seen, kinds)}
    at, share = _around(shape, column, row, is_seen)
    chosen = kinds[..., None].expand_as(at)
    batch = torch.arange(len(at), device=at.device)[:, None, None]

    def of(values: Tensor) -> Tensor:
        return values[batch, chosen, at]

    def mean(values: Tensor, mask: Tensor | None = None) -> Tensor:
        counts = share if mask is None else share * mask[..., None]
        return (values * counts).sum() / counts.sum().clamp(min=1.0)

    in_kind = torch.tensor(PLACE_IN_KIND, device=inside.device)[truth.shape.clamp(min=0)]
    terms["colour"] = mean(cross_entropy(of(cells.colour), truth.colour))
    terms["shape"] = mean(cross_entropy(of(cells.shape), in_kind))
    spread = of(cells.spread).clamp(-3.0, 4.0)
    error = (of(cells.place) - truth.place[:, :, None]).abs().mean(-1) / SPREAD_UNIT
    terms["place"] = mean(error * torch.exp(-spread) + spread)
    is_turned = torch.isin(truth.shape, torch.tensor(TURNED_SHAPES, device=inside.device))
    terms["turn"] = mean((of(cells.turn) - fourfold(truth.yaw)[:, :, None]).pow(2).sum(-1), is_turned.float())
    terms["size"] = mean((of(cells.size) - truth.size[:, :, None]).abs().sum(-1))
    return terms


def _centres(logit: Tensor, shape: DetectorShape, column: Tensor, row: Tensor, is_seen: Tensor, kinds: Tensor) -> Tensor:
    """Return the focal loss of CenterNet over all cells, per object."""
    height, width = shape.grid
    device = logit.device
    columns = torch.arange(width, device=device) + 0.5
    rows = torch.arange(height, device=device) + 0.5
    away = (columns - column[..., None]).pow(2)[..., None, :] + (rows - row[..., None]).pow(2)[..., :, None]
    target = torch.exp(-away.flatten(2) / (2 * GAUSSIAN_STD**2)) * is_seen[..., None]
    own = (row.long().clamp(0, height - 1) * width + column.long().clamp(0, width - 1))[..., None]
    target = target.scatter(2, own, is_seen[..., None].to(target.dtype))
    heatmap = torch.stack([(target * (kinds == kind)[..., None]).amax(1) for kind in range(logit.shape[1])], dim=1)
    is_centre = heatmap >= 1.0
    probability = logit.sigmoid()
    hit = (1 - probability).pow(2) * functional.logsigmoid(logit)
    miss = (1 - heatmap).pow(4) * probability.pow(2) * functional.logsigmoid(-logit)
    return -torch.where(is_centre, hit, miss).sum() / is_centre.sum().clamp(min=1)


def _around(shape: DetectorShape, column: Tensor, row: Tensor, is_seen: Tensor) -> tuple[Tensor, Tensor]:
    """Return the four cells nearest to each centre and their weights, (B, K, 4)."""
    height, width = shape.grid
    left, top = (column - 0.5).floor(), (row - 0.5).floor()
    at, share = [], []
    for down in (0, 1):
        for right in (0, 1):
            c, r = left + right, top + down
            inside = (c >= 0) & (c < width) & (r >= 0) & (r < height) & is_seen
            near = (1 - (column - 0.5 - c).abs()) * (1 - (row - 0.5 - r).abs())
            at.append((r.clamp(0, height - 1) * width + c.clamp(0, width - 1)).long())
            share.append(torch.where(inside, near.clamp(min=LEAST_SHARE), torch.zeros_like(near)))
    return torch.stack(at, -1), torch.stack(share, -1)


def cross_entropy(logits: Tensor, classes: Tensor) -> Tensor:
    """Return the cross-entropy of (B, K, 4, C) for classes (B, K)."""
    target = classes.clamp(min=0)[..., None].expand(logits.shape[:-1])
    return functional.cross_entropy(logits.flatten(0, -2), target.flatten(), reduction="none").view(target.shape)
