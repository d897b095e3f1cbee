"""`CameraEncoder`: one camera's pictures to keypoints, each with a position and a strength.

Source: E. Perez et al. (2018), "FiLM: Visual Reasoning with a General Conditioning Layer"; C. Finn et al. (2016), "Deep
Spatial Autoencoders for Visuomotor Learning", for the spatial softmax.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vla_isaac.models.encoders.vision import SmallVision
from vla_isaac.models.keypoints.configuration import KeypointConfig
from vla_isaac.models.parts.maps import expected

GOALS = 2  # sentence-conditioned keypoints whose maps are supervised with the goal's objects
DESCRIPTION = 32  # features at each of them


class CameraEncoder(nn.Module):
    """Pictures of one camera to keypoints."""

    def __init__(self, config: KeypointConfig, camera: str) -> None:
        super().__init__()
        channels, text = config.channels, config.text_dim * config.text_slots
        self.spoken = config.spoken_keypoints
        self.see = SmallVision(config, camera, frames=config.history, text=text)
        self.heat = nn.Conv2d(channels, config.keypoints, 1)
        self.key = nn.Conv2d(channels, channels, 1)
        self.query = nn.Linear(text, self.spoken * channels)
        self.sharpness = nn.Parameter(torch.zeros(config.keypoints + self.spoken))
        self.num_points = config.keypoints + self.spoken
        self.describe = nn.Sequential(nn.Linear(channels, DESCRIPTION), nn.ReLU())

    def forward(self, pictures: Tensor, sentence: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return keypoints, features at those of the goal's objects, and the attention map of each keypoint.

        Keypoints are (B, P, 3): x and y in [-1, 1] and strength. Features are (B, 2 D); they encode an object's orientation,
        which its position does not. Maps are (B, P, h, w) with sum 1.
        """
        x = self.see(pictures, sentence)
        batch, channels, height, width = x.shape
        query = self.query(sentence).view(batch, self.spoken, channels)
        spoken = query @ self.key(x).flatten(2) / channels**0.5
        heat = torch.cat([self.heat(x).flatten(2), spoken], dim=1).float()
        with torch.autocast(heat.device.type, enabled=False):  # positions need more digits than half precision has
            shares = (heat * self.sharpness.exp()[:, None]).softmax(-1)
            points = torch.stack([*expected(shares, height, width), (shares * heat).sum(-1)], dim=-1)
        goals = shares[:, -self.spoken :][:, :GOALS]
        there = self.describe(goals.to(x.dtype) @ x.flatten(2).transpose(1, 2)).flatten(1)
        return points, there, shares.view(batch, -1, height, width)
