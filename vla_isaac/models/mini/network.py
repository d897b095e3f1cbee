"""`MiniVLA`: pictures, the goals of the sentence and the joints to the next small motion of the hand.

Two parts are trained together: detectors locate all objects independent of the instruction; the controller head predicts the
motion. Each is trained on the data that is cheap for it: detectors on pictures of many scenes, the controller head on the
state of every control period of demonstrations, without pictures. What the sentence asks for is an input, from the grounding
network, which reads the sentence over the objects that the detectors see.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from vla_isaac.core.errors import ConfigError
from vla_isaac.models.base import Answer, Batch, Outputs, VLAModel
from vla_isaac.models.goal_query import ANY, COLOUR_NAMES, NUM_GOALS
from vla_isaac.models.imitation import open_or_closed
from vla_isaac.models.kinematics import HandPose
from vla_isaac.models.mini import memory as memories
from vla_isaac.models.mini.configuration import MiniConfig
from vla_isaac.models.mini.controller_head import STEP, ControllerHead
from vla_isaac.models.mini.detection_loss import GroundTruth, detection_loss
from vla_isaac.models.mini.detector import (
    KINDS,
    NUM_DETECTIONS,
    SHAPES_OF_KIND,
    Cells,
    Detections,
    Detector,
    DetectorShape,
    best_detections,
    detection_index,
    fuse,
    measured_offset,
)
from vla_isaac.models.mini.geometry import hand_pose, make_detector
from vla_isaac.models.mini.places import Places
from vla_isaac.models.mini.scene import Goals, Hand, Things, has_other, rows
from vla_isaac.scene.objects import SHAPES

STAYS_BOUND = 2.0  # score added to the previous target, so that the choice does not flicker
BOUND_NEAR = 0.015  # [m] within which a target is the previous one


class MiniVLA(VLAModel):
    """About two million weights; a few milliseconds per decision."""

    config_class = MiniConfig
    trained_on = "transitions"
    takes_goals = True
    state_offset: Tensor
    state_scale: Tensor
    sight_colour: Tensor
    sight_shape: Tensor

    def __init__(self, config: MiniConfig) -> None:
        super().__init__(config)
        width = config.image_hw[1]
        self.hand = HandPose()
        self.eyes = nn.ModuleDict()
        for name in config.cameras:
            if name not in config.views or name not in config.crops:
                raise ConfigError(f"mini: the camera {name!r} has no view; give its view and crop in model_options")
            top, bottom = config.crops[name]
            if top % 8 or bottom % 8 or not 0 <= top < bottom <= config.image_hw[0] or width % 8:
                raise ConfigError(
                    f"mini: rows {top} to {bottom} of {name!r} do not fit pictures of {config.image_hw[0]} x {width}; "
                    "give multiples of 8 within the picture in model_options.crops"
                )
            shape = DetectorShape(
                (top, bottom),
                width,
                config.views[name]["mount"] == "world",
                config.stem,
                config.narrow,
                config.wide,
                config.blocks,
            )
            self.eyes[name] = make_detector(shape, config.views[name])
        self.places, self.mover = Places(), ControllerHead(config.hidden)
        self.register_buffer("state_offset", torch.tensor(config.state_offset))
        self.register_buffer("state_scale", torch.tensor(config.state_scale))
        colours, shapes = _detection_classes()
        self.register_buffer("sight_colour", colours)
        self.register_buffer("sight_shape", shapes)
        self.post_init()

    def _init_weights(self, module: nn.Module) -> None:
        """Keep each layer's own initialisation."""

    def forward(self, batch: Batch) -> Outputs:
        """Return the action; for a training batch, the predictions of each part for its own samples."""
        return self._learn(batch) if "rows" in batch else self._decide(batch)

    # ------------------------------------------------------------------ inference

    def _decide(self, batch: Batch) -> Outputs:
        """Return raw actions, the confidence, the next memory and the heat map of each camera."""
        numbers, hand = self._body(batch["state"])
        hand = hand._replace(motion=_moved(hand, memories.unpack(batch["memory"]).hand))
        cells = self._cells(batch["images"], numbers, hand)
        with torch.autocast(numbers.device.type, enabled=False):
            old = memories.unpack(batch["memory"])
            seen, off = self._detections(cells, old.offset)
            old = old._replace(offset=off)
            known = memories.update_memory(old, seen, hand.position)
            goals = self._goals(batch["goals"], known, seen, hand)
            things = Things(
                known.presence, known.place, known.start, seen.turn, seen.size, self.sight_shape.expand(len(numbers), -1)
            )
            bound = self._bound(things, goals, old)
            facts = self.mover.facts(things, goals, bound, hand)
            is_goal = goals.relation > 0
            turn = torch.where(is_goal, self.mover.turn_of(facts), torch.full_like(is_goal, -1e4, dtype=facts.dtype))
            raw = self.mover(rows(facts, turn.argmax(-1, keepdim=True)).squeeze(1))
            outputs = {"raw": raw, "confidence": self._presence(known.presence, goals)}
            outputs |= {"presence": known.presence, "place": known.place}
            outputs["memory"] = memories.pack(
                known._replace(
                    bound=torch.cat([bound, torch.ones_like(bound[..., :1])], dim=-1),
                    hand=_noted(hand, torch.ones_like(hand.width)),
                )
            )
            outputs |= {f"map_{name}": self._map(cell, goals) for name, cell in cells.items()}
        return outputs

    def act(self, outputs: Outputs) -> Answer:
        """Return the action [m], [rad] and open fraction, and the confidence."""
        raw = outputs["raw"]
        opening = open_or_closed(raw[:, 6:].sigmoid(), self.config.opens_above)
        actions = torch.cat([raw[:, :3] * STEP[0], raw[:, 3:6] * STEP[1], opening], dim=1)
        return Answer(actions[:, None], outputs["confidence"])

    def score(self, batch: Batch, outputs: Outputs) -> dict[str, tuple[float, int]]:
        """Return the position error of the detections, and the accuracy of the choices."""
        found: dict[str, tuple[float, int]] = {}
        known = GroundTruth(**batch["known"])
        number = detection_index(known.colour, known.shape.clamp(min=0))
        is_there = known.shape >= 0
        for name in self.eyes:
            seen = best_detections(Cells(**{field: outputs[f"{name}_{field}"] for field in Cells._fields}))
            sure = is_there & (rows(seen.presence, number) > 0.5)
            missed = (rows(seen.place, number) - known.place).norm(dim=-1)[sure]
            found[f"{name}_mm"] = (1000.0 * float(missed.median()) if len(missed) else 0.0, len(missed))
            found[f"{name}_seen"] = (float(sure.sum() / is_there.sum().clamp(min=1)), int(is_there.sum()))
        right = batch["rows"]
        of_place, of_two = right["candidate"] >= 0, right["goals"]["relation"][:, 1] > 0
        for name, choice, target, counts in (
            ("places_right", outputs["score"], right["candidate"], of_place),
            ("next_right", outputs["turn"], right["active"], of_two),
        ):
            hits = (choice.argmax(-1) == target)[counts].float()
            found[name] = (float(hits.mean()) if len(hits) else 0.0, len(hits))
        return found

    def seen(self, outputs: Outputs) -> dict[str, Tensor]:
        """Return presence, place, colour and shape of each detection class."""
        count = len(outputs["presence"])
        classes = {"colour": self.sight_colour.expand(count, -1), "shape": self.sight_shape.expand(count, -1)}
        return {"presence": outputs["presence"], "place": outputs["place"], **classes}

    def heat(self, outputs: Outputs) -> dict[str, Tensor]:
        """Return the heat map of the named objects in each picture."""
        result = {}
        for name, detector in self.eyes.items():
            shape: DetectorShape = detector.shape  # type: ignore[assignment]
            maps = outputs[f"map_{name}"].view(-1, *shape.grid)
            rows_below = (shape.width - shape.crop[1]) // shape.cell
            result[name] = functional.pad(maps, (0, 0, shape.crop[0] // shape.cell, rows_below))
        return result

    def memory_width(self) -> int:
        """Return the width of the memory; zeros when an episode begins."""
        return memories.WIDTH

    # ------------------------------------------------------------------ training

    def _learn(self, batch: Batch) -> Outputs:
        outputs: Outputs = {}
        numbers, hand = self._body(batch["state"])
        for name, cell in self._cells(batch["images"], numbers, hand).items():
            outputs |= {f"{name}_{field}": value for field, value in cell._asdict().items()}
        with torch.autocast(numbers.device.type, enabled=False):
            things, goals = Things(**batch["rows"]["things"]), Goals(**batch["rows"]["goals"])
            _, arm = self._body(batch["rows"]["state"])
            _, before = self._body(batch["rows"]["before"])
            arm = arm._replace(motion=_moved(arm, _noted(before, batch["rows"]["is_going_on"])))
            places, score = self.places(things, goals)
            chosen = _chosen(places, score)
            active = batch["rows"]["active"][:, None]
            right = batch["rows"]["place"]
            is_right = torch.arange(NUM_GOALS, device=right.device) == active
            is_known = is_right & torch.isfinite(right[:, :1])
            bound = torch.where(is_known[..., None], torch.nan_to_num(right)[:, None], chosen)
            facts = self.mover.facts(things, goals, bound, arm)
            outputs["turn"] = self.mover.turn_of(facts)
            outputs["raw"] = self.mover(rows(facts, active).squeeze(1))
            outputs["score"] = rows(score, active).squeeze(1)
        return outputs

    def loss(self, batch: Batch, outputs: Outputs) -> dict[str, Tensor]:
        """Return the weighted terms of both parts."""
        terms: dict[str, Tensor] = {}
        known = GroundTruth(**batch["known"])
        for name, detector in self.eyes.items():
            cells = Cells(**{field: outputs[f"{name}_{field}"] for field in Cells._fields})
            found = detection_loss(cells, detector.shape, known, batch["inside"][name], self.config.views[name]["fov_y"])  # type: ignore[arg-type]
            for term, value in found.items():
                terms[term] = terms[term] + value if term in terms else value
        terms |= self._controller_loss(batch["rows"], outputs)
        return {name: self.config.loss_weights[name] * value for name, value in terms.items()}

    @staticmethod
    def _controller_loss(target: Batch, outputs: Outputs) -> dict[str, Tensor]:
        raw, actions = outputs["raw"], target["actions"]
        choice = functional.cross_entropy(outputs["score"], target["candidate"].clamp(min=0), reduction="none")
        has_place, has_choice = (target["candidate"] >= 0).float(), (target["goals"]["relation"][:, 1] > 0).float()
        order = functional.cross_entropy(outputs["turn"], target["active"], reduction="none")
        return {
            "translation": (raw[:, :3] - actions[:, :3] / STEP[0]).abs().mean(),
            "rotation": (raw[:, 3:6] - actions[:, 3:6] / STEP[1]).abs().mean(),
            "gripper": functional.binary_cross_entropy_with_logits(raw[:, 6], actions[:, 6].clamp(0.0, 1.0)),
            "where": (choice * has_place).sum() / has_place.sum().clamp(min=1.0),
            "next": (order * has_choice).sum() / has_choice.sum().clamp(min=1.0),
        }

    # ------------------------------------------------------------------ parts of a decision

    def _body(self, state: Tensor) -> tuple[Tensor, Hand]:
        """Return the twelve input numbers of the detectors, and the state of the arm, from normalised (B, F, 8)."""
        now = state[:, -1].float() * self.state_scale + self.state_offset
        numbers = self.hand(now[:, :7])
        position, rotation = hand_pose(numbers)
        return torch.cat([numbers, now[:, 7:8] * 10.0], dim=1), Hand(
            position, rotation, now[:, 7], now[:, :7], torch.zeros_like(now[:, :5])
        )

    def _cells(self, pictures: dict[str, Tensor], numbers: Tensor, hand: Hand) -> dict[str, Cells]:
        found = {}
        for name, detector in self.eyes.items():
            assert isinstance(detector, Detector)
            raw = detector(pictures[name][:, -1], numbers)
            with torch.autocast(numbers.device.type, enabled=False):
                found[name] = detector.split(raw, (hand.position, hand.rotation))
        return found

    def _detections(self, cells: dict[str, Cells], offset: Tensor) -> tuple[Detections, Tensor]:
        """Return the fused detections of all cameras, and the offset of the front camera measured with the wrist camera."""
        mounts = {name: self.config.views[name]["mount"] for name in cells}
        near = [best_detections(cell) for name, cell in cells.items() if mounts[name] != "world"]
        far = [best_detections(cell) for name, cell in cells.items() if mounts[name] == "world"]
        if near and far:
            offset = measured_offset(far[0], near[0], offset)
            flat = far[0].place[..., :2] - offset[:, None, :2]
            far[0] = far[0]._replace(place=torch.cat([flat, far[0].place[..., 2:]], dim=-1))
        return fuse([*far, *near]), offset

    def _goals(self, asked: Tensor, known: memories.Memory, seen: Detections, hand: Hand) -> Goals:
        """Return the goals (B, NUM_GOALS, WIDTH) as indices of detections; of "all cubes" the next that is not yet there."""
        relation, moved_colour, moved_shape, other_colour, other_shape = asked.unbind(-1)
        other = self._detection(other_colour, other_shape)
        is_any = moved_colour == ANY
        to_hand = (known.place - hand.position[:, None]).pow(2).sum(-1).clamp(min=1e-12).sqrt()
        to_other = (
            (known.place[:, None, :, :2] - rows(known.place, other)[:, :, None, :2]).pow(2).sum(-1).clamp(min=1e-12).sqrt()
        )
        half = rows(seen.size, other)[..., 0] * 0.01
        is_inside = (to_other < half[..., None]) & (to_hand[:, None] > 0.06)
        of_shape = self.sight_shape == moved_shape[..., None]
        one_of = (
            (known.presence.clamp(min=1e-4).log() * 3.0 - 2.0 * to_hand)[:, None]
            - 20.0 * is_inside.to(to_hand.dtype)
            - 40.0 * (~of_shape).to(to_hand.dtype)
        )
        moved = torch.where(is_any, one_of.argmax(-1), self._detection(moved_colour, moved_shape))
        return Goals(relation.clamp(min=0), moved, other)

    def _detection(self, colour: Tensor, shape: Tensor) -> Tensor:
        """Return the detection of each goal's colour and shape, (B, G); any where the goal has none."""
        hits = (self.sight_colour == colour[..., None]).long() + (self.sight_shape == shape[..., None]).long()
        return hits.argmax(-1)

    def _bound(self, things: Things, goals: Goals, old: memories.Memory) -> Tensor:
        """Return the target position of each goal's moved object [m], (B, G, 2)."""
        places, score = self.places(things, goals)
        away = (places - old.bound[:, :, None, :2]).pow(2).sum(-1)
        stays = STAYS_BOUND * torch.exp(-away / (2 * BOUND_NEAR**2)) * old.bound[..., 2:]
        return _chosen(places, score + stays)

    @staticmethod
    def _presence(presence: Tensor, goals: Goals) -> Tensor:
        """Return the lowest presence of the objects of the goals; 0 without a goal, (B,)."""
        is_goal = goals.relation > 0
        ones = torch.ones_like(presence[:, :NUM_GOALS])
        moved = torch.where(is_goal, rows(presence, goals.moved), ones)
        other = torch.where(is_goal & has_other(goals.relation), rows(presence, goals.other), ones)
        return torch.minimum(moved, other).amin(-1) * is_goal[:, 0].to(presence.dtype)

    def _map(self, cells: Cells, goals: Goals) -> Tensor:
        """Return the probability of each cell to contain one of the named objects, sum 1, (B, N)."""
        probability = (
            functional.logsigmoid(cells.centre)[..., None, None]
            + cells.colour.log_softmax(-1)[..., :, None]
            + cells.shape.log_softmax(-1)[..., None, :]
        ).exp()
        batch, kinds, count = cells.centre.shape
        by_detection = probability.reshape(batch, kinds, count, -1).transpose(2, 3).reshape(batch, NUM_DETECTIONS, count)
        other = torch.where(has_other(goals.relation), goals.other, goals.moved)
        index = torch.cat([goals.moved[:, :1], other[:, :1]], dim=1)
        found = rows(by_detection, index).sum(1) + 1e-6
        return found / found.sum(1, keepdim=True)


def _noted(hand: Hand, is_known: Tensor) -> Tensor:
    """Return the entry of the hand in the memory, (B, 5)."""
    return torch.cat([hand.position, hand.width[:, None], is_known[:, None]], dim=1)


def _moved(hand: Hand, before: Tensor) -> Tensor:
    """Return the change of the hand since the memory, and 1 if the memory has it, (B, 5)."""
    now = torch.cat([hand.position, hand.width[:, None]], dim=1)
    return torch.cat([(now - before[:, :4]) * before[:, 4:], before[:, 4:]], dim=1)


def _chosen(places: Tensor, score: Tensor) -> Tensor:
    index = score.argmax(-1)[..., None, None].expand(-1, -1, 1, 2)
    return torch.gather(places, 2, index).squeeze(2)


def _detection_classes() -> tuple[Tensor, Tensor]:
    """Return colour and shape of each detection, int64 (S,)."""
    colours, shapes = [], []
    for kind in KINDS:
        for colour in range(len(COLOUR_NAMES)):
            for shape in range(SHAPES_OF_KIND):
                colours.append(colour)
                shapes.append(SHAPES.index(kind[shape]))
    return torch.tensor(colours), torch.tensor(shapes)
