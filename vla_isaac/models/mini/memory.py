"""`Memory`: what stays known from one decision to the next: where things are and began, and where they are being taken.

It knows how far something was pushed, and where a cube is that the hand hides. All of it comes from pictures.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from vla_isaac.models.goal_query import NUM_GOALS
from vla_isaac.models.mini.detector import NUM_DETECTIONS, UNSURE, Detections

FADES, FADES_AT_HAND = 0.9, 0.15
"""Share of its trust that a place keeps from one decision to the next: what the hand is at may move with it."""

TRUSTED = 4.0  # [1/cm^2] at the most in what is remembered
MOVED = 0.03  # [m] from the remembered place at which a certain detection means that the object moved
SURE = 0.5  # presence
PRESENCE_FADES = 0.93
LEAST = 1e-6  # [1/cm^2] of trust that is left in what was ever seen
TOUCH_XY, TOUCH_Z = 0.09, 0.075  # [m] around and above a thing where the hand may be moving it
PER_DETECTION = 1 + 3 + 1 + 3 + 1 + 1
WIDTH = NUM_DETECTIONS * PER_DETECTION + NUM_GOALS * 3 + 3 + 5


class Memory(NamedTuple):
    """Of S detections and G goals."""

    presence: Tensor
    """(B, S)."""

    place: Tensor
    """(B, S, 3) [m]."""

    trust: Tensor
    """In the place [1/cm^2], (B, S)."""

    start: Tensor
    """Where it began [m], (B, S, 3)."""

    start_trust: Tensor
    """(B, S)."""

    touched: Tensor
    """1 once the hand may have moved it, (B, S)."""

    bound: Tensor
    """Where each goal's thing is being taken [m] and 1 if that is known, (B, G, 3)."""

    offset: Tensor
    """How far the camera in front is off along x and y [m] and the trust in that, (B, 3)."""

    hand: Tensor
    """Where the hand was and how far it was open [m], and 1 if that is known, (B, 5)."""


def unpack(memory: Tensor) -> Memory:
    """Return the parts of (B, WIDTH); zeros are no memory at all."""
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
    """Return the parts as (B, WIDTH)."""
    one = [memory.presence[..., None], memory.place, memory.trust[..., None], memory.start, memory.start_trust[..., None],
           memory.touched[..., None]]  # fmt: skip
    return torch.cat([torch.cat(one, dim=2).flatten(1), memory.bound.flatten(1), memory.offset, memory.hand], dim=1)


def update_memory(old: Memory, seen: Detections, hand: Tensor) -> Memory:
    """Return the memory after one more picture; `hand` is where the `ee` is [m], (B, 3).

    What no camera sees stays where it was, however long.
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
    """Tell which places (B, S, 3) the hand is so close to that it may move what is there, (B, S)."""
    aside = (place[..., :2] - hand[:, None, :2]).pow(2).sum(-1)
    return (aside < TOUCH_XY**2) & (hand[:, None, 2] - place[..., 2] < TOUCH_Z)
