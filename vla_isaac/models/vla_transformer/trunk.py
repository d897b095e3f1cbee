"""`Trunk`: cross-attention between words and picture patches; `TrunkModel`: base class of networks with a trunk."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from vla_isaac.models.base import Batch, Outputs
from vla_isaac.models.encoders.encoded import EncodedModel
from vla_isaac.models.encoders.language import EncodedSentence
from vla_isaac.models.encoders.vision import CameraEncoders
from vla_isaac.models.imitation import GOALS_IN, HEAT_IN
from vla_isaac.models.parts.attention import Attention, CrossLayer
from vla_isaac.models.parts.pointer import Pointer
from vla_isaac.models.parts.proprioception import Proprioception
from vla_isaac.models.vla_transformer.configuration import TrunkConfig

GOALS = 2  # queries whose attention is supervised with the goal's objects
DESCRIPTION = 32  # features at each of them
SAID = 128  # features of a sentence


class TrunkOutput(NamedTuple):
    """Features of the pictures, the sentence and the state."""

    everything: Tensor
    """All features, (B, `Trunk.width`)."""

    vision: Tensor
    """Picture features, (B, `Trunk.vision_width`)."""

    language: Tensor
    """Sentence features, (B, SAID)."""

    hand: Tensor | None
    """Output of `HandPose`."""

    outputs: Outputs
    """grounding, and goals and heat of each camera, see `ImitationModel`."""


class Trunk(nn.Module):
    """Cross-attention between words and patches; then a few queries of the sentence attend to the patches."""

    def __init__(self, config: TrunkConfig, *, text: int) -> None:
        """Initialise the module; `text` is the width of the input word vectors."""
        super().__init__()
        dim, cameras = config.dim, list(config.cameras)
        self.eyes = CameraEncoders(config, frames=config.history)
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
        self.body = Proprioception(config, frames=config.history)
        self.points_width = 3 * config.slots * len(cameras)
        self.vision_width = self.points_width + GOALS * DESCRIPTION * len(cameras)
        self.width = self.vision_width + SAID + self.body.width
        self.recognise = nn.Sequential(nn.Linear(self.points_width + SAID, 64), nn.ReLU(), nn.Linear(64, 1))

    def forward(self, batch: Batch, read: EncodedSentence) -> TrunkOutput:
        """Return the features."""
        words, grids = self.word_in(read.words), self.grids(batch)
        places = torch.cat([self.tokens(name, grid) for name, grid in grids.items()], dim=1)
        for layer in self.layers:
            words, places = layer(words, places, read.is_word)
        queries = self.ask(self.questions.expand(len(words), -1, -1), words, read.is_word[:, None, None])
        queries = queries + self.questions
        points, described, outputs = self._found(queries, self.place_norm(places), grids)
        with torch.autocast(words.device.type, enabled=False):  # small layers; half precision costs millimetres
            sentence = self.say(queries.float().flatten(1))
            body, hand = self.body(batch["state"].float())
            seen = torch.cat([points, described], dim=1)
            outputs["grounding"] = self.recognise(torch.cat([points, sentence], dim=1)).squeeze(1)
            return TrunkOutput(torch.cat([seen, sentence, body], dim=1), seen, sentence, hand, outputs)

    def grids(self, batch: Batch) -> dict[str, Tensor]:
        """Return features (B, C, h, w) of each camera."""
        return {name: self.eyes(name, batch["images"][name]) for name in self.cameras}

    def tokens(self, camera: str, grid: Tensor) -> Tensor:
        """Return the patches of a camera's features as tokens (B, h * w, dim) with position encoding."""
        batch, _, height, width = grid.shape
        where = _coordinates(height, width, grid).expand(batch, -1, -1)
        tokens: Tensor = self.place_in(torch.cat([grid.flatten(2).transpose(1, 2), where], dim=2))
        return tokens + self.camera_in[self.cameras.index(camera)]

    def _found(self, queries: Tensor, places: Tensor, grids: dict[str, Tensor]) -> tuple[Tensor, Tensor, Outputs]:
        """Return points (B, ...), features at the goal's objects (B, ...), and maps by camera."""
        points, described, first = [], [], 0
        outputs: Outputs = {}
        for name, grid in grids.items():
            height, width = grid.shape[-2:]
            found = self.pointers[name](queries, places[:, first : first + height * width], height, width)
            first += height * width
            points.append(found.points.flatten(1))
            described.append(self.describe(found.there[:, :GOALS]).float().flatten(1))
            outputs[GOALS_IN + name] = found.maps[:, :GOALS]
            outputs[HEAT_IN + name] = found.maps.mean(1)
        return torch.cat(points, dim=1), torch.cat(described, dim=1), outputs


class TrunkModel(EncodedModel):
    """Base class of networks that predict actions from the features of a `Trunk`; a subclass defines `head`."""

    config_class = TrunkConfig

    def __init__(self, config: TrunkConfig) -> None:
        super().__init__(config)
        self.trunk = Trunk(config, text=config.text_dim)

    def forward(self, batch: Batch) -> Outputs:
        """Return the outputs of the trunk and of the head."""
        known: TrunkOutput = self.trunk(batch, self.read(batch))
        with torch.autocast(known.everything.device.type, enabled=False):
            outputs = {**known.outputs, **self.head(batch, known)}
        outputs["raw"] = outputs["raw"].view(-1, self.config.chunk, len(self.config.action_names))
        return outputs

    def head(self, batch: Batch, known: TrunkOutput) -> Outputs:
        """Return ``objects``, ``raw`` (B, k * A) and further outputs, see `ImitationModel`."""
        raise NotImplementedError


def _coordinates(height: int, width: int, like: Tensor) -> Tensor:
    """Return x and y of each patch of a grid, from -1 to 1, (1, h * w, 2)."""
    rows, columns = int(height), int(width)
    lines = [
        [2.0 * column / max(1, columns - 1) - 1.0, 2.0 * row / max(1, rows - 1) - 1.0]
        for row in range(rows)
        for column in range(columns)
    ]
    return torch.tensor([lines], dtype=like.dtype, device=like.device)
