"""`MiniVLA`: keypoints of each camera, the sentence and the joints, to a chunk of actions.

The sentence modulates the camera encoders and also says what some keypoints look for, so that "the red cube" can be found
whatever it was seen with before. Beside the actions, two small heads say where the goal's objects are (training only; it
makes the keypoints find them) and whether what the sentence names is there at all.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from vla_isaac.models import losses
from vla_isaac.models.base import Answer, Batch, Outputs, VLAModel
from vla_isaac.models.kinematics import MIDDLE, HandPose
from vla_isaac.models.mini.camera import CameraEncoder
from vla_isaac.models.mini.configuration import MiniConfig
from vla_isaac.models.sentences import SentenceEncoder
from vla_isaac.robots.panda import ARM_JOINTS

GRIPPER = "gripper"
UNIT = 0.1  # [m] that the object head calls 1


class MiniVLA(VLAModel):
    """About a million weights; 5 ms a decision on one core."""

    config_class = MiniConfig
    state_offset: Tensor
    state_scale: Tensor
    is_gripper: Tensor

    def __init__(self, config: MiniConfig) -> None:
        super().__init__(config)
        self.sentence = SentenceEncoder(
            config.num_words, config.num_buckets, config.max_words, dim=config.text_dim, slots=config.text_slots
        )
        self.eyes = nn.ModuleDict({name: CameraEncoder(config, name) for name in config.cameras})
        self.hand = HandPose() if _has_joints(config) else None
        self.register_buffer("state_offset", torch.tensor(config.state_offset))
        self.register_buffer("state_scale", torch.tensor(config.state_scale))
        self.register_buffer("is_gripper", torch.tensor([name == GRIPPER for name in config.action_names]))
        points = sum(cast(CameraEncoder, eye).num_points for eye in self.eyes.values())
        text = config.text_dim * config.text_slots
        body = config.history * len(config.state_names) + (HandPose.num_outputs if self.hand is not None else 0)
        seen, hidden = 3 * points + text + body, config.hidden
        self.find = nn.Sequential(nn.Linear(seen, hidden // 2), nn.ReLU(), nn.Linear(hidden // 2, 6))
        self.decide = nn.Sequential(
            nn.Linear(seen + 6, hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, config.chunk * len(config.action_names)),
        )
        spoken = len(config.cameras) * config.spoken_keypoints
        self.recognise = nn.Sequential(nn.Linear(3 * spoken + text, 64), nn.ReLU(), nn.Linear(64, 1))
        self.post_init()

    def _init_weights(self, module: nn.Module) -> None:
        """Keep what each layer began with."""

    def forward(self, batch: Batch) -> Outputs:
        """Return raw actions, object positions, the grounding logit and the maps of each camera."""
        sentence = self.sentence(batch["words"], batch["pieces"]).flatten(1)
        points: list[Tensor] = []
        outputs: Outputs = {}
        for name, eye in self.eyes.items():
            found, shares = eye(_as_floats(batch["images"][name]), sentence)
            points.append(found)
            outputs[f"map_{name}"] = shares
        with torch.autocast(sentence.device.type, enabled=False):  # small layers; half precision would cost millimetres
            said = sentence.float()
            everything = torch.cat([p.flatten(1) for p in points] + [said, self._body(batch["state"].float())], dim=1)
            where = self.find(everything)
            raw = self.decide(torch.cat([everything, where], dim=1))
            spoken = [p[:, -self.config.spoken_keypoints :].flatten(1) for p in points]
            outputs["grounding"] = self.recognise(torch.cat([*spoken, said], dim=1)).squeeze(1)
        outputs["objects"] = where
        outputs["raw"] = raw.view(-1, self.config.chunk, len(self.config.action_names))
        return outputs

    def loss(self, batch: Batch, outputs: Outputs) -> dict[str, Tensor]:
        """Return the weighted terms; a sentence that does not fit has no right action, only a right doubt."""
        raw, wanted = outputs["raw"], batch["actions"]
        is_fitting = batch.get("is_fitting")
        if is_fitting is None:
            is_fitting = torch.ones(len(raw), device=raw.device)
        counts = (~batch["is_pad"] & (is_fitting[:, None] > 0)).unsqueeze(-1)
        terms: dict[str, Tensor] = {}
        for kind, columns in self._columns().items():
            distance = losses.gripper_bce if kind == GRIPPER else losses.l1
            terms[kind] = distance(wanted[..., columns], raw[..., columns], counts)
        if "goal_objects" in batch:
            places = (batch["goal_objects"] - torch.tensor(2 * MIDDLE, device=raw.device)) / UNIT
            terms["objects"] = losses.positions(places, outputs["objects"], is_fitting[:, None])
        terms["grounding"] = losses.grounding(is_fitting, outputs["grounding"])
        return {name: self.config.loss_weights[name] * value for name, value in terms.items()}

    def act(self, outputs: Outputs) -> Answer:
        """Return the chunk, the gripper as open fraction, and the confidence."""
        raw = outputs["raw"]
        return Answer(torch.where(self.is_gripper, raw.sigmoid(), raw), outputs["grounding"].sigmoid())

    def heat(self, outputs: Outputs) -> dict[str, Tensor]:
        """Return the maps of all points, each as heavy as the first layer of the decision takes its place."""
        first = cast(nn.Linear, self.decide[0]).weight
        result, begin = {}, 0
        for name, eye in self.eyes.items():
            count = cast(CameraEncoder, eye).num_points
            columns = first[:, begin : begin + 3 * count].view(-1, count, 3)[..., :2]
            weight = columns.pow(2).sum((0, 2))
            result[name] = torch.einsum("p,bphw->bhw", weight / weight.sum(), outputs[f"map_{name}"])
            begin += 3 * count
        return result

    # ------------------------------------------------------------------

    def _body(self, state: Tensor) -> Tensor:
        """Return the state, and with it the hand's pose if its joints are known."""
        parts = [state.flatten(1)]
        if self.hand is not None:
            now = state[:, -1] * self.state_scale + self.state_offset
            first = self.config.state_names.index(ARM_JOINTS[0])
            parts.append(self.hand(now[:, first : first + len(ARM_JOINTS)]))
        return torch.cat(parts, dim=1)

    def _columns(self) -> dict[str, list[int]]:
        """Return which numbers of an action are of which kind; all of a joint action count as translation."""
        kinds: dict[str, list[int]] = {}
        for column, name in enumerate(self.config.action_names):
            kind = GRIPPER if name == GRIPPER else "rotation" if name in ("rx", "ry", "rz") else "translation"
            kinds.setdefault(kind, []).append(column)
        return kinds


def _as_floats(pictures: Tensor) -> Tensor:
    """Return uint8 (B, F, 3, H, W) as floats about 0, the history side by side in the channels."""
    floats = pictures.flatten(1, 2).to(torch.float32) * (1 / 127.5) - 1.0
    if torch.onnx.is_in_onnx_export():
        return floats
    return floats.contiguous(memory_format=torch.channels_last)


def _has_joints(config: MiniConfig) -> bool:
    names = list(config.state_names)
    if not config.uses_hand_pose or ARM_JOINTS[0] not in names:
        return False
    first = names.index(ARM_JOINTS[0])
    return tuple(names[first : first + len(ARM_JOINTS)]) == ARM_JOINTS
