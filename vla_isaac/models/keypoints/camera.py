"""`CameraEncoder`: one camera's pictures to a few points, each with a place and a strength.

Source: E. Perez et al. (2018), "FiLM: Visual Reasoning with a General Conditioning Layer"; C. Finn et al. (2016), "Deep
Spatial Autoencoders for Visuomotor Learning", for the spatial softmax.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from vla_isaac.core.errors import ConfigError
from vla_isaac.models.keypoints.configuration import KeypointConfig
from vla_isaac.models.norm import ModulatedNorm

LUMA = (0.299, 0.587, 0.114)
CHROMA = ((-0.168736, -0.331264, 0.5), (0.5, -0.418688, -0.081312))
"""Brightness, and how blue and how red a colour is: ITU-R BT.601."""

GOALS = 2  # spoken points that are told in training where to look
DESCRIPTION = 32  # numbers that say what is at one of them


class FilmBlock(nn.Module):
    """A residual 3 x 3 block whose channels the sentence turns up and down."""

    def __init__(self, channels: int, text: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.second = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norms = nn.ModuleList(ModulatedNorm(channels) for _ in range(2))
        self.film = nn.Linear(text, 4 * channels)
        nn.init.normal_(self.film.weight, std=0.02)
        nn.init.zeros_(self.film.bias)

    def forward(self, x: Tensor, sentence: Tensor) -> Tensor:
        """Return features of the same shape."""
        scale1, shift1, scale2, shift2 = self.film(sentence).chunk(4, dim=1)
        y = torch.relu(self.norms[0](self.first(x), scale1, shift1))
        return torch.relu(x + self.norms[1](self.second(y), scale2, shift2))


class Retina(nn.Module):
    """The first convolution, which sees brightness at every pixel and colour at every second one.

    Videos keep colour at half the resolution (4:2:0), a simulator's pictures do not. Seen like this both are alike, so what
    was learned from videos holds for a camera.
    """

    mix: Tensor

    def __init__(self, config: KeypointConfig, camera: str, stride: int) -> None:
        super().__init__()
        height, width = config.image_hw
        if stride % 2 or height % 2 or width % 2:
            raise ConfigError(
                f"mini: pictures of {height} x {width} px and a first stride of {stride} do not go with colours at every "
                "second pixel; give even numbers"
            )
        top, bottom = config.crops.get(camera, (0.0, 1.0))
        self.rows = slice(2 * round(top * height / 2), 2 * round(bottom * height / 2))
        self.register_buffer("mix", _brightness_and_colour())
        self.look = nn.Conv2d(6 * config.history, config.stem_channels, 3, stride=stride // 2, padding=1)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return features of uint8 (B, F, 3, H, W), the history side by side."""
        pictures = pictures[..., self.rows, :]
        frames, height, width = (int(pictures.shape[i]) for i in (1, 3, 4))
        squares = functional.pixel_unshuffle(pictures.reshape(-1, 3, height, width), 2)
        if not torch.onnx.is_in_onnx_export():
            squares = squares.contiguous(memory_format=torch.channels_last)
        seen = functional.conv2d(squares.to(torch.float32) * (1 / 127.5) - 1.0, self.mix)
        seen = seen.reshape(-1, 6 * frames, height // 2, width // 2)
        features: Tensor = self.look(seen)
        return features


class CameraEncoder(nn.Module):
    """Pictures of one camera to keypoints."""

    def __init__(self, config: KeypointConfig, camera: str) -> None:
        super().__init__()
        stem, channels = config.stem_channels, config.channels
        text = config.text_dim * config.text_slots
        strides = config.strides.get(camera, [2, 2])
        self.spoken = config.spoken_keypoints
        self.stem = nn.Sequential(
            Retina(config, camera, strides[0]),
            nn.ReLU(),  # not normalised: it is the largest layer, and that would take a tenth of the time
            nn.Conv2d(stem, channels, 3, stride=strides[1], padding=1, bias=False),
            ModulatedNorm(channels),
            nn.ReLU(),
        )
        self.blocks = nn.ModuleList(FilmBlock(channels, text) for _ in range(config.blocks))
        self.heat = nn.Conv2d(channels, config.keypoints, 1)
        self.key = nn.Conv2d(channels, channels, 1)
        self.query = nn.Linear(text, self.spoken * channels)
        self.sharpness = nn.Parameter(torch.zeros(config.keypoints + self.spoken))
        self.num_points = config.keypoints + self.spoken
        self.describe = nn.Sequential(nn.Linear(channels, DESCRIPTION), nn.ReLU())

    def forward(self, pictures: Tensor, sentence: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return points, what is at those of the goal's objects, and where each was looked for.

        Points are (B, P, 3): x and y in [-1, 1] and strength. What is there, (B, 2 D), tells how an object is turned, which
        its place does not. Maps are (B, P, h, w) with sum 1.
        """
        x = self.stem(pictures)
        for block in self.blocks:
            x = block(x, sentence)
        batch, channels, height, width = x.shape
        query = self.query(sentence).view(batch, self.spoken, channels)
        spoken = query @ self.key(x).flatten(2) / channels**0.5
        heat = torch.cat([self.heat(x).flatten(2), spoken], dim=1).float()
        with torch.autocast(heat.device.type, enabled=False):  # places need more digits than half precision has
            shares = (heat * self.sharpness.exp()[:, None]).softmax(-1)
            points = torch.stack([*_expected(shares, height, width), (shares * heat).sum(-1)], dim=-1)
        goals = shares[:, -self.spoken :][:, :GOALS]
        there = self.describe(goals.to(x.dtype) @ x.flatten(2).transpose(1, 2)).flatten(1)
        return points, there, shares.view(batch, -1, height, width)


def _brightness_and_colour() -> Tensor:
    """Return what makes of 2 x 2 pixels, their 12 numbers, four brightnesses and two colours, shape (6, 12, 1, 1)."""
    mix = torch.zeros(6, 3, 4)
    for pixel in range(4):
        mix[pixel, :, pixel] = torch.tensor(LUMA)
    mix[4:] = torch.tensor(CHROMA)[..., None] / 4
    return mix.view(6, 12, 1, 1)


def _expected(shares: Tensor, height: int, width: int) -> tuple[Tensor, Tensor]:
    """Return the mean x and y of each map, -1 is left or top, 1 is right or bottom."""
    ys = _line(height, shares.device).repeat_interleave(width)
    xs = _line(width, shares.device).repeat(height)
    return shares @ xs, shares @ ys


def _line(count: int, device: torch.device) -> Tensor:
    """Return numbers from -1 to 1; written out, because the exporter makes double precision of torch's own."""
    step = 2.0 / max(1, int(count) - 1)
    return torch.tensor([i * step - 1.0 for i in range(int(count))], dtype=torch.float32, device=device)
