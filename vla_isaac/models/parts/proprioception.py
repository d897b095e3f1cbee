"""`Proprioception`: features of the arm's state: the normalised state, and the pose of the hand."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vla_isaac.models.imitation import ImitationConfig
from vla_isaac.models.kinematics import HandPose
from vla_isaac.robots.panda import ARM_JOINTS


class Proprioception(nn.Module):
    """Proprioceptive features; empty if the config switches proprioception off."""

    state_offset: Tensor
    state_scale: Tensor

    def __init__(self, config: ImitationConfig, *, frames: int) -> None:
        """Initialise the module.

        Args:
            config: Names and scale of the state; whether it is used, and the pose of the hand if the state has joints.
            frames: States per sample.
        """
        super().__init__()
        names, self.is_used = list(config.state_names), config.uses_proprioception
        self.hand = HandPose() if self.is_used and config.uses_hand_pose and _has_joints(names) else None
        self.first_joint = names.index(ARM_JOINTS[0]) if self.hand is not None else 0
        self.register_buffer("state_offset", torch.tensor(config.state_offset))
        self.register_buffer("state_scale", torch.tensor(config.state_scale))
        pose = HandPose.num_outputs if self.hand is not None else 0
        self.width = frames * len(names) + pose if self.is_used else 0

    def forward(self, state: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return (B, width) from normalised states (B, F, S), and the last hand pose from `HandPose` if it is known."""
        if not self.is_used:
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
