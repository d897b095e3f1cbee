"""`KeypointVLA`: keypoints of each camera, the sentence and the joints to a chunk of actions.

The sentence modulates the camera encoders and is the query of some keypoints, so "the red cube" is found in combinations
that training did not show. In addition to the actions, two small heads predict the positions of the goal's objects
(training only, so that keypoints find them) and whether the named objects are in the scene.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from vla_isaac.models.base import Batch, Outputs
from vla_isaac.models.imitation import GOALS_IN, HEAT_IN, ImitationModel
from vla_isaac.models.keypoints.camera import DESCRIPTION, GOALS, CameraEncoder
from vla_isaac.models.keypoints.configuration import KeypointConfig
from vla_isaac.models.parts.action_head import ActionHead
from vla_isaac.models.parts.proprioception import Proprioception
from vla_isaac.models.sentences import SentenceEncoder


class KeypointVLA(ImitationModel):
    """About two million weights; a few milliseconds per decision on one core."""

    config_class = KeypointConfig

    def __init__(self, config: KeypointConfig) -> None:
        super().__init__(config)
        self.sentence = SentenceEncoder(
            config.num_words,
            config.num_buckets,
            config.max_words,
            dim=config.text_dim,
            slots=config.text_slots,
            layers=config.text_layers,
        )
        self.eyes = nn.ModuleDict({name: CameraEncoder(config, name) for name in config.cameras})
        self.body = Proprioception(config, frames=config.history)
        points = sum(cast(CameraEncoder, eye).num_points for eye in self.eyes.values())
        text = config.text_dim * config.text_slots
        described = len(config.cameras) * GOALS * DESCRIPTION
        seen = 3 * points + text + self.body.width + described
        self.decision = ActionHead(seen, config.hidden, config.chunk * len(config.action_names))
        spoken = len(config.cameras) * config.spoken_keypoints
        self.recognise = nn.Sequential(nn.Linear(3 * spoken + text, 64), nn.ReLU(), nn.Linear(64, 1))
        self.post_init()

    def forward(self, batch: Batch) -> Outputs:
        """Return raw actions, object positions, the grounding logit and the maps of each camera."""
        sentence, spoken = self.sentence(batch["words"], batch["pieces"]).flatten(1), self.config.spoken_keypoints
        points: list[Tensor] = []
        described: list[Tensor] = []
        outputs: Outputs = {}
        for name, eye in self.eyes.items():
            found, there, shares = eye(batch["images"][name], sentence)
            points.append(found)
            described.append(there.float())
            outputs[GOALS_IN + name] = shares[:, -spoken:][:, :GOALS]
            outputs[HEAT_IN + name] = shares
        with torch.autocast(sentence.device.type, enabled=False):  # small layers; half precision costs millimetres
            features = sentence.float()
            body, hand = self.body(batch["state"].float())
            everything = torch.cat([p.flatten(1) for p in points] + [features, body, *described], dim=1)
            outputs["objects"], raw = self.decision(everything, hand)
            looked = [p[:, -spoken:].flatten(1) for p in points]
            outputs["grounding"] = self.recognise(torch.cat([*looked, features], dim=1)).squeeze(1)
        outputs["raw"] = raw.view(-1, self.config.chunk, len(self.config.action_names))
        return outputs

    def heat(self, outputs: Outputs) -> dict[str, Tensor]:
        """Return the maps of all keypoints, weighted by the first layer of the action head."""
        first = cast(nn.Linear, self.decision.decide[0]).weight
        weighed, begin = dict(outputs), 0
        for name, eye in self.eyes.items():
            count = cast(CameraEncoder, eye).num_points
            columns = first[:, begin : begin + 3 * count].view(-1, count, 3)[..., :2]
            weight = columns.pow(2).sum((0, 2))
            weighed[HEAT_IN + name] = torch.einsum("p,bphw->bhw", weight / weight.sum(), outputs[HEAT_IN + name])
            begin += 3 * count
        return super().heat(weighed)
