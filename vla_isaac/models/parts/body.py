"""`Body`: what an arm feels of itself as numbers: its state, and where that puts its hand."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vla_isaac.models.base import VLAConfig
from vla_isaac.models.kinematics import HandPose
from vla_isaac.robots.panda import ARM_JOINTS


class Body(nn.Module):
    """State to numbers; without proprioception, none."""

    state_offset: Tensor
    state_scale: Tensor

    def __init__(self, config: VLAConfig, *, frames: int, feels: bool = True, knows_hand: bool = True) -> None:
        """Make one.

        Args:
            config: Names and scale of the state.
            frames: Moments of it that are told.
            feels: Whether there is proprioception at all.
            knows_hand: Whether the pose of the hand is told too, where the joints are known.
        """
        super().__init__()
        names, self.feels = list(config.state_names), feels
        self.hand = HandPose() if feels and knows_hand and _has_joints(names) else None
        self.first_joint = names.index(ARM_JOINTS[0]) if self.hand is not None else 0
        self.register_buffer("state_offset", torch.tensor(config.state_offset))
        self.register_buffer("state_scale", torch.tensor(config.state_scale))
        pose = HandPose.num_outputs if self.hand is not None else 0
        self.width = frames * len(names) + pose if self.feels else 0

    def forward(self, state: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return (B, width) of normalised states (B, F, S), and the last hand pose as `HandPose` gives it if it is known."""
        if not self.feels:
            return state.new_zeros(state.shape[0], 0), None
        if self.hand is None:
            return state.flatten(1), None
        now = state[:, -1] * self.state_scale + self.state_offset
        pose = self.hand(now[:, self.first_joint : self.first_joint + len(ARM_JOINTS)])
        return torch.cat([state.flatten(1), pose], dim=1), pose


def _has_joints(names: list[str]) -> bool:
    if ARM_JOINTS[0] not in names:
        return False
    first = names.index(ARM_JOINTS[0])
    return tuple(names[first : first + len(ARM_JOINTS)]) == ARM_JOINTS
