"""`Places`: candidate target positions that a relation allows, and a learned score of each.

The candidates follow from the meaning of the relation; the trade-off between clearance and distance is learned.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vla_isaac.models.goal_query import RELATIONS
from vla_isaac.models.mini.scene import (
    BESIDE,
    IN,
    PUSH_ALONG,
    WAYS,
    Goals,
    Things,
    is_round,
    outline,
    rows,
)

GAPS = (0.025, 0.04, 0.055, 0.07, 0.085)  # [m] between outlines
SHARES = (0.0, 0.35, -0.35, 0.7, -0.7)  # sideways shift as a fraction of the distance
PUSHES = (0.10, 0.11, 0.12)  # [m] from the start position
SLOTS = ((0.0, 0.0), (1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0))  # of a container, in its axes
SLOT = 0.046  # [m] between them
NUM_PLACES = len(GAPS) * len(SHARES)
FAR = 1.0  # [m] added to the distance of absent objects
NEVER = -30.0
PER_PLACE = 5


class Places(nn.Module):
    """Candidate positions of every goal and their scores."""

    ways: Tensor
    lattice: Tensor
    slots: Tensor
    pushes: Tensor

    def __init__(self, hidden: int = 64) -> None:
        super().__init__()
        self.register_buffer("ways", WAYS.clone())
        self.register_buffer("lattice", torch.tensor([(gap, share) for gap in GAPS for share in SHARES]))
        padded = [*SLOTS, *([(0.0, 0.0)] * (NUM_PLACES - len(SLOTS)))]
        self.register_buffer("slots", SLOT * torch.tensor(padded))
        self.register_buffer("pushes", torch.tensor([*PUSHES, *([0.0] * (NUM_PLACES - len(PUSHES)))]))
        self.weigh = nn.Sequential(
            nn.Linear(PER_PLACE * 3 + NUM_PLACES + len(RELATIONS), hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, 1),
        )
        self.register_buffer("names", torch.eye(NUM_PLACES))

    def forward(self, things: Things, goals: Goals) -> tuple[Tensor, Tensor]:
        """Return candidates (B, G, P, 2) [m] and their scores (B, G, P)."""
        places, allowed = self.candidates(things, goals)
        start = rows(things.start, goals.moved)[..., :2]
        facts = self._facts(things, goals, places, start)
        kind = torch.nn.functional.one_hot(goals.relation, len(RELATIONS)).to(places.dtype)
        kind = kind[:, :, None].expand(-1, -1, NUM_PLACES, -1)
        names = self.names.expand(*places.shape[:2], -1, -1)  # type: ignore[operator]
        score = self.weigh(torch.cat([facts, kind, names], dim=-1)).squeeze(-1)
        return places, torch.where(allowed, score, torch.full_like(score, NEVER))

    def candidates(self, things: Things, goals: Goals) -> tuple[Tensor, Tensor]:
        """Return the candidates of each relation, and which rows are valid."""
        relation = goals.relation
        way = self.ways[relation]
        across = torch.stack([-way[..., 1], way[..., 0]], dim=-1)
        other, began = rows(things.place, goals.other)[..., :2], rows(things.start, goals.moved)[..., :2]
        turn, half = rows(things.turn, goals.other), rows(things.size, goals.other)[..., 0] * 0.01
        angle = 0.25 * torch.atan2(turn[..., 1], turn[..., 0])
        cos, sin = torch.cos(angle), torch.sin(angle)
        width = torch.where(is_round(rows(things.shape, goals.other)), half, half * (cos.abs() + sin.abs()))
        reach = rows(outline(things), goals.moved) + width
        along = (reach[..., None] + self.lattice[:, 0])[..., None]
        aside = (reach[..., None] * self.lattice[:, 1])[..., None]
        beside = other[..., None, :] + along * way[..., None, :] + aside * across[..., None, :]
        x, y = self.slots[:, 0], self.slots[:, 1]
        turned = torch.stack([cos[..., None] * x - sin[..., None] * y, sin[..., None] * x + cos[..., None] * y], dim=-1)
        inside = other[..., None, :] + turned
        pushed = began[..., None, :] + self.pushes[:, None] * way[..., None, :]
        is_beside = (relation >= BESIDE) & (relation < PUSH_ALONG)
        is_along = relation >= PUSH_ALONG
        places = torch.where(is_beside[..., None, None], beside, torch.where(is_along[..., None, None], pushed, inside))
        number = torch.arange(NUM_PLACES, device=places.device)
        most = torch.where(
            is_beside, NUM_PLACES, torch.where(is_along, len(PUSHES), torch.where(relation == IN, len(SLOTS), 1))
        )
        return places, number < most[..., None]

    def _facts(self, things: Things, goals: Goals, places: Tensor, start: Tensor) -> Tensor:
        """Return clearances of target and path, path length and reach margins at three scales, (B, G, P, 15)."""
        radius, own = outline(things), rows(outline(things), goals.moved)
        count = things.presence.shape[1]
        is_own = torch.arange(count, device=places.device) == goals.moved[..., None]
        is_slot = goals.relation <= IN
        is_other = (torch.arange(count, device=places.device) == goals.other[..., None]) & is_slot[..., None]
        lacking = FAR * (1 - things.presence[:, None]) + FAR * (is_own | is_other)
        at = things.place[:, None, None, :, :2]
        gap = (places[..., None, :] - at).pow(2).sum(-1).clamp(min=1e-8).sqrt() - radius[:, None, None]
        room = (gap + lacking[:, :, None]).amin(-1) - own[..., None]
        way = places - start[..., None, :]
        length = way.pow(2).sum(-1).clamp(min=1e-8).sqrt()
        unit = way / length[..., None]
        away = at - start[:, :, None, None]
        along = (away * unit[..., None, :]).sum(-1)
        aside = (away[..., 1] * unit[..., None, 0] - away[..., 0] * unit[..., None, 1]).abs()
        beyond = torch.maximum(-0.07 - along, along - length[..., None] - 0.08).clamp(min=0.0)
        clear = (beyond.pow(2) + (aside - 0.045).clamp(min=0.0).pow(2)).clamp(min=1e-8).sqrt() - radius[:, None, None]
        clear = (clear + lacking[:, :, None]).amin(-1)
        far = places.pow(2).sum(-1).clamp(min=1e-8).sqrt()
        facts = torch.stack([room, clear, length, far - 0.65, places[..., 1].abs() - 0.4], dim=-1)
        return torch.cat([(facts / scale).clamp(-2.0, 2.0) for scale in (0.3, 0.06, 0.02)], dim=-1)
