"""Terms of training losses; each is a mean over the samples that count, so that batches of any size weigh the same."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def masked_mean(values: Tensor, counts: Tensor) -> Tensor:
    """Return the mean of `values` where `counts` is not 0; 0 where nothing counts."""
    weights = counts.to(values.dtype).expand_as(values)
    return (values * weights).sum() / weights.sum().clamp(min=1.0)


def l1(wanted: Tensor, got: Tensor, counts: Tensor) -> Tensor:
    """Return the mean distance of normalised actions."""
    return masked_mean((got - wanted).abs(), counts)


def gripper_bce(open_fraction: Tensor, logit: Tensor, counts: Tensor) -> Tensor:
    """Return the binary cross-entropy of how far the gripper should be open, 0 to 1."""
    target = open_fraction.clamp(0.0, 1.0)
    return masked_mean(functional.binary_cross_entropy_with_logits(logit, target, reduction="none"), counts)


def binned_cross_entropy(wanted: Tensor, logits: Tensor, counts: Tensor) -> Tensor:
    """Return the cross-entropy over bins that divide [-1, 1] evenly.

    Args:
        wanted: Normalised actions, shape (..., A); beyond [-1, 1] they fall into the outermost bin.
        logits: Shape (..., A, bins).
        counts: What counts, broadcast to (..., A).

    Source: A. Brohan et al. (2022), "RT-1: Robotics Transformer for Real-World Control at Scale", 256 bins a dimension.
    """
    values = functional.cross_entropy(
        logits.flatten(0, -2), to_bins(wanted, logits.shape[-1]).flatten(), reduction="none"
    ).view(wanted.shape)
    return masked_mean(values, counts)


def to_bins(values: Tensor, num_bins: int) -> Tensor:
    """Return the bin of each value of [-1, 1]."""
    return ((values.clamp(-1.0, 1.0) + 1.0) * (0.5 * num_bins)).long().clamp(max=num_bins - 1)


def from_bins(bins: Tensor, num_bins: int) -> Tensor:
    """Return the middle of each bin."""
    return (bins.to(torch.float32) + 0.5) * (2.0 / num_bins) - 1.0


def positions(wanted: Tensor, got: Tensor, counts: Tensor) -> Tensor:
    """Return the smooth L1 distance of positions; NaN stands for an object there is none of, and never counts."""
    known = torch.isfinite(wanted)
    values = functional.smooth_l1_loss(got, torch.where(known, wanted, got.detach()), reduction="none")
    return masked_mean(values, known & (counts > 0))


def pointing(places: Tensor, maps: Tensor, counts: Tensor, *, spread: float = 0.7) -> Tensor:
    """Return the divergence of where maps look from where they should; 0 if they look just there.

    Args:
        places: x and y as shares of the picture's width and height, shape (B, K, 2); outside 0 to 1 or NaN never counts.
        maps: Shares of each cell, sum 1, shape (B, K, h, w).
        counts: What counts, broadcast to (B, K).
        spread: Standard deviation of what is right [cells].
    """
    height, width = maps.shape[-2:]
    is_seen = ((places > 0) & (places < 1)).all(-1)
    wanted = torch.where(is_seen[..., None], places, torch.full_like(places, 0.5))
    rows, columns = (_gaussian(wanted[..., axis] * cells - 0.5, cells, spread) for axis, cells in ((1, height), (0, width)))
    likely = rows[..., :, None] * columns[..., None, :]
    divergence = (likely * (likely.clamp(min=1e-20).log() - maps.clamp(min=1e-20).log())).sum((-2, -1))
    return masked_mean(divergence, is_seen & (counts > 0))


def _gaussian(centre: Tensor, cells: int, spread: float) -> Tensor:
    """Return shares of cells around a place, (..., cells)."""
    away = torch.arange(cells, device=centre.device, dtype=centre.dtype) - centre[..., None]
    return torch.softmax(-0.5 * (away / spread) ** 2, dim=-1)


def grounding(is_fitting: Tensor, logit: Tensor) -> Tensor:
    """Return the binary cross-entropy of whether the sentence names what is there."""
    return functional.binary_cross_entropy_with_logits(logit, is_fitting)
