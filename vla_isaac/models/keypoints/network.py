"""`KeypointVLA`: keypoints of each camera, the sentence and the joints, to a chunk of actions.

The sentence modulates the camera encoders and also says what some keypoints look for, so that "the red cube" can be found
whatever it was seen with before. Beside the actions, two small heads say where the goal's objects are (training only; it
makes the keypoints find them) and whether what the sentence names is there at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from vla_isaac.models import losses
from vla_isaac.models.base import Answer, Batch, Outputs, VLAModel
from vla_isaac.models.keypoints.camera import DESCRIPTION, GOALS, CameraEncoder
from vla_isaac.models.keypoints.configuration import KeypointConfig
from vla_isaac.models.kinematics import MIDDLE, REACH, HandPose
from vla_isaac.models.sentences import SentenceEncoder
from vla_isaac.robots.panda import ARM_JOINTS

GRIPPER = "gripper"
LEAST_OPENING = 0.7  # fraction; no demonstration opens less when it lets go
UNIT = 0.1  # [m] that the object head calls 1


class KeypointVLA(VLAModel):
    """About two million weights; a few milliseconds a decision on one core."""

    config_class = KeypointConfig
    state_offset: Tensor
    state_scale: Tensor
    is_gripper: Tensor

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
        self.hand = HandPose() if _has_joints(config) else None
        self.register_buffer("state_offset", torch.tensor(config.state_offset))
        self.register_buffer("state_scale", torch.tensor(config.state_scale))
        self.register_buffer("is_gripper", torch.tensor([name == GRIPPER for name in config.action_names]))
        points = sum(cast(CameraEncoder, eye).num_points for eye in self.eyes.values())
        text = config.text_dim * config.text_slots
        body = config.history * len(config.state_names) + (HandPose.num_outputs if self.hand is not None else 0)
        described = len(config.cameras) * GOALS * DESCRIPTION
        seen, hidden = 3 * points + text + body + described, config.hidden
        self.find = Finder(seen, hidden // 2)
        self.decide = nn.Sequential(
            nn.Linear(seen + Finder.num_outputs, hidden),
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
        described: list[Tensor] = []
        outputs: Outputs = {}
        for name, eye in self.eyes.items():
            found, there, shares = eye(batch["images"][name], sentence)
            points.append(found)
            described.append(there.float())
            outputs[f"map_{name}"] = shares
        with torch.autocast(sentence.device.type, enabled=False):  # small layers; half precision would cost millimetres
            said = sentence.float()
            state = batch["state"].float()
            hand = self._hand_pose(state)
            body = [state.flatten(1)] if hand is None else [state.flatten(1), hand]
            everything = torch.cat([p.flatten(1) for p in points] + [said, *body, *described], dim=1)
            where, known = self.find(everything, hand)
            raw = self.decide(torch.cat([everything, known], dim=1))
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
        counts = (~batch["is_pad"] & (is_fitting[:, None] > 0)).unsqueeze(-1).float()
        counts[:, 1:] *= self.config.later_weight
        terms: dict[str, Tensor] = {}
        for kind, columns in self._columns().items():
            distance = losses.gripper_bce if kind == GRIPPER else losses.l1
            terms[kind] = distance(wanted[..., columns], raw[..., columns], counts)
        if "goal_objects" in batch:
            places = (batch["goal_objects"] - torch.tensor(2 * MIDDLE, device=raw.device)) / UNIT
            terms["objects"] = losses.positions(places, outputs["objects"], is_fitting[:, None])
        if "goal_pixels" in batch:
            terms["pixels"] = torch.stack(
                [self._pointing(name, pixels, outputs, is_fitting) for name, pixels in batch["goal_pixels"].items()]
            ).sum()
        terms["grounding"] = losses.grounding(is_fitting, outputs["grounding"])
        return {name: self.config.loss_weights[name] * value for name, value in terms.items()}

    def act(self, outputs: Outputs) -> Answer:
        """Return the chunk, the gripper as a decided open fraction, and the confidence."""
        raw = outputs["raw"]
        fraction = raw.sigmoid()
        decided = torch.where(fraction < self.config.opens_above, torch.zeros_like(raw), fraction.clamp(min=LEAST_OPENING))
        return Answer(torch.where(self.is_gripper, decided, raw), outputs["grounding"].sigmoid())

    def score(self, batch: Batch, outputs: Outputs) -> dict[str, tuple[float, int]]:
        """Return the usual scores, and how far the goal's objects are from where they are said to be."""
        found = super().score(batch, outputs)
        if "goal_objects" in batch:
            fits = batch["is_fitting"] > 0
            middle = torch.tensor(2 * MIDDLE, device=fits.device)
            missed = (outputs["objects"][fits] * UNIT - (batch["goal_objects"][fits] - middle)).abs()
            known = torch.isfinite(missed)
            found["objects_mm"] = (1000.0 * float(missed[known].mean()) if known.any() else 0.0, int(known.sum()))
        return found

    def heat(self, outputs: Outputs) -> dict[str, Tensor]:
        """Return the maps of all points, each as heavy as the first layer of the decision takes its place."""
        first = cast(nn.Linear, self.decide[0]).weight
        result, begin = {}, 0
        for name, eye in self.eyes.items():
            count = cast(CameraEncoder, eye).num_points
            columns = first[:, begin : begin + 3 * count].view(-1, count, 3)[..., :2]
            weight = columns.pow(2).sum((0, 2))
            looked_at = torch.einsum("p,bphw->bhw", weight / weight.sum(), outputs[f"map_{name}"])
            result[name] = _uncropped(looked_at, self.config.crops.get(name))
            begin += 3 * count
        return result

    # ------------------------------------------------------------------

    def _hand_pose(self, state: Tensor) -> Tensor | None:
        """Return the hand's pose as eleven numbers, None where its joints are not known."""
        if self.hand is None:
            return None
        now = state[:, -1] * self.state_scale + self.state_offset
        first = self.config.state_names.index(ARM_JOINTS[0])
        pose: Tensor = self.hand(now[:, first : first + len(ARM_JOINTS)])
        return pose

    def _pointing(self, camera: str, pixels: Tensor, outputs: Outputs, is_fitting: Tensor) -> Tensor:
        """Return how far the first two spoken points of a camera are from looking at the goal's objects."""
        maps = outputs[f"map_{camera}"][:, -self.config.spoken_keypoints :][:, : pixels.shape[1]]
        top, bottom = self.config.crops.get(camera, (0.0, 1.0))
        seen = torch.stack([pixels[..., 0], (pixels[..., 1] - top) / (bottom - top)], dim=-1)
        return losses.pointing(seen, maps, is_fitting[:, None])

    def _columns(self) -> dict[str, list[int]]:
        """Return which numbers of an action are of which kind; all of a joint action count as translation."""
        kinds: dict[str, list[int]] = {}
        for column, name in enumerate(self.config.action_names):
            kind = GRIPPER if name == GRIPPER else "rotation" if name in ("rx", "ry", "rz") else "translation"
            kinds.setdefault(kind, []).append(column)
        return kinds


class Finder(nn.Module):
    """Where the goal's two objects are: seen from afar in the base's frame, seen from the hand in the hand's.

    The camera on the hand sees an object where it is relative to the fingers. To say where that is in the base's frame takes
    products of what is seen with how the hand is turned, which are given here and need not be learned.
    """

    num_outputs = 14

    def __init__(self, seen: int, hidden: int) -> None:
        super().__init__()
        self.look = nn.Sequential(nn.Linear(seen, hidden), nn.ReLU(), nn.Linear(hidden, 14))

    def forward(self, seen: Tensor, hand: Tensor | None) -> tuple[Tensor, Tensor]:
        """Return places (B, 6) in the base's frame, about 0 and in units of the object head, and (B, 14) for the decision.

        Args:
            seen: Everything that is known, (B, N).
            hand: Position, x axis and y axis of the hand as `HandPose` gives them; None knows no hand's frame.
        """
        far, near, trust = self.look(seen).split([6, 6, 2], dim=1)
        if hand is None:
            return far, torch.cat([far, near, trust], dim=1)
        x, y = hand[:, 3:6], hand[:, 6:9]
        turn = torch.stack([x, y, _cross(x, y)], dim=2)
        origin = hand[:, None, :3] * (REACH / UNIT)
        from_hand = near.view(-1, 2, 3) @ turn.transpose(1, 2) + origin
        share = trust.sigmoid()[..., None]
        places = share * from_hand + (1 - share) * far.view(-1, 2, 3)
        ahead = (places - origin) @ turn
        return places.flatten(1), torch.cat([places.flatten(1), ahead.flatten(1), trust.sigmoid()], dim=1)


def _cross(a: Tensor, b: Tensor) -> Tensor:
    """Return the vector product of (B, 3) each; written out, because ONNX has none."""
    return a[:, [1, 2, 0]] * b[:, [2, 0, 1]] - a[:, [2, 0, 1]] * b[:, [1, 2, 0]]


def _uncropped(maps: Tensor, crop: Sequence[float] | None) -> Tensor:
    """Return maps (B, h, w) of the whole picture, with nothing where it was not looked at."""
    if crop is None:
        return maps
    cells = int(maps.shape[1]) / (crop[1] - crop[0])
    return functional.pad(maps, (0, 0, round(crop[0] * cells), round((1 - crop[1]) * cells)))


def _has_joints(config: KeypointConfig) -> bool:
    names = list(config.state_names)
    if not config.uses_hand_pose or ARM_JOINTS[0] not in names:
        return False
    first = names.index(ARM_JOINTS[0])
    return tuple(names[first : first + len(ARM_JOINTS)]) == ARM_JOINTS
