"""Loss terms of imitation learning; each is a masked mean, so its scale does not depend on the batch size."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def masked_mean(values: Tensor, counts: Tensor) -> Tensor:
    """Return the mean of `values` weighted by `counts`; 0 if all weights are 0."""
    weights = counts.to(values.dtype).expand_as(values)
    return (values * weights).sum() / weights.sum().clamp(min=1.0)


def l1(target: Tensor, got: Tensor, counts: Tensor) -> Tensor:
    """Return the mean L1 distance of normalised actions."""
    return masked_mean((got - target).abs(), counts)


def gripper_bce(open_fraction: Tensor, logit: Tensor, counts: Tensor) -> Tensor:
    """Return the binary cross-entropy of the gripper's open fraction, 0 to 1."""
    target = open_fraction.clamp(0.0, 1.0)
    return masked_mean(functional.binary_cross_entropy_with_logits(logit, target, reduction="none"), counts)


def binned_cross_entropy(target: Tensor, logits: Tensor, counts: Tensor) -> Tensor:
    """Return the cross-entropy over bins that divide [-1, 1] evenly.

    Args:
        target: Normalised actions, shape (..., A); beyond [-1, 1] they fall into the outermost bin.
        logits: Shape (..., A, bins).
        counts: Weights, broadcast to (..., A).

    Source: A. Brohan et al. (2022), "RT-1: Robotics Transformer for Real-World Control at Scale", 256 bins a dimension.
    """
    values = functional.cross_entropy(
        logits.flatten(0, -2), to_bins(target, logits.shape[-1]).flatten(), reduction="none"
    ).view(target.shape)
    return masked_mean(values, counts)


def to_bins(values: Tensor, num_bins: int) -> Tensor:
    """Return the bin of each value of [-1, 1]."""
    return ((values.clamp(-1.0, 1.0) + 1.0) * (0.5 * num_bins)).long().clamp(max=num_bins - 1)


def from_bins(bins: Tensor, num_bins: int) -> Tensor:
    """Return the middle of each bin."""
    return (bins.to(torch.float32) + 0.5) * (2.0 / num_bins) - 1.0


def positions(target: Tensor, got: Tensor, counts: Tensor) -> Tensor:
    """Return the smooth L1 distance of positions; NaN marks an absent object and is ignored."""
    known = torch.isfinite(target)
    values = functional.smooth_l1_loss(got, torch.where(known, target, got.detach()), reduction="none")
    return masked_mean(values, known & (counts > 0))


def pointing(places: Tensor, maps: Tensor, counts: Tensor, *, spread: float = 0.7) -> Tensor:
    """Return the divergence of attention maps from Gaussians around the target positions; 0 if they are equal.

    Args:
        places: x and y as fractions of the picture's width and height, shape (B, K, 2); outside 0 to 1 or NaN is ignored.
        maps: Attention maps, sum 1, shape (B, K, h, w).
        counts: Weights, broadcast to (B, K).
        spread: Standard deviation of the target [cells].
    """
    height, width = maps.shape[-2:]
    is_seen = ((places > 0) & (places < 1)).all(-1)
    target = torch.where(is_seen[..., None], places, torch.full_like(places, 0.5))
    rows, columns = (_gaussian(target[..., axis] * cells - 0.5, cells, spread) for axis, cells in ((1, height), (0, width)))
    likely = rows[..., :, None] * columns[..., None, :]
    divergence = (likely * (likely.clamp(min=1e-20).log() - maps.clamp(min=1e-20).log())).sum((-2, -1))
    return masked_mean(divergence, is_seen & (counts > 0))


def _gaussian(centre: Tensor, cells: int, spread: float) -> Tensor:
    """Return a Gaussian over cells around a position, sum 1, (..., cells)."""
    away = torch.arange(cells, device=centre.device, dtype=centre.dtype) - centre[..., None]
    return torch.softmax(-0.5 * (away / spread) ** 2, dim=-1)


def grounding(is_fitting: Tensor, logit: Tensor) -> Tensor:
    """Return the binary cross-entropy of whether the named objects are in the scene."""
    return functional.binary_cross_entropy_with_logits(logit, is_fitting)
