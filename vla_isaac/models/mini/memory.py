"""`Memory`: state kept between decisions: object positions, their start positions, and the targets of the goals.

It records how far an object was pushed, and where an object is that the hand occludes. All of it comes from pictures.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from vla_isaac.models.goal_query import NUM_GOALS
from vla_isaac.models.mini.detector import NUM_DETECTIONS, UNSURE, Detections

FADES, FADES_AT_HAND = 0.9, 0.15
"""Fraction of its trust that a position keeps from one decision to the next, since the hand may move the object."""

TRUSTED = 4.0  # [1/cm^2] largest trust in a remembered position
MOVED = 0.03  # [m] between remembered position and a certain detection from which the object counts as moved
SURE = 0.5  # presence
PRESENCE_FADES = 0.93
LEAST = 1e-6  # [1/cm^2] least trust in an object once seen
TOUCH_XY, TOUCH_Z = 0.09, 0.075  # [m] around and above an object where the hand may be moving it
PER_DETECTION = 1 + 3 + 1 + 3 + 1 + 1
WIDTH = NUM_DETECTIONS * PER_DETECTION + NUM_GOALS * 3 + 3 + 5


class Memory(NamedTuple):
    """Memory of S detections and G goals."""

    presence: Tensor
    """(B, S)."""

    place: Tensor
    """(B, S, 3) [m]."""

    trust: Tensor
    """Trust in the position: inverse variance [1/cm^2], (B, S)."""

    start: Tensor
    """Position at the start of the episode [m], (B, S, 3)."""

    start_trust: Tensor
    """(B, S)."""

    touched: Tensor
    """1 once the hand may have moved it, (B, S)."""

    bound: Tensor
    """Target position of each goal's moved object [m] and 1 if it is known, (B, G, 3)."""

    offset: Tensor
    """Offset of the front camera along x and y [m] and its trust, (B, 3)."""

    hand: Tensor
    """Previous position and opening of the hand [m], and 1 if they are known, (B, 5)."""


def unpack(memory: Tensor) -> Memory:
    """Return the fields of (B, WIDTH); zeros are an empty memory."""
    batch = memory.shape[0]
    detections, goals, offset, hand = torch.split(memory, [NUM_DETECTIONS * PER_DETECTION, NUM_GOALS * 3, 3, 5], dim=1)
    parts = torch.split(detections.view(batch, NUM_DETECTIONS, PER_DETECTION), [1, 3, 1, 3, 1, 1], dim=2)
    presence, place, trust, start, start_trust, touched = parts
    return Memory(
        presence[..., 0],
        place,
        trust[..., 0],
        start,
        start_trust[..., 0],
        touched[..., 0],
        goals.view(batch, NUM_GOALS, 3),
        offset,
        hand,
    )


def pack(memory: Memory) -> Tensor:
    """Return the fields as (B, WIDTH)."""
    one = [memory.presence[..., None], memory.place, memory.trust[..., None], memory.start, memory.start_trust[..., None],
           memory.touched[..., None]]  # fmt: skip
    return torch.cat([torch.cat(one, dim=2).flatten(1), memory.bound.flatten(1), memory.offset, memory.hand], dim=1)


def update_memory(old: Memory, seen: Detections, hand: Tensor) -> Memory:
    """Return the memory updated with new detections; `hand` is the position of the `ee` [m], (B, 3).

    An object that no camera sees keeps its position.
    """
    is_seen, is_known = seen.presence > UNSURE, old.trust > 0
    weight = torch.where(is_seen, seen.weight, torch.zeros_like(seen.weight))
    off = (seen.place - old.place).pow(2).sum(-1).clamp(min=1e-12).sqrt()
    has_moved = (off > MOVED) & (seen.presence > SURE)
    is_close = (_is_close(seen.place, hand) & is_seen) | (_is_close(old.place, hand) & is_known)
    fades = torch.where(is_close, FADES_AT_HAND, FADES)
    trust = torch.maximum(fades * old.trust.clamp(max=TRUSTED), LEAST * is_known.to(weight.dtype))
    trust = torch.where(has_moved, torch.zeros_like(trust), trust)
    total = trust + weight
    mean = (trust[..., None] * old.place + weight[..., None] * seen.place) / total.clamp(min=LEAST)[..., None]
    place = torch.where((is_seen | is_known)[..., None], mean, seen.place)
    presence = torch.maximum(seen.presence, PRESENCE_FADES * old.presence)
    touched = torch.maximum(old.touched, is_close.to(old.touched.dtype))
    is_void = has_moved & (old.touched < 0.5)
    kept = torch.where(is_void, torch.zeros_like(old.start_trust), old.start_trust)
    fresh = weight * (1 - touched) + LEAST * (kept == 0).to(kept.dtype)
    start_trust = kept + fresh
    start = (kept[..., None] * old.start + fresh[..., None] * place) / start_trust[..., None]
    return Memory(presence, place, total, start, start_trust, touched, old.bound, old.offset, old.hand)


def _is_close(place: Tensor, hand: Tensor) -> Tensor:
    """Return which positions (B, S, 3) are so close to the hand that it may move the object there, (B, S)."""
    aside = (place[..., :2] - hand[:, None, :2]).pow(2).sum(-1)
    return (aside < TOUCH_XY**2) & (hand[:, None, 2] - place[..., 2] < TOUCH_Z)
