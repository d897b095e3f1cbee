"""The inputs of the controller head: objects, hand and goals, from detections or from recorded states."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from vla_isaac.core.goals import DIRECTIONS, PUSH_DIRECTIONS, SIDE_DIRECTIONS, SIDES
from vla_isaac.models.goal_query import RELATIONS
from vla_isaac.scene.objects import SHAPES

ROUND_SHAPES = tuple(SHAPES.index(name) for name in ("cylinder", "ball", "bowl"))
NEAR, LIFTED, ON, IN = (RELATIONS.index(name) for name in ("near_gripper", "lifted", "on", "in"))
BESIDE = RELATIONS.index(SIDES[0])
PUSH_BESIDE = RELATIONS.index(f"push_{SIDES[0]}")
PUSH_ALONG = RELATIONS.index(f"push_{DIRECTIONS[0]}")
WAYS = torch.tensor(
    [
        *([[0.0, 0.0]] * BESIDE),
        *(SIDE_DIRECTIONS[side] for side in SIDES),
        *(SIDE_DIRECTIONS[side] for side in SIDES),
        *(PUSH_DIRECTIONS[direction] for direction in DIRECTIONS),
    ]
)
"""Unit vector of each relation in the base frame's x, y, (R, 2)."""


class Things(NamedTuple):
    """K objects of B scenes; some may be absent."""

    presence: Tensor
    """Probability, (B, K)."""

    place: Tensor
    """Centre in the base frame [m], (B, K, 3)."""

    start: Tensor
    """Position at the start of the episode [m], (B, K, 3)."""

    turn: Tensor
    """Cosine and sine of four times the yaw, (B, K, 2)."""

    size: Tensor
    """Half width and half height [cm], (B, K, 2)."""

    shape: Tensor
    """One of `SHAPES`, int64 (B, K)."""


class Hand(NamedTuple):
    """State of the arm."""

    position: Tensor
    """Position of the `ee` [m], (B, 3)."""

    rotation: Tensor
    """(B, 3, 3)."""

    width: Tensor
    """Distance between the fingers [m], (B,)."""

    qpos: Tensor
    """(B, 7) [rad]."""

    motion: Tensor
    """Change of position and width since the previous decision [m], and 1 if it is known, (B, 5)."""


class Goals(NamedTuple):
    """G goals at most; indices are rows of `Things`."""

    relation: Tensor
    """int64 (B, G)."""

    moved: Tensor
    """int64 (B, G)."""

    other: Tensor
    """int64 (B, G); arbitrary where the relation has no reference object."""


def rows(values: Tensor, index: Tensor) -> Tensor:
    """Return (B, G, ...) of values (B, K, ...) at int64 (B, G)."""
    if values.dim() == 2:
        return torch.gather(values, 1, index)
    width = values.shape[-1]
    return torch.gather(values, 1, index[..., None].expand(-1, -1, width))


def is_round(shape: Tensor) -> Tensor:
    """Return which shapes are round."""
    return (shape == ROUND_SHAPES[0]) | (shape == ROUND_SHAPES[1]) | (shape == ROUND_SHAPES[2])


def has_other(relation: Tensor) -> Tensor:
    """Return which relations have a reference object."""
    return (relation >= ON) & (relation < PUSH_ALONG)


def is_push(relation: Tensor) -> Tensor:
    """Return which relations are achieved by pushing."""
    return relation >= PUSH_BESIDE


def outline(things: Things) -> Tensor:
    """Return the radius of the circle around each object seen from above [m], (B, K)."""
    half = things.size[..., 0] * 0.01
    return torch.where(is_round(things.shape), half, half * 2**0.5)
