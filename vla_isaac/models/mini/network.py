"""`MiniVLA`: pictures, the sentence and the joints to the next small motion of the hand.

Three parts that meet only at work: eyes that say what stands where whatever was said, a reading that says what is asked
whatever stands there, and a part that decides. Each learns from what is cheap for it: eyes from many short looks at many
scenes, the reading from sentences alone, the deciding part from every control period of demonstrations without any picture.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from vla_isaac.core.errors import ConfigError
from vla_isaac.models.asked import ANY, COLOUR_NAMES, NUM_GOALS
from vla_isaac.models.base import Answer, Batch, Outputs, VLAModel
from vla_isaac.models.kinematics import HandPose
from vla_isaac.models.mini import memory as memories
from vla_isaac.models.mini.configuration import MiniConfig
from vla_isaac.models.mini.eye import (
    KINDS,
    NUM_SIGHTS,
    SHAPES_OF_KIND,
    Cells,
    Eye,
    EyeShape,
    Sights,
    best,
    fused,
    measured_offset,
    sight_of,
)
from vla_isaac.models.mini.geometry import hand_pose, make_eye
from vla_isaac.models.mini.mover import STEP, Mover
from vla_isaac.models.mini.places import Places
from vla_isaac.models.mini.reading import Reading, is_read, reading_loss
from vla_isaac.models.mini.scene import Goals, Hand, Things, has_other, rows
from vla_isaac.models.mini.seeing import Known, seeing_loss
from vla_isaac.scene.objects import SHAPES

LEAST_OPENING = 0.7  # fraction; no demonstration opens less when it lets go
STAYS_BOUND = 2.0  # score that the place of before has ahead of others, so that a choice does not flicker
BOUND_NEAR = 0.015  # [m] within which a place is the one of before


class MiniVLA(VLAModel):
    """About two million weights; a few milliseconds a decision."""

    config_class = MiniConfig
    trained_on = "transitions"
    state_offset: Tensor
    state_scale: Tensor
    sight_colour: Tensor
    sight_shape: Tensor

    def __init__(self, config: MiniConfig) -> None:
        super().__init__(config)
        width = config.image_hw[1]
        self.reading = Reading(config.num_words, config.num_buckets, config.max_words, dim=config.text_dim)
        self.hand = HandPose()
        self.eyes = nn.ModuleDict()
        for name in config.cameras:
            if name not in config.views or name not in config.crops:
                raise ConfigError(f"mini: knows no view of the camera {name!r}; give its view and crop in model_options")
            top, bottom = config.crops[name]
            if top % 8 or bottom % 8 or not 0 <= top < bottom <= config.image_hw[0] or width % 8:
                raise ConfigError(
                    f"mini: rows {top} to {bottom} of {name!r} do not go with pictures of {config.image_hw[0]} x {width}; "
                    "give multiples of 8 within the picture in model_options.crops"
                )
            shape = EyeShape(
                (top, bottom),
                width,
                config.views[name]["mount"] == "world",
                config.stem,
                config.narrow,
                config.wide,
                config.blocks,
            )
            self.eyes[name] = make_eye(shape, config.views[name])
        self.places, self.mover = Places(), Mover(config.hidden)
        self.register_buffer("state_offset", torch.tensor(config.state_offset))
        self.register_buffer("state_scale", torch.tensor(config.state_scale))
        colours, shapes = _sights()
        self.register_buffer("sight_colour", colours)
        self.register_buffer("sight_shape", shapes)
        self.post_init()

    def _init_weights(self, module: nn.Module) -> None:
        """Keep what each layer began with."""

    def forward(self, batch: Batch) -> Outputs:
        """Return what is decided, or, of a batch for learning, what each part says of its own samples."""
        return self._learn(batch) if "rows" in batch else self._decide(batch)

    # ------------------------------------------------------------------ at work

    def _decide(self, batch: Batch) -> Outputs:
        """Return raw actions, the confidence, the next memory and where each camera looked."""
        numbers, hand = self._body(batch["state"])
        hand = hand._replace(motion=_moved(hand, memories.unpacked(batch["memory"]).hand))
        told = self.reading(batch["words"], batch["pieces"])
        cells = self._look(batch["images"], numbers, hand)
        with torch.autocast(numbers.device.type, enabled=False):
            old = memories.unpacked(batch["memory"])
            seen, off = self._sighted(cells, old.offset)
            old = old._replace(offset=off)
            known = memories.remembered(old, seen, hand.position)
            goals = self._goals(told, known, seen, hand)
            things = Things(
                known.presence, known.place, known.start, seen.turn, seen.size, self.sight_shape.expand(len(numbers), -1)
            )
            bound = self._bound(things, goals, old)
            facts = self.mover.facts(things, goals, bound, hand)
            is_asked = goals.relation > 0
            turn = torch.where(is_asked, self.mover.turn_of(facts), torch.full_like(is_asked, -1e4, dtype=facts.dtype))
            raw = self.mover(rows(facts, turn.argmax(-1, keepdim=True)).squeeze(1))
            sense, asked = told["sense"].sigmoid(), self._grounded(known.presence, goals)
            outputs = {"raw": raw, "confidence": sense * asked}
            outputs["memory"] = memories.packed(
                known._replace(
                    bound=torch.cat([bound, torch.ones_like(bound[..., :1])], dim=-1),
                    hand=_noted(hand, torch.ones_like(hand.width)),
                )
            )
            outputs |= {f"map_{name}": self._map(cell, goals) for name, cell in cells.items()}
        return outputs

    def act(self, outputs: Outputs) -> Answer:
        """Return the action in metres, radians and open fraction, and the confidence."""
        raw = outputs["raw"]
        fraction = raw[:, 6:].sigmoid()
        open_at = fraction.clamp(min=LEAST_OPENING)
        decided = torch.where(fraction < self.config.opens_above, torch.zeros_like(fraction), open_at)
        actions = torch.cat([raw[:, :3] * STEP[0], raw[:, 3:6] * STEP[1], decided], dim=1)
        return Answer(actions[:, None], outputs["confidence"])

    def score(self, batch: Batch, outputs: Outputs) -> dict[str, tuple[float, int]]:
        """Return how far things are from where they are seen, and how often choices and sentences are right."""
        found: dict[str, tuple[float, int]] = {}
        known = Known(**batch["known"])
        number = sight_of(known.colour, known.shape.clamp(min=0))
        is_there = known.shape >= 0
        for name in self.eyes:
            seen = best(Cells(**{field: outputs[f"{name}_{field}"] for field in Cells._fields}))
            sure = is_there & (rows(seen.presence, number) > 0.5)
            missed = (rows(seen.place, number) - known.place).norm(dim=-1)[sure]
            found[f"{name}_mm"] = (1000.0 * float(missed.median()) if len(missed) else 0.0, len(missed))
            found[f"{name}_seen"] = (float(sure.sum() / is_there.sum().clamp(min=1)), int(is_there.sum()))
        right = batch["rows"]
        of_place, of_two = right["candidate"] >= 0, right["goals"]["relation"][:, 1] > 0
        for name, choice, wanted, counts in (
            ("places_right", outputs["score"], right["candidate"], of_place),
            ("next_right", outputs["turn"], right["active"], of_two),
        ):
            hits = (choice.argmax(-1) == wanted)[counts].float()
            found[name] = (float(hits.mean()) if len(hits) else 0.0, len(hits))
        told = {name.removeprefix("told_"): value for name, value in outputs.items() if name.startswith("told_")}
        found["read_right"] = (
            float(is_read(told, batch["labels"], batch["makes_sense"]).float().mean()),
            len(batch["labels"]),
        )
        return found

    def heat(self, outputs: Outputs) -> dict[str, Tensor]:
        """Return where the named things were found in each picture."""
        result = {}
        for name, eye in self.eyes.items():
            shape: EyeShape = eye.shape  # type: ignore[assignment]
            maps = outputs[f"map_{name}"].view(-1, *shape.grid)
            rows_below = (shape.width - shape.crop[1]) // shape.cell
            result[name] = functional.pad(maps, (0, 0, shape.crop[0] // shape.cell, rows_below))
        return result

    def memory_width(self) -> int:
        """Return how many numbers it remembers; zeros when an episode begins."""
        return memories.WIDTH

    # ------------------------------------------------------------------ learning

    def _learn(self, batch: Batch) -> Outputs:
        outputs: Outputs = {}
        numbers, hand = self._body(batch["state"])
        for name, cell in self._look(batch["images"], numbers, hand).items():
            outputs |= {f"{name}_{field}": value for field, value in cell._asdict().items()}
        outputs |= {f"told_{name}": value for name, value in self.reading(**batch["said"]).items()}
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
        """Return the weighted terms of all three parts."""
        terms: dict[str, Tensor] = {}
        known = Known(**batch["known"])
        for name, eye in self.eyes.items():
            cells = Cells(**{field: outputs[f"{name}_{field}"] for field in Cells._fields})
            found = seeing_loss(cells, eye.shape, known, batch["inside"][name], self.config.views[name]["fov_y"])  # type: ignore[arg-type]
            for term, value in found.items():
                terms[term] = terms[term] + value if term in terms else value
        told = {name.removeprefix("told_"): value for name, value in outputs.items() if name.startswith("told_")}
        terms["reading"] = reading_loss(told, batch["labels"], batch["makes_sense"])
        terms |= self._deciding(batch["rows"], outputs)
        return {name: self.config.loss_weights[name] * value for name, value in terms.items()}

    @staticmethod
    def _deciding(right: Batch, outputs: Outputs) -> dict[str, Tensor]:
        raw, actions = outputs["raw"], right["actions"]
        surprise = functional.cross_entropy(outputs["score"], right["candidate"].clamp(min=0), reduction="none")
        has_place, has_choice = (right["candidate"] >= 0).float(), (right["goals"]["relation"][:, 1] > 0).float()
        doubt = functional.cross_entropy(outputs["turn"], right["active"], reduction="none")
        return {
            "translation": (raw[:, :3] - actions[:, :3] / STEP[0]).abs().mean(),
            "rotation": (raw[:, 3:6] - actions[:, 3:6] / STEP[1]).abs().mean(),
            "gripper": functional.binary_cross_entropy_with_logits(raw[:, 6], actions[:, 6].clamp(0.0, 1.0)),
            "where": (surprise * has_place).sum() / has_place.sum().clamp(min=1.0),
            "next": (doubt * has_choice).sum() / has_choice.sum().clamp(min=1.0),
        }

    # ------------------------------------------------------------------ parts of a decision

    def _body(self, state: Tensor) -> tuple[Tensor, Hand]:
        """Return the twelve numbers that eyes are given, and how the arm stands, of normalised (B, F, 8)."""
        now = state[:, -1].float() * self.state_scale + self.state_offset
        numbers = self.hand(now[:, :7])
        position, rotation = hand_pose(numbers)
        return torch.cat([numbers, now[:, 7:8] * 10.0], dim=1), Hand(
            position, rotation, now[:, 7], now[:, :7], torch.zeros_like(now[:, :5])
        )

    def _look(self, pictures: dict[str, Tensor], numbers: Tensor, hand: Hand) -> dict[str, Cells]:
        found = {}
        for name, eye in self.eyes.items():
            assert isinstance(eye, Eye)
            raw = eye(pictures[name][:, -1], numbers)
            with torch.autocast(numbers.device.type, enabled=False):
                found[name] = eye.split(raw, (hand.position, hand.rotation))
        return found

    def _sighted(self, cells: dict[str, Cells], offset: Tensor) -> tuple[Sights, Tensor]:
        """Return what all cameras say together, and how far the one in front is off, as the one on the hand shows."""
        mounts = {name: self.config.views[name]["mount"] for name in cells}
        near = [best(cell) for name, cell in cells.items() if mounts[name] != "world"]
        far = [best(cell) for name, cell in cells.items() if mounts[name] == "world"]
        if near and far:
            offset = measured_offset(far[0], near[0], offset)
            flat = far[0].place[..., :2] - offset[:, None, :2]
            far[0] = far[0]._replace(place=torch.cat([flat, far[0].place[..., 2:]], dim=-1))
        return fused([*far, *near]), offset

    def _goals(self, told: Outputs, known: memories.Memory, seen: Sights, hand: Hand) -> Goals:
        """Return what is asked, as rows of the sights."""
        relation = told["relation"].argmax(-1)
        other = self._named(told["other_colour"], told["other_shape"]).argmax(-1)
        named = self._named(told["moved_colour"][..., :ANY], told["moved_shape"])
        is_any = told["moved_colour"].argmax(-1) == ANY
        shapes = told["moved_shape"].log_softmax(-1)[..., self.sight_shape]
        to_hand = (known.place - hand.position[:, None]).pow(2).sum(-1).clamp(min=1e-12).sqrt()
        to_other = (
            (known.place[:, None, :, :2] - rows(known.place, other)[:, :, None, :2]).pow(2).sum(-1).clamp(min=1e-12).sqrt()
        )
        half = rows(seen.size, other)[..., 0] * 0.01
        is_inside = (to_other < half[..., None]) & (to_hand[:, None] > 0.06)
        one_of = (
            shapes
            + (known.presence.clamp(min=1e-4).log() * 3.0 - 2.0 * to_hand)[:, None]
            - 20.0 * is_inside.to(shapes.dtype)
        )
        moved = torch.where(is_any[..., None], one_of, named).argmax(-1)
        return Goals(relation, moved, other)

    def _named(self, colour: Tensor, shape: Tensor) -> Tensor:
        """Return how well each sight fits what was said, (B, G, S)."""
        return colour.log_softmax(-1)[..., self.sight_colour] + shape.log_softmax(-1)[..., self.sight_shape]

    def _bound(self, things: Things, goals: Goals, old: memories.Memory) -> Tensor:
        """Return where each goal's thing is to be taken [m], (B, G, 2)."""
        places, score = self.places(things, goals)
        away = (places - old.bound[:, :, None, :2]).pow(2).sum(-1)
        stays = STAYS_BOUND * torch.exp(-away / (2 * BOUND_NEAR**2)) * old.bound[..., 2:]
        return _chosen(places, score + stays)

    @staticmethod
    def _grounded(presence: Tensor, goals: Goals) -> Tensor:
        """Return the presence of the least present thing that is spoken of; 0 if nothing is asked, (B,)."""
        is_asked = goals.relation > 0
        ones = torch.ones_like(presence[:, :NUM_GOALS])
        moved = torch.where(is_asked, rows(presence, goals.moved), ones)
        other = torch.where(is_asked & has_other(goals.relation), rows(presence, goals.other), ones)
        return torch.minimum(moved, other).amin(-1) * is_asked[:, 0].to(presence.dtype)

    def _map(self, cells: Cells, goals: Goals) -> Tensor:
        """Return how likely each cell holds one of the named things, sum 1, (B, N)."""
        chance = (
            functional.logsigmoid(cells.centre)[..., None, None]
            + cells.colour.log_softmax(-1)[..., :, None]
            + cells.shape.log_softmax(-1)[..., None, :]
        ).exp()
        batch, kinds, count = cells.centre.shape
        by_sight = chance.reshape(batch, kinds, count, -1).transpose(2, 3).reshape(batch, NUM_SIGHTS, count)
        other = torch.where(has_other(goals.relation), goals.other, goals.moved)
        index = torch.cat([goals.moved[:, :1], other[:, :1]], dim=1)
        found = rows(by_sight, index).sum(1) + 1e-6
        return found / found.sum(1, keepdim=True)


def _noted(hand: Hand, is_known: Tensor) -> Tensor:
    """Return what is remembered of a hand, (B, 5)."""
    return torch.cat([hand.position, hand.width[:, None], is_known[:, None]], dim=1)


def _moved(hand: Hand, before: Tensor) -> Tensor:
    """Return what changed since what was remembered, and whether anything was, (B, 5)."""
    now = torch.cat([hand.position, hand.width[:, None]], dim=1)
    return torch.cat([(now - before[:, :4]) * before[:, 4:], before[:, 4:]], dim=1)


def _chosen(places: Tensor, score: Tensor) -> Tensor:
    index = score.argmax(-1)[..., None, None].expand(-1, -1, 1, 2)
    return torch.gather(places, 2, index).squeeze(2)


def _sights() -> tuple[Tensor, Tensor]:
    """Return colour and shape of each sight, int64 (S,)."""
    colours, shapes = [], []
    for kind in KINDS:
        for colour in range(len(COLOUR_NAMES)):
            for shape in range(SHAPES_OF_KIND):
                colours.append(colour)
                shapes.append(SHAPES.index(kind[shape]))
    return torch.tensor(colours), torch.tensor(shapes)
