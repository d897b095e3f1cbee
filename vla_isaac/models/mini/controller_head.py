"""`ControllerHead`: predict the active goal and the next small motion of the hand towards it."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from vla_isaac.models.goal_query import NUM_GOALS, RELATIONS
from vla_isaac.models.mini.scene import IN, ON, Goals, Hand, Things, has_other, is_push, is_round, outline, rows
from vla_isaac.scene.objects import SHAPES, WALL

SCALES = (0.3, 0.06, 0.015)  # [m] scales of the distance features, coarse to fine
ANGLES = 8  # rotations of the hand at which the clearance of the fingers is computed
FINGER = 0.053  # [m] from the middle to an open finger
FINGER_THICK = 0.013  # [m]
FAR = 1.0  # [m] added to the distance of absent objects
NUM_FACTS = 15 * len(SCALES) + 10 + 2 * len(SHAPES) + ANGLES + 1 + 12 + 5
ACTIONS = 7
MOTION = 0.01  # [m] unit of the hand's motion since the previous decision
STEP = (0.045, 0.2)  # [m], [rad] units of the predicted motion


class ControllerHead(nn.Module):
    """Features of each goal to the logits of the active goal, and to the next motion for it."""

    def __init__(self, hidden: int = 512) -> None:
        super().__init__()
        facts = NUM_FACTS + len(RELATIONS)
        self.consider = nn.Sequential(nn.Linear(facts, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU())
        self.choose = nn.Sequential(nn.Linear(64 * NUM_GOALS, 64), nn.ReLU(), nn.Linear(64, NUM_GOALS))
        self.move = nn.Sequential(
            nn.Linear(facts, hidden),
            nn.LayerNorm(hidden),
            nn.GELU(),
            nn.Linear(hidden, hidden),
            nn.GELU(),
            nn.Linear(hidden, hidden),
            nn.GELU(),
            nn.Linear(hidden, ACTIONS),
        )

    def facts(self, things: Things, goals: Goals, places: Tensor, hand: Hand) -> Tensor:
        """Return the features of each goal, (B, G, F).

        Args:
            things: The scene.
            goals: The goals.
            places: Target position of each goal's moved object [m], (B, G, 2).
            hand: State of the arm.
        """
        relation = goals.relation
        moved, other = rows(things.place, goals.moved), rows(things.place, goals.other)
        size, support = rows(things.size, goals.moved) * 0.01, rows(things.size, goals.other) * 0.01
        shape, other_shape = rows(things.shape, goals.moved), rows(things.shape, goals.other)
        about_other = has_other(relation).to(moved.dtype)[..., None]
        at = hand.position[:, None]
        top = other[..., 2] + support[..., 1]
        floor = other[..., 2] - support[..., 1] + WALL
        below = torch.where(relation == ON, top, torch.where(relation == IN, floor, torch.zeros_like(top)))
        lowest = moved[..., 2] - size[..., 1]
        apart = [moved - at, torch.cat([places - moved[..., :2], (lowest - below)[..., None]], -1),
                 (other - moved) * about_other, moved - rows(things.start, goals.moved)]  # fmt: skip
        apart = [*apart, torch.cat([(moved[..., 2] + size[..., 1])[..., None], at[..., 2:].expand(-1, moved.shape[1], -1),
                                    self._clear_above(things, goals)[..., None]], -1)]  # fmt: skip
        scaled = [torch.tanh(torch.cat(apart, -1) / scale) for scale in SCALES]
        heading, joints = self._heading(hand)
        count = moved.shape[1]
        body = torch.cat([joints, (hand.width / 0.04 - 1.0)[:, None]], -1)[:, None].expand(-1, count, -1)
        grip = torch.tanh((hand.width[:, None] - 2 * size[..., 0]) / 0.006)[..., None]
        along = self._along(places - moved[..., :2], heading) * is_push(relation).to(moved.dtype)[..., None]
        turned = [self._turn(rows(things.turn, index), heading) for index in (goals.moved, goals.other)]
        kinds = [functional.one_hot(s, len(SHAPES)).to(moved.dtype) for s in (shape, other_shape)]
        kinds[1] = kinds[1] * about_other
        return torch.cat(
            [
                *scaled, turned[0] * (~is_round(shape))[..., None], turned[1] * about_other, along,
                size / 0.03, support / 0.05 * about_other,
                *kinds, self._room(things, goals, hand), grip, body,
                functional.one_hot(relation, len(RELATIONS)).to(moved.dtype),
                self._motion(hand)[:, None].expand(-1, count, -1),
            ],
            dim=-1,
        )  # fmt: skip

    def turn_of(self, facts: Tensor) -> Tensor:
        """Return the logits of the active goal, (B, G)."""
        considered = self.consider(facts).flatten(1)
        chosen: Tensor = self.choose(considered)
        return chosen

    def forward(self, facts: Tensor) -> Tensor:
        """Return raw actions (B, 7) from the features of the active goal: motion in units of `STEP`, gripper as a logit."""
        raw: Tensor = self.move(facts)
        return raw

    # ------------------------------------------------------------------

    @staticmethod
    def _heading(hand: Hand) -> tuple[Tensor, Tensor]:
        """Return the hand's rotation about the vertical (B,) and twelve features of the arm's state, all about -1 to 1."""
        x = hand.rotation[:, :, 0]
        angle = torch.atan2(x[:, 1], x[:, 0])
        q = hand.qpos
        seventh = q[:, 6]
        posture = torch.stack(
            [
                q[:, 0], torch.cos(angle), torch.sin(angle), seventh / 2, torch.tanh(seventh * 2),
                hand.rotation[:, 0, 2] / 0.05, hand.rotation[:, 1, 2] / 0.05,
                hand.position[:, 0] - 0.5, hand.position[:, 1], torch.tanh((seventh - 1.9) / 0.3),
                torch.tanh((seventh + 1.9) / 0.3),
            ],
            dim=-1,
        )  # fmt: skip
        return angle, posture.clamp(-4.0, 4.0)

    @staticmethod
    def _turn(turn: Tensor, heading: Tensor) -> Tensor:
        """Return fourfold angles (B, G, 2) relative to the hand."""
        cos, sin = torch.cos(4 * heading)[:, None], torch.sin(4 * heading)[:, None]
        return torch.stack([cos * turn[..., 0] + sin * turn[..., 1], cos * turn[..., 1] - sin * turn[..., 0]], dim=-1)

    @staticmethod
    def _motion(hand: Hand) -> Tensor:
        """Return the hand's last motion, about -1 to 1, (B, 5); only this feature shows that the hand is blocked."""
        return torch.cat([torch.tanh(hand.motion[:, :4] / MOTION), hand.motion[:, 4:]], dim=1)

    @staticmethod
    def _along(way: Tensor, heading: Tensor) -> Tensor:
        """Return cosine and sine of twice the angle between a direction (B, G, 2) and the hand; half a turn is equal."""
        cos, sin = torch.cos(heading)[:, None], torch.sin(heading)[:, None]
        x, y = cos * way[..., 0] + sin * way[..., 1], cos * way[..., 1] - sin * way[..., 0]
        square = (x * x + y * y).clamp(min=1e-6)
        return torch.stack([(x * x - y * y) / square, 2 * x * y / square], dim=-1)

    @staticmethod
    def _clear_above(things: Things, goals: Goals) -> Tensor:
        """Return the height that clears all objects but the moved one [m], (B, G)."""
        top = (things.place[..., 2] + things.size[..., 1] * 0.01) * things.presence
        count = things.presence.shape[1]
        is_own = torch.arange(count, device=top.device) == goals.moved[..., None]
        return torch.where(is_own, torch.zeros_like(top)[:, None], top[:, None]).amax(-1)

    def _room(self, things: Things, goals: Goals, hand: Hand) -> Tensor:
        """Return the clearance of open fingers around each moved object, by rotation of the hand, (B, G, ANGLES)."""
        x = hand.rotation[:, :, 0]
        heading = torch.atan2(x[:, 1], x[:, 0])
        angles = heading[:, None] + torch.arange(ANGLES, device=x.device) * (math.pi / ANGLES)
        finger = FINGER * torch.stack([torch.sin(angles), -torch.cos(angles)], dim=-1)
        middle = rows(things.place, goals.moved)[..., :2]
        tips = torch.cat([middle[:, :, None] + finger[:, None], middle[:, :, None] - finger[:, None]], dim=2)
        gap = (tips[:, :, :, None] - things.place[:, None, None, :, :2]).pow(2).sum(-1).clamp(min=1e-8).sqrt()
        gap = gap - 0.9 * outline(things)[:, None, None]
        count = things.presence.shape[1]
        is_own = torch.arange(count, device=x.device) == goals.moved[..., None]
        lower = things.place[..., 2] + things.size[..., 1] * 0.01
        is_below = lower[:, None] < rows(things.place, goals.moved)[..., 2:] - 0.008
        lacking = FAR * (1 - things.presence)[:, None] + FAR * is_own + FAR * is_below
        room = (gap + lacking[:, :, None]).amin(-1)
        room = torch.minimum(room[..., :ANGLES], room[..., ANGLES:]) - FINGER_THICK
        return (room / 0.03).clamp(-1.0, 1.0)
