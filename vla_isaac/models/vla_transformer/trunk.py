"""`Trunk`: pictures and a sentence to all that is known, by cross-attention between words and places of pictures."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from vla_isaac.models.base import Batch, Outputs
from vla_isaac.models.encoders.language import Read
from vla_isaac.models.encoders.vision import Eyes
from vla_isaac.models.imitation import GOALS_IN, HEAT_IN
from vla_isaac.models.parts.attention import Attention, CrossLayer
from vla_isaac.models.parts.body import Body
from vla_isaac.models.parts.pointer import Pointer
from vla_isaac.models.vla_transformer.configuration import TrunkConfig

GOALS = 2  # questions that are told in training where to look
DESCRIPTION = 32  # numbers that say what is at one of them
SAID = 128  # numbers that a sentence becomes


class Known(NamedTuple):
    """All that is known of a moment."""

    everything: Tensor
    """(B, `Trunk.width`)."""

    vision: Tensor
    """What was seen, (B, `Trunk.vision_width`)."""

    language: Tensor
    """What was said, (B, SAID)."""

    hand: Tensor | None
    """As `HandPose` gives it."""

    outputs: Outputs
    """grounding, and goals and heat of each camera, as every model that imitates gives them."""


class Trunk(nn.Module):
    """Words look at places and places at words; then a few questions of the sentence look for their answers."""

    def __init__(self, config: TrunkConfig, *, text: int) -> None:
        """Make one; `text` is the width of the words it is given."""
        super().__init__()
        dim, cameras = config.dim, list(config.cameras)
        self.eyes = Eyes(config, frames=config.history)
        self.cameras, self.slots = cameras, config.slots
        self.word_in = nn.Linear(text, dim)
        self.place_in = nn.Linear(self.eyes.channels + 2, dim)
        self.camera_in = nn.Parameter(torch.randn(len(cameras), dim) * 0.02)
        self.layers = nn.ModuleList(CrossLayer(dim, config.heads) for _ in range(config.layers))
        self.questions = nn.Parameter(torch.randn(config.slots, dim) * 0.2)
        self.ask, self.place_norm = Attention(dim, config.heads), nn.LayerNorm(dim)
        self.pointers = nn.ModuleDict({name: Pointer(dim, dim) for name in cameras})
        self.say = nn.Linear(config.slots * dim, SAID)
        self.describe = nn.Sequential(nn.Linear(dim, DESCRIPTION), nn.ReLU())
        self.body = Body(config, frames=config.history, feels=config.uses_proprioception, knows_hand=config.uses_hand_pose)
        self.points_width = 3 * config.slots * len(cameras)
        self.vision_width = self.points_width + GOALS * DESCRIPTION * len(cameras)
        self.width = self.vision_width + SAID + self.body.width
        self.recognise = nn.Sequential(nn.Linear(self.points_width + SAID, 64), nn.ReLU(), nn.Linear(64, 1))

    def forward(self, batch: Batch, read: Read) -> Known:
        """Return all that is known."""
        words, grids = self.word_in(read.words), self.grids(batch)
        places = torch.cat([self.tokens(name, grid) for name, grid in grids.items()], dim=1)
        for layer in self.layers:
            words, places = layer(words, places, read.is_word)
        asked = self.ask(self.questions.expand(len(words), -1, -1), words, read.is_word[:, None, None])
        asked = asked + self.questions
        points, described, outputs = self._found(asked, self.place_norm(places), grids)
        with torch.autocast(words.device.type, enabled=False):  # small layers; half precision would cost millimetres
            said = self.say(asked.float().flatten(1))
            body, hand = self.body(batch["state"].float())
            seen = torch.cat([points, described], dim=1)
            outputs["grounding"] = self.recognise(torch.cat([points, said], dim=1)).squeeze(1)
            return Known(torch.cat([seen, said, body], dim=1), seen, said, hand, outputs)

    def grids(self, batch: Batch) -> dict[str, Tensor]:
        """Return features (B, C, h, w) of each camera."""
        return {name: self.eyes(name, batch["images"][name]) for name in self.cameras}

    def tokens(self, camera: str, grid: Tensor) -> Tensor:
        """Return the places of a camera's features as tokens (B, h * w, dim) that know where they are."""
        batch, _, height, width = grid.shape
        where = _coordinates(height, width, grid).expand(batch, -1, -1)
        tokens: Tensor = self.place_in(torch.cat([grid.flatten(2).transpose(1, 2), where], dim=2))
        return tokens + self.camera_in[self.cameras.index(camera)]

    def _found(self, asked: Tensor, places: Tensor, grids: dict[str, Tensor]) -> tuple[Tensor, Tensor, Outputs]:
        """Return points (B, ...), descriptions of the goal's objects (B, ...), and maps by camera."""
        points, described, first = [], [], 0
        outputs: Outputs = {}
        for name, grid in grids.items():
            height, width = grid.shape[-2:]
            found = self.pointers[name](asked, places[:, first : first + height * width], height, width)
            first += height * width
            points.append(found.points.flatten(1))
            described.append(self.describe(found.there[:, :GOALS]).float().flatten(1))
            outputs[GOALS_IN + name] = found.maps[:, :GOALS]
            outputs[HEAT_IN + name] = found.maps.mean(1)
        return torch.cat(points, dim=1), torch.cat(described, dim=1), outputs


def _coordinates(height: int, width: int, like: Tensor) -> Tensor:
    """Return x and y of each place of a grid, from -1 to 1, (1, h * w, 2)."""
    rows, columns = int(height), int(width)
    lines = [
        [2.0 * column / max(1, columns - 1) - 1.0, 2.0 * row / max(1, rows - 1) - 1.0]
        for row in range(rows)
        for column in range(columns)
    ]
    return torch.tensor([lines], dtype=like.dtype, device=like.device)
