"""`ActionHead`: features to the positions of the goal's objects, and to a chunk of actions."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn

from vla_isaac.models.kinematics import REACH, UNIT, cross


class ActionHead(nn.Module):
    """Predicts the positions of the goal's objects, then the actions."""

    def __init__(self, seen: int, hidden: int, outputs: int) -> None:
        super().__init__()
        self.find = ObjectLocator(seen, hidden // 2)
        self.decide = perceptron(seen + ObjectLocator.num_outputs, hidden, outputs)

    def forward(self, seen: Tensor, hand: Tensor | None) -> tuple[Tensor, Tensor]:
        """Return positions (B, 6) of the goal's objects, and (B, outputs), from features (B, seen)."""
        places, known = self.find(seen, hand)
        return places, self.decide(torch.cat([seen, known], dim=1))


def perceptron(inputs: int, hidden: int, outputs: int, *, layers: int = 3) -> nn.Sequential:
    """Return a multilayer perceptron with ReLU."""
    widths = [inputs, *[hidden] * layers]
    parts = [part for a, b in itertools.pairwise(widths) for part in (nn.Linear(a, b), nn.ReLU())]
    return nn.Sequential(*parts, nn.Linear(hidden, outputs))


class ObjectLocator(nn.Module):
    """Positions of the goal's two objects, from one prediction in the base frame and one in the frame of the hand.

    The wrist camera sees an object relative to the fingers. The transformation to the base frame multiplies by the rotation
    of the hand; it is computed here and need not be learned.
    """

    num_outputs = 14

    def __init__(self, seen: int, hidden: int) -> None:
        super().__init__()
        self.look = nn.Sequential(nn.Linear(seen, hidden), nn.ReLU(), nn.Linear(hidden, 14))

    def forward(self, seen: Tensor, hand: Tensor | None) -> tuple[Tensor, Tensor]:
        """Return positions (B, 6) in the base frame, in units of `UNIT` from the middle, and features (B, 14) of them.

        Args:
            seen: Features, (B, N).
            hand: Position, x axis and y axis of the hand from `HandPose`; None if the pose of the hand is unknown.
        """
        far, near, trust = self.look(seen).split([6, 6, 2], dim=1)
        if hand is None:
            return far, torch.cat([far, near, trust], dim=1)
        x, y = hand[:, 3:6], hand[:, 6:9]
        turn = torch.stack([x, y, cross(x, y)], dim=2)
        origin = hand[:, None, :3] * (REACH / UNIT)
        from_hand = near.view(-1, 2, 3) @ turn.transpose(1, 2) + origin
        share = trust.sigmoid()[..., None]
        places = share * from_hand + (1 - share) * far.view(-1, 2, 3)
        ahead = (places - origin) @ turn
        return places.flatten(1), torch.cat([places.flatten(1), ahead.flatten(1), trust.sigmoid()], dim=1)
