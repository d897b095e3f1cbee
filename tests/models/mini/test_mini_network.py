"""The whole network: it can learn, every weight takes part, and what should not matter does not."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from vla_isaac.robots import kinematics, panda
from vla_isaac.scene.cameras import FRONT, WRIST

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from vla_isaac.models.base import load_model  # noqa: E402
from vla_isaac.models.goal_query import ANY, COLOUR_NAMES, NUM_COLOURS, NUM_GOALS, NUM_SHAPES, RELATIONS, UNSPECIFIED  # noqa: E402
from vla_isaac.models.mini.configuration import MiniConfig  # noqa: E402
from vla_isaac.models.mini.detector import NUM_DETECTIONS, Cells, fourfold  # noqa: E402
from vla_isaac.models.mini.network import MiniVLA  # noqa: E402
from vla_isaac.models.mini.places import NUM_PLACES  # noqa: E402
from vla_isaac.models.mini.scene import Goals  # noqa: E402
from vla_isaac.training.config import train_preset  # noqa: E402

STATE = [*panda.ARM_JOINTS, "gripper_width"]
SIDE = 64
THINGS, KINDS = 5, ("translation", "rotation", "gripper", "where", "next", "colour", "shape", "centre")


def tiny(**changes) -> MiniVLA:
    torch.manual_seed(0)
    sizes = train_preset("mini_tiny").model_options
    given = {"image_hw": [SIDE, SIDE], "chunk": 1, "state_names": STATE}
    return MiniVLA(MiniConfig(**{**sizes, **given, **changes}))


def postures(size: int, seed: int) -> torch.Tensor:
    random = np.random.default_rng(seed)
    qpos = panda.QPOS_HOME + random.uniform(-0.15, 0.15, size=(size, 7))
    return torch.tensor(np.column_stack([qpos, random.uniform(0.0, 0.08, size=size)]), dtype=torch.float32)[:, None]


def pictures(size: int, seed: int) -> dict:
    g = torch.Generator().manual_seed(seed)
    return {n: torch.randint(0, 256, (size, 1, 3, SIDE, SIDE), generator=g, dtype=torch.uint8) for n in ("front", "wrist")}


def asked(size: int, seed: int) -> torch.Tensor:
    """Return random goals; every second sentence has one goal only."""
    g = torch.Generator().manual_seed(seed)
    counts = (len(RELATIONS), ANY + 1, NUM_SHAPES, NUM_COLOURS, NUM_SHAPES)
    goals = torch.stack([torch.randint(0, n, (size, NUM_GOALS), generator=g) for n in counts], dim=-1)
    goals[:, 0, 0] = goals[:, 0, 0].clamp(min=1)
    goals[::2, 1] = torch.tensor([0, *([UNSPECIFIED] * 4)])
    return goals


def question(size: int, seed: int = 0) -> dict:
    """Return a batch at work; nothing is remembered yet."""
    memory = torch.zeros(size, tiny().memory_width())
    return {"images": pictures(size, seed), "state": postures(size, seed), "goals": asked(size, seed), "memory": memory}


def lesson(size: int, seed: int = 0) -> dict:
    """Return a batch to learn from: as many pictures and control periods."""
    g = torch.Generator().manual_seed(seed)
    state = postures(size, seed)

    def whole(high: int, *shape: int) -> torch.Tensor:
        return torch.randint(0, high, shape, generator=g)

    place = torch.rand(size, THINGS, 3, generator=g) * torch.tensor([0.3, 0.5, 0.05]) + torch.tensor([0.4, -0.25, 0.0])
    yaw, half = torch.rand(size, THINGS, generator=g) * 3, 1.5 + torch.rand(size, THINGS, 2, generator=g)
    shape = whole(NUM_SHAPES, size, THINGS)
    relation = torch.stack([whole(len(RELATIONS) - 1, size) + 1, whole(len(RELATIONS) - 1, size) + 1], dim=1)
    moved = whole(2, size, NUM_GOALS)
    actions = torch.rand(size, 7, generator=g) * 2 - 1
    actions[:, :6] *= torch.tensor([0.045] * 3 + [0.2] * 3)
    actions[:, 6] = whole(2, size).float()
    candidate = torch.where(whole(3, size) > 0, torch.zeros(size, dtype=torch.int64), torch.full((size,), -1))
    return {
        "images": pictures(size, seed),
        "state": state,
        "known": {"place": place, "yaw": yaw, "size": half, "shape": shape, "colour": whole(NUM_COLOURS, size, THINGS)},
        "inside": inside(place, state),
        "rows": {
            "things": {
                "presence": torch.ones(size, THINGS),
                "place": place,
                "start": place + 0.01,
                "turn": fourfold(yaw),
                "size": half,
                "shape": shape,
            },
            "goals": {"relation": relation, "moved": moved, "other": moved + 2},
            "state": postures(size, seed + 1),
            "before": postures(size, seed + 2),
            "is_going_on": (torch.arange(size) % 5 > 0).float(),
            "active": whole(2, size),
            "place": torch.where(candidate[:, None] >= 0, place[:, 0, :2], torch.full((size, 2), torch.nan)),
            "candidate": candidate,
            "actions": actions,
        },
        "episode": [str(number) for number in range(size)],
    }


def inside(place: torch.Tensor, state: torch.Tensor) -> dict:
    """Return places as the cameras of the scene see them."""
    found = {"front": FRONT.pose_mount_camera.inverse().apply(place.reshape(-1, 3).numpy()).reshape(place.shape)}
    seen = []
    for points, qpos in zip(place.numpy(), state[:, 0, :7].numpy(), strict=True):
        hand = kinematics.pose_base_ee(qpos).inverse().apply(points) + np.array([0.0, 0.0, panda.HAND_TO_EE])
        seen.append(WRIST.pose_mount_camera.inverse().apply(hand))
    found["wrist"] = np.stack(seen)
    return {name: torch.tensor(values, dtype=torch.float32) for name, values in found.items()}


def turned_round(values):
    """Return a batch in the opposite order."""
    return {k: turned_round(v) for k, v in values.items()} if isinstance(values, dict) else values.flip(0)


def decide(model: MiniVLA, batch: dict) -> dict:
    with torch.no_grad():
        return model(batch)


@cache
def taught() -> MiniVLA:
    """A few updates, so that outputs are not those of fresh weights."""
    model, batch = tiny(), lesson(16)
    optimizer = torch.optim.AdamW(model.parameters(), 3e-3)
    for _ in range(10):
        optimizer.zero_grad()
        torch.stack(list(model.loss(batch, model(batch)).values())).sum().backward()
        optimizer.step()
    return model.eval()


def test_what_is_saved_and_loaded_answers_bit_for_bit_alike(tmp_path):
    model, batch = taught(), question(3)
    model.save_pretrained(str(tmp_path))
    before, after = decide(model, batch), decide(load_model(tmp_path), batch)
    assert set(before) == set(after)
    assert [name for name in before if not before[name].equal(after[name])] == []


def test_the_order_within_a_batch_does_not_change_an_answer():
    model, batch = taught(), question(5)
    before, after = decide(model, batch), decide(model, turned_round(batch))
    assert torch.allclose(before["raw"], after["raw"].flip(0), atol=1e-5)
    assert torch.allclose(before["confidence"], after["confidence"].flip(0), atol=1e-5)
    assert torch.allclose(before["memory"], after["memory"].flip(0), atol=1e-4)


def test_only_goals_that_are_asked_for_matter():
    model, batch = taught(), question(4)
    other = batch["goals"].clone()
    other[::2, 1, 1:] = 3  # what a second goal would name that is none
    assert torch.equal(decide(model, batch)["raw"], decide(model, {**batch, "goals": other})["raw"])


def test_goals_are_turned_into_detections_of_their_colour_and_shape():
    model = tiny()
    colours, shapes = torch.meshgrid(torch.arange(NUM_COLOURS), torch.arange(NUM_SHAPES), indexing="ij")
    found = model._detection(colours.flatten()[None], shapes.flatten()[None])[0]
    assert model.sight_colour[found].equal(colours.flatten()) and model.sight_shape[found].equal(shapes.flatten())


def test_a_gradient_reaches_every_weight():
    model, batch = tiny(), lesson(32)
    torch.stack(list(model.loss(batch, model(batch)).values())).sum().backward()
    without = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert without == []


def test_every_term_of_the_loss_is_finite_and_above_nothing_but_where_it_may_be_below():
    model, batch = tiny(), lesson(8)
    terms = {name: value.item() for name, value in model.loss(batch, model(batch)).items()}
    assert all(np.isfinite(value) for value in terms.values())
    assert min(value for name, value in terms.items() if name != "place") >= 0.0  # a logarithm may be negative


def sum_of_kinds(model: MiniVLA, batch: dict) -> torch.Tensor:
    terms = model.loss(batch, model(batch))
    return torch.stack([terms[name] for name in KINDS]).sum()


@pytest.mark.parametrize("samples", [8, pytest.param(64, marks=pytest.mark.slow)])
def test_it_overfits_samples_of_each_kind_to_a_hundredth_of_its_first_loss(samples):
    model, batch = tiny(hidden=256, wide=32).eval(), lesson(samples)
    optimizer = torch.optim.AdamW(model.parameters(), 1e-2, weight_decay=0.0)
    begin, steps = float(sum_of_kinds(model, batch).detach()), 170 if samples < 64 else 300
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = 1e-2 * min(1.0, (step + 1) / 20) * (1 - step / steps)
        loss = sum_of_kinds(model, batch)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 2.0)
        optimizer.step()
    terms = model.loss(batch, model(batch))
    left = {name: round(float(terms[name].detach()), 4) for name in KINDS}
    assert sum(left.values()) <= 0.01 * begin, left


def test_a_thing_that_is_not_there_teaches_eyes_nothing_but_emptiness():
    model, batch = tiny().eval(), lesson(4)
    batch["known"]["shape"] = torch.full_like(batch["known"]["shape"], -1)
    terms = model.loss(batch, model(batch))
    assert [terms[name].item() for name in ("colour", "shape", "place", "turn", "size")] == [0.0] * 5
    assert terms["centre"].item() > 0.0


def test_an_unknown_place_of_the_expert_does_not_count():
    model, batch = tiny().eval(), lesson(8)
    batch["rows"]["candidate"] = torch.full((8,), -1)
    batch["rows"]["place"] = torch.full((8, 2), torch.nan)
    terms = model.loss(batch, model(batch))
    assert terms["where"].item() == 0.0
    assert all(bool(torch.isfinite(value)) for value in terms.values())


def test_the_gripper_is_told_to_close_or_to_open_and_never_something_between():
    logits = torch.linspace(-6, 6, 49)[:, None].expand(-1, 7)
    opening = tiny().act({"raw": logits, "confidence": torch.zeros(49)}).actions[:, 0, 6]
    assert set(opening[opening < 0.7].tolist()) == {0.0}
    assert (opening == 0.0).any() and (opening > 0.95).any()


def test_an_answer_is_in_metres_and_radians():
    raw = torch.tensor([[1.0, -1.0, 0.0, 0.5, 0.0, 0.0, 9.0]])
    answer = tiny().act({"raw": raw, "confidence": torch.ones(1)})
    assert answer.actions[0, 0, :6].tolist() == pytest.approx([0.045, -0.045, 0.0, 0.1, 0.0, 0.0])


def test_the_map_of_what_counted_is_a_share_of_the_whole_picture():
    model = taught()
    heat = model.heat(decide(model, question(2)))
    assert {name: tuple(values.shape) for name, values in heat.items()} == {"front": (2, 16, 16), "wrist": (2, 8, 8)}
    assert all(torch.allclose(values.sum((1, 2)), torch.ones(2), atol=1e-5) for values in heat.values())


def seen_cells(seed: int = 0, count: int = 5) -> tuple[Cells, dict[str, np.ndarray]]:
    """Return cells of one picture as logits, and the probabilities they stand for."""
    random = np.random.default_rng(seed)
    chance = {
        "centre": random.uniform(0.1, 0.9, (1, 2, count)),
        "colour": random.dirichlet(np.ones(NUM_COLOURS), (1, 2, count)),
        "shape": random.dirichlet(np.ones(3), (1, 2, count)),
    }
    logits = {name: np.log(values) for name, values in chance.items()}
    logits["centre"] -= np.log1p(-chance["centre"])
    given = {name: torch.tensor(values, dtype=torch.float32) for name, values in logits.items()}
    return Cells(**given, place=None, spread=None, turn=None, size=None), chance


@pytest.mark.parametrize(("relation", "counts"), [("on", True), ("lifted", False)])
def test_the_map_weighs_a_cell_by_the_chance_that_it_holds_what_is_moved_or_what_it_goes_to(relation, counts):
    red, blue, cells_and_chance = COLOUR_NAMES.index("red"), COLOUR_NAMES.index("blue"), seen_cells()
    cells, chance = cells_and_chance
    red_cylinder, blue_bin = red * 3 + 1, (NUM_COLOURS + blue) * 3 + 1
    asked, none = RELATIONS.index(relation), RELATIONS.index("none")
    goals = Goals(*(torch.tensor([pair]) for pair in ([asked, none], [red_cylinder, 7], [blue_bin, 9])))

    def holds(kind: int, colour: int, shape: int) -> np.ndarray:
        return chance["centre"][0, kind] * chance["colour"][0, kind, :, colour] * chance["shape"][0, kind, :, shape]

    weights = holds(0, red, 1) + holds(1, blue, 1) if counts else holds(0, red, 1)
    found = tiny()._map(cells, goals)[0].numpy()
    np.testing.assert_allclose(found, weights / weights.sum(), atol=1e-4)


def test_the_map_of_a_camera_is_empty_above_and_below_what_its_eye_looks_at():
    model = tiny(crops={"front": [16, 56], "wrist": [0, 40]})
    heat = model.heat({"map_front": torch.full((1, 160), 0.5), "map_wrist": torch.full((1, 40), 0.25)})
    assert heat["front"][0, :, 3].tolist() == [0.0] * 4 + [0.5] * 10 + [0.0] * 2  # cells of 4 px
    assert heat["wrist"][0, :, 3].tolist() == [0.25] * 5 + [0.0] * 3  # cells of 8 px


def test_an_answer_hands_on_as_many_numbers_as_it_takes():
    model, batch = taught(), question(2)
    assert decide(model, batch)["memory"].shape == batch["memory"].shape
    assert torch.isfinite(decide(model, {**batch, "memory": decide(model, batch)["memory"]})["memory"]).all()


def test_it_has_at_most_three_million_weights_as_shipped():
    sizes = {"image_hw": [128, 128], "state_names": STATE}
    assert sum(p.numel() for p in MiniVLA(MiniConfig(**sizes)).parameters()) <= 3_000_000


def test_a_goal_has_a_few_dozen_places_and_an_eye_all_colours_of_all_shapes():
    assert NUM_PLACES == 25
    assert NUM_DETECTIONS == NUM_COLOURS * NUM_SHAPES
