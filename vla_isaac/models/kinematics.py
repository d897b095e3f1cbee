"""`HandPose`: forward kinematics as a network layer; the pose of the hand from joint angles.

The network need not learn the exact kinematics, and the exported model needs no input other than the joints.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from vla_isaac.robots import panda

MIDDLE = (0.5, 0.0, 0.2)  # [m] middle of the workspace, normalised to 0
REACH = 0.2  # [m] normalised to 1
UNIT = 0.1  # [m] unit of predicted object positions
LEAN = 0.05  # [rad] normalised to 1: a hand that points down leans by hundredths, too small an input otherwise


class HandPose(nn.Module):
    """Joint angles to position, axes and lean of the `ee` in the base frame, as eleven numbers of about -1 to 1.

    Source: as `robots.kinematics`; a test compares the two.
    """

    num_outputs = 11
    fixed: Tensor
    with_cos: Tensor
    with_sin: Tensor
    hand: Tensor
    middle: Tensor

    def __init__(self) -> None:
        super().__init__()
        fixed, with_cos, with_sin = torch.zeros(3, 7, 4, 4)
        for i, (a, d, alpha) in enumerate(zip(panda.DH_A, panda.DH_D, panda.DH_ALPHA, strict=True)):
            ca, sa = round(math.cos(alpha)), round(math.sin(alpha))
            with_cos[i, :3, 0] = torch.tensor([1.0, 0.0, 0.0])
            with_cos[i, :3, 1] = torch.tensor([0.0, ca, sa])
            with_sin[i, :3, 0] = torch.tensor([0.0, ca, sa])
            with_sin[i, :3, 1] = torch.tensor([-1.0, 0.0, 0.0])
            fixed[i, :3, 2] = torch.tensor([0.0, -sa, ca])
            fixed[i, :, 3] = torch.tensor([a, -sa * d, ca * d, 1.0])
        hand = torch.eye(4)
        c, s = math.cos(panda.HAND_YAW), math.sin(panda.HAND_YAW)
        hand[:2, :2] = torch.tensor([[c, -s], [s, c]])
        hand[2, 3] = panda.FLANGE_OFFSET + panda.HAND_TO_EE
        for name, value in (("fixed", fixed), ("with_cos", with_cos), ("with_sin", with_sin), ("hand", hand)):
            self.register_buffer(name, value)
        self.register_buffer("middle", torch.tensor(MIDDLE))

    def forward(self, qpos: Tensor) -> Tensor:
        """Return (B, 11): position, x axis, y axis, lean along x and y of the base; `qpos` is (B, 7) [rad]."""
        frames = self.fixed + qpos.cos()[..., None, None] * self.with_cos + qpos.sin()[..., None, None] * self.with_sin
        pose = frames[:, 0]
        for i in range(1, 7):
            pose = pose @ frames[:, i]
        pose = pose @ self.hand
        position = (pose[:, :3, 3] - self.middle) / REACH
        return torch.cat([position, pose[:, :3, 0], pose[:, :3, 1], pose[:, :2, 2] / LEAN], dim=1)


def cross(a: Tensor, b: Tensor) -> Tensor:
    """Return the cross product of (B, 3) each; written out because ONNX has no cross product."""
    return a[:, [1, 2, 0]] * b[:, [2, 0, 1]] - a[:, [2, 0, 1]] * b[:, [1, 2, 0]]
