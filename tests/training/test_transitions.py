"""What `mini` learns from: batches that follow from their number, labels that are the expert's, trainings that go on."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from vla_isaac.collection.plan import CollectionPlan
from vla_isaac.collection.transitions import BlockWorker
from vla_isaac.core.errors import ConfigError, UsageError
from vla_isaac.datasets.loading import TransitionDataset
from vla_isaac.robots.kinematics import forward_kinematics
from vla_isaac.robots.panda import HAND_TO_EE
from vla_isaac.scene.cameras import FRONT, WRIST
from vla_isaac.scene.objects import SHAPES
from vla_isaac.tasks.families import family_names

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from vla_isaac.models.goal_query import COLOUR_NAMES, RELATIONS  # noqa: E402
from vla_isaac.models.mini.places import Places  # noqa: E402
from vla_isaac.models.mini.scene import Goals, Things  # noqa: E402
from vla_isaac.training.config import train_preset  # noqa: E402
from vla_isaac.training.experiment import make_card, make_model  # noqa: E402
from vla_isaac.training.trainer import VLATrainer  # noqa: E402
from vla_isaac.training.training_run import source_of, train_once  # noqa: E402
from vla_isaac.training.transitions import TransitionData  # noqa: E402

EPISODES, SIDE = 10, 64


@pytest.fixture(scope="module")
def moments(tmp_path_factory):
    """A dataset of one episode of every family, drawn by the stub."""
    folder = tmp_path_factory.mktemp("moments")
    plan = CollectionPlan(tasks=tuple(family_names()), episodes=EPISODES, backend="stub", image_hw=(SIDE, SIDE), fps=10.0)
    BlockWorker(folder, plan, 0.05, None)(0)
    return folder


@pytest.fixture(scope="module")
def mini():
    """The preset `mini_tiny` for a few steps."""
    return replace(train_preset("mini_tiny"), steps=4, epoch_steps=2, warmup_steps=1, rows_per_batch=32)


@pytest.fixture
def make_data(moments, mini):
    def make(**changes) -> TransitionData:
        config = replace(mini, **changes)
        data = TransitionData([moments], config)
        make_model(config, data)
        return data

    return make


@pytest.fixture(scope="module")
def everything(moments, mini):
    """All rows as the deciding part is given them, none of them made unsure."""
    data = TransitionData([moments], mini)
    return data.transitions, data._scenes.decisions(np.arange(data.num_rows), None)


def flat(batch, name: str = "") -> dict:
    """Return the tensors of a batch by their path."""
    if isinstance(batch, dict):
        return {k: v for key, value in batch.items() for k, v in flat(value, f"{name}/{key}").items()}
    return {name: batch} if isinstance(batch, torch.Tensor) else {}


def odd_ones(one: dict, other: dict) -> list[str]:
    first, second = flat(one), flat(other)
    assert set(first) == set(second)
    return [name for name in first if not torch.equal(torch.nan_to_num(first[name]), torch.nan_to_num(second[name]))]


def test_two_that_read_the_same_give_the_same_batches(make_data):
    for one, other in zip(itertools.islice(make_data().training(0), 3), make_data().training(0), strict=False):
        assert odd_ones(one, other) == []


def test_the_fourth_batch_is_the_same_whether_the_first_three_were_drawn_or_not(make_data):
    fourth = next(itertools.islice(make_data().training(0), 3, None))
    assert odd_ones(fourth, next(make_data().training(3))) == []


def test_another_seed_gives_other_batches(make_data):
    one, other = next(make_data().training(0)), next(make_data(seed=1).training(0))
    assert not one["rows"]["actions"].equal(other["rows"]["actions"])


def test_an_epoch_shows_every_picture_at_most_once(make_data):
    data = make_data()
    batches = len(data._pictures) // 8
    shown = [picture.numpy().tobytes() for batch in itertools.islice(data.training(0), batches) for picture in
             batch["images"]["front"]]  # fmt: skip
    wanted = [data.transitions.pictures["front"][i].transpose(2, 0, 1)[None].tobytes() for i in data._pictures]
    assert len(shown) == 8 * batches
    assert {key: shown.count(key) for key in shown if shown.count(key) > wanted.count(key)} == {}


def test_batches_are_those_of_the_public_loader_whatever_the_number_of_workers(make_data):
    for one, other in zip(itertools.islice(make_data().training(0), 3), make_data(workers=1).training(0), strict=False):
        assert odd_ones(one, other) == []


def test_a_sample_is_a_picture_of_each_camera_and_the_state_of_its_row(moments):
    dataset = TransitionDataset([moments], ["wrist"])
    found = dataset.transitions
    sample, row = dataset[3], found.of_row[3]
    assert len(dataset) == len(found.of_row)
    assert sorted(sample["images"]) == ["wrist"]
    assert np.array_equal(sample["images"]["wrist"], found.pictures["wrist"][3:4])
    assert np.array_equal(sample["state"], found.rows["state"][row : row + 1])
    assert sample["episode"] == found.of_episode[row]
    assert found.of_episode[row - sample["step"]] == sample["episode"]
    assert row == sample["step"] or found.of_episode[row - sample["step"] - 1] != sample["episode"]


def test_a_validation_is_the_same_each_time_and_shares_no_episode_with_training(make_data):
    data = make_data()
    first, again = list(data.validation()), list(data.validation())
    assert len(first) > 0
    assert [odd_ones(one, other) for one, other in zip(first, again, strict=True)] == [[]] * len(first)
    learned = {e for batch in itertools.islice(data.training(0), 12) for e in batch["episode"]}
    assert learned.isdisjoint({e for batch in first for e in batch["episode"]})


def test_what_is_there_is_told_as_it_was_recorded(make_data, moments):
    data = make_data()
    known = data._scenes.known(data.transitions.of_row[:1])
    objects, bodies = data.transitions.rows["objects"][0], data.transitions.episodes["bodies"][0]
    there = np.isfinite(objects[:, 0])
    assert (known["shape"][0].numpy() >= 0).tolist() == there.tolist()
    assert np.array_equal(known["place"][0].numpy()[there], objects[there, :3])
    assert np.allclose(known["size"][0].numpy()[there], 100 * bodies[there][:, [0, 2]])
    yaw = 2 * np.arctan2(objects[there, 6], objects[there, 3])
    assert np.allclose(np.cos(known["yaw"][0].numpy()[there]), np.cos(yaw), atol=1e-5)


def test_things_are_where_the_cameras_of_the_scene_see_them(make_data):
    data = make_data()
    row = int(data.transitions.of_row[3])
    there = np.isfinite(data.transitions.rows["objects"][row, :, 0])
    place = data.transitions.rows["objects"][row, there, :3].astype(float)
    matrix = forward_kinematics(data.transitions.rows["state"][row, :7])
    in_hand = (place - matrix[:3, 3]) @ matrix[:3, :3] + [0.0, 0.0, HAND_TO_EE]
    inside = data._views.inside(np.array([row]))
    assert np.allclose(inside["front"][0, there], FRONT.pose_mount_camera.inverse().apply(place), atol=1e-5)
    assert np.allclose(inside["wrist"][0, there], WRIST.pose_mount_camera.inverse().apply(in_hand), atol=1e-5)


def test_a_camera_stands_where_it_stood_whichever_others_are_learned_from(make_data):
    both, alone = make_data(), make_data(cameras=("wrist",))
    rows = both.transitions.of_row[:5]
    assert alone._views.inside(rows)["wrist"].equal(both._views.inside(rows)["wrist"])


def test_the_place_that_a_label_names_is_the_experts(everything):
    moments, told = everything
    has_one = told["candidate"] >= 0
    places, allowed = Places().candidates(Things(**told["things"]), Goals(**told["goals"]))
    row = torch.arange(len(has_one))
    active = told["active"].clamp(min=0)
    named = places[row, active, told["candidate"].clamp(min=0)].numpy()
    assert np.linalg.norm(named - moments.rows["place"], axis=1)[has_one.numpy()].max() < 0.008
    assert allowed[row, active, told["candidate"].clamp(min=0)][has_one].all()


def test_nearly_every_row_whose_thing_is_bound_for_somewhere_has_a_label(everything):
    moments, told = everything
    bound = np.isfinite(moments.rows["place"][:, 0]) & (moments.rows["active"] >= 0)
    assert bound.sum() > 50
    assert (told["candidate"].numpy()[bound] >= 0).mean() > 0.97
    assert (told["candidate"].numpy()[~bound] == -1).all()


def test_the_goal_that_is_next_is_the_one_the_expert_was_about(everything):
    moments, told = everything
    goals = moments.episodes["goals"][moments.of_episode]
    rows = np.flatnonzero(moments.rows["active"] >= 0)
    wanted = goals[rows, moments.rows["active"][rows]]
    active = told["active"].numpy()[rows]
    for name, column in (("relation", 1), ("moved", 2)):
        assert np.array_equal(told["goals"][name].numpy()[rows, active], wanted[:, column])


def test_a_row_without_doubt_has_things_exactly_where_they_were(everything):
    moments, told = everything
    there = np.isfinite(moments.rows["objects"][..., 0])
    assert np.array_equal(told["things"]["place"].numpy()[there], moments.rows["objects"][there, :3])
    assert np.array_equal(told["things"]["presence"].numpy() == 1.0, there)
    assert np.array_equal(told["actions"].numpy(), moments.rows["action"])


def test_things_are_made_unsure_by_millimetres_and_not_by_decimetres(everything, make_data):
    moments, told = everything
    rows = np.arange(len(moments.of_episode))
    unsure = make_data()._scenes.decisions(rows, torch.Generator().manual_seed(0))
    there = np.isfinite(moments.rows["objects"][..., 0])
    off = (unsure["things"]["place"] - told["things"]["place"]).numpy()[there]
    assert 0.001 < np.abs(off[:, :2]).mean() < 0.015
    assert np.abs(off).max() < 0.1
    assert np.abs(off[:, 2]).mean() < np.abs(off[:, 0]).mean()


# --- training -----------------------------------------------------------------------------------------------------------


def trainer_of(config, moments, folder) -> VLATrainer:
    folder.mkdir(exist_ok=True)
    data = TransitionData([moments], config)
    model = make_model(config, data)
    return VLATrainer(model, data, config, card=make_card(config, data, [moments]), folder=folder)


def test_a_training_runs_saves_and_reports(mini, moments, tmp_path):
    report = train_once(mini, [moments], tmp_path / "run")
    assert report.step == 4
    assert report.best_loss is not None and np.isfinite(report.best_loss)
    for kept in ("best", "last"):
        assert {"config.json", "model.safetensors", "vocabulary.json", "policy.json"} <= {
            path.name for path in (tmp_path / "run" / kept).iterdir()
        }


def test_resumed_weights_are_those_of_an_uninterrupted_training(mini, moments, tmp_path):
    whole = trainer_of(mini, moments, tmp_path / "whole")
    whole.train()
    first = trainer_of(mini, moments, tmp_path / "broken")
    first.train_epoch()
    first._keep({})
    second = trainer_of(mini, moments, tmp_path / "broken")
    assert second.resume()
    assert second.step == 2
    second.train()
    for mine, theirs in zip(whole.model.parameters(), second.model.parameters(), strict=True):
        assert mine.equal(theirs)


def test_moments_and_demonstrations_are_not_mixed(mini, moments, dataset, tmp_path):
    with pytest.raises(UsageError, match=r"cannot be mixed in one training; give one kind with --data"):
        source_of([moments, dataset], mini, cache=tmp_path)


def test_a_model_that_learns_from_the_other_kind_of_dataset_says_which(mini, config, moments, dataset, tmp_path):
    with pytest.raises(UsageError, match=r"'mini' is not trained on this kind .* but on transitions: vla-isaac"):
        source_of([dataset], mini, cache=tmp_path)
    with pytest.raises(UsageError, match=r"'keypoints' is not trained on this kind .* but on demonstrations"):
        source_of([moments], config, cache=tmp_path)


def test_a_camera_that_the_dataset_has_no_pictures_of_is_named(mini, moments):
    with pytest.raises(UsageError, match=r"has no pictures of the camera 'side'; it has front, wrist"):
        TransitionData([moments], replace(mini, cameras=("front", "side")))


def test_a_goal_that_is_left_out_is_in_no_row_and_no_sentence(make_data):
    moments = make_data().transitions
    relation, *_ = moments.episodes["asked"][family_names().index("place_on"), 0]
    bodies = moments.episodes["bodies"][family_names().index("place_on")]
    moved, other = moments.episodes["goals"][family_names().index("place_on"), 0, 2:]
    names = [f"{COLOUR_NAMES[int(bodies[i, 4])]}_{SHAPES[int(bodies[i, 3])]}" for i in (moved, other)]
    data = make_data(leave_out=(f"{RELATIONS[relation]}({', '.join(names)})",), validation_share=0.0)
    left_out = family_names().index("place_on")
    assert left_out not in set(moments.of_episode[data._rows])
    assert len(set(moments.of_episode[data._rows])) >= EPISODES - 2


@pytest.mark.parametrize(
    ("change", "named"),
    [({"mix": {"reach": 1.0}}, "mix"), ({"wordings": 4}, "wordings"), ({"history": 2}, "history"), ({"chunk": 8}, "chunk")],
)
def test_an_option_that_would_have_no_effect_is_refused(moments, mini, change, named):
    with pytest.raises(ConfigError, match=named):
        TransitionData([moments], replace(mini, **change))
