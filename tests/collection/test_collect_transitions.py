"""Collecting transitions: pictures of a few rows, the same from the same seeds, taken up where they stopped."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from vla_isaac.collection.collector import Collector
from vla_isaac.collection.plan import CollectionPlan, DemonstrationJob
from vla_isaac.collection.transitions import BlockWorker, collect_transitions
from vla_isaac.core.errors import UsageError
from vla_isaac.datasets.transitions import MAX_OBJECTS, NO, block_path, load_transitions, plan_of
from vla_isaac.models.goal_query import COLOUR_NAMES, RELATIONS
from vla_isaac.robots.kinematics import forward_kinematics
from vla_isaac.scene.cameras import FRONT
from vla_isaac.scene.objects import SHAPES

SHARE = 0.1
TASKS = ("reach", "place_on", "push_to", "sort")


@pytest.fixture(scope="module")
def transitions() -> CollectionPlan:
    """The plan of four episodes of four families."""
    return CollectionPlan(tasks=TASKS, episodes=4, backend="stub", cameras=("front",), image_hw=(32, 32), fps=10.0)


@pytest.fixture(scope="module")
def found(transitions, tmp_path_factory):
    folder = tmp_path_factory.mktemp("found")
    BlockWorker(folder, transitions, SHARE, None)(0)
    return load_transitions([folder])


def firsts(found) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(found.episodes["length"])[:-1]])


def test_every_row_has_a_state_and_an_action_and_all_numbers_are_finite(found):
    assert len(found.rows["state"]) == len(found.rows["action"]) == found.episodes["length"].sum()
    assert found.rows["state"].shape[1:] == (8,) and found.rows["action"].shape[1:] == (7,)
    for name in ("state", "action"):
        assert np.isfinite(found.rows[name]).all()


def test_the_first_row_of_every_episode_has_a_picture(found):
    assert len(found.episodes["length"]) == 4
    assert set(firsts(found)) <= set(found.of_row)
    assert found.pictures["front"].shape == (len(found.of_row), 32, 32, 3)


def test_about_the_wanted_share_of_the_other_rows_has_a_picture(found):
    others = len(found.of_row) - 4
    expected = SHARE * (len(found.of_episode) - 4)
    assert abs(others - expected) < 4 * np.sqrt(expected)


def test_pictures_of_different_rows_differ(found):
    assert len({picture.tobytes() for picture in found.pictures["front"]}) > 4


def test_the_first_row_is_where_the_episode_began(found):
    there = ~np.isnan(found.episodes["bodies"][..., 0])
    assert there.sum(axis=1).min() >= 3 and there.shape == (4, MAX_OBJECTS)
    began, first = found.episodes["bodies"][..., 5:8], found.rows["objects"][firsts(found), :, :3]
    assert np.abs(began - first)[there].max() < 1e-3


def test_the_goal_of_every_episode_is_about_things_that_are_there(found):
    for number, task in enumerate(TASKS):
        step, relation, moved, other = found.episodes["goals"][number, 0]
        bodies = found.episodes["bodies"][number]
        assert step == 0
        assert np.isfinite(bodies[moved]).all()
        name = RELATIONS[relation]
        assert {"reach": name == "near_gripper", "place_on": name == "on", "push_to": name.startswith("push_"),
                "sort": name == "in"}[task]  # fmt: skip
        labels = found.episodes["asked"][number, 0]
        assert labels[:3].tolist() == [relation, int(bodies[moved, 4]), int(bodies[moved, 3])]
        if other != NO:
            assert labels[3:].tolist() == [int(bodies[other, 4]), int(bodies[other, 3])]


def test_a_sentence_names_the_colour_or_shape_of_what_is_asked(found):
    sentence = str(found.episodes["sentence"][TASKS.index("place_on")]).lower()
    labels = found.episodes["asked"][TASKS.index("place_on"), 0]
    assert any(word in sentence for word in (COLOUR_NAMES[labels[1]], SHAPES[labels[2]]))


def test_a_cube_is_bound_for_the_box_it_is_to_be_put_on(found):
    episode = TASKS.index("place_on")
    row = firsts(found)[episode]
    other = found.episodes["goals"][episode, 0, 3]
    assert np.abs(found.rows["place"][row] - found.rows["objects"][row, other, :2]).max() < 1e-6


def test_actions_are_steps_that_bring_the_hand_nearer_to_what_it_reaches_for(found):
    rows = np.flatnonzero(found.of_episode == TASKS.index("reach"))
    moved = found.episodes["goals"][0, 0, 2]
    hand = forward_kinematics(found.rows["state"][rows[0], :7])[:3, 3]
    way = found.rows["objects"][rows[0], moved, :2] - hand[:2]
    assert float(found.rows["action"][rows[0], :2] @ way) > 0.0


def test_states_and_actions_are_those_that_a_demonstration_of_the_same_seed_has(found, transitions):
    collector = Collector(replace(transitions, cameras=()))
    for number, task in enumerate(TASKS):
        _, recorder, steps = collector.try_one(DemonstrationJob(task, transitions.seed + number))
        rows, columns = found.of_episode == number, recorder.episode.columns
        assert rows.sum() == steps
        assert np.array_equal(found.rows["action"][rows], columns["action"])
        assert np.array_equal(found.rows["state"][rows], columns["observation.state"])


def test_the_camera_stood_where_the_scene_has_it_when_only_the_layout_varies(found):
    wanted = np.array([*FRONT.eye, *FRONT.target, *FRONT.up], dtype=np.float32)
    assert np.array_equal(found.episodes["views"][:, 0], np.tile(wanted, (4, 1)))


def test_the_same_seeds_give_the_same_transitions(found, transitions, tmp_path):
    again = tmp_path / "again"
    again.mkdir()
    BlockWorker(again, transitions, SHARE, None)(0)
    other = load_transitions([again])
    for name, values in {**found.rows, **found.pictures, "of_row": found.of_row}.items():
        theirs = {**other.rows, **other.pictures, "of_row": other.of_row}[name]
        assert np.array_equal(values, theirs, equal_nan=values.dtype.kind == "f")


def test_an_episode_does_not_depend_on_those_before_it(found, transitions, tmp_path):
    alone = tmp_path / "alone"
    alone.mkdir()
    BlockWorker(alone, replace(transitions, tasks=("push_to",), episodes=1, seed=2), SHARE, None)(0)
    other = load_transitions([alone])
    assert np.array_equal(found.rows["action"][found.of_episode == 2], other.rows["action"])


def test_no_cameras_make_numbers_without_pictures(transitions, tmp_path):
    BlockWorker(tmp_path, replace(transitions, cameras=(), episodes=1), SHARE, None)(0)
    found = load_transitions([tmp_path])
    assert found.pictures == {} and len(found.of_row) == 0
    assert len(found.rows["action"]) > 5


# --- taking up what was begun -------------------------------------------------------------------------------------------


@pytest.fixture
def begun(transitions, tmp_path):
    """A folder in which one of its blocks is there already, and the plan."""
    folder = tmp_path / "begun"
    made = collect_transitions(folder, transitions, picture_share=SHARE, num_workers=1)
    assert list(made) == [(1, 1)]
    return folder, transitions


@pytest.mark.parametrize("found_before", ["resumed", "refused", "differs"])
def test_what_was_begun_is_completed_only_as_it_was_begun(begun, found_before):
    folder, transitions = begun
    before = block_path(folder, 0).stat().st_mtime_ns
    if found_before == "resumed":
        assert list(collect_transitions(folder, transitions, picture_share=SHARE, num_workers=1, resume=True)) == []
    elif found_before == "refused":
        with pytest.raises(UsageError, match=r"holds transitions already; add --resume"):
            next(collect_transitions(folder, transitions, picture_share=SHARE))
    else:
        with pytest.raises(UsageError, match=r"other options: seed was 0, now 7; picture_share was 0.1, now 0.5"):
            next(collect_transitions(folder, replace(transitions, seed=7), picture_share=0.5, resume=True))
    assert block_path(folder, 0).stat().st_mtime_ns == before


def test_what_was_collected_is_written_down_with_it(begun):
    folder, _ = begun
    assert plan_of(folder)["tasks"] == list(TASKS)
    assert json.loads((folder / "plan.json").read_text())["picture_share"] == SHARE


def nobody(collector, *, checkpoint: str) -> None:
    """Let the expert drive after all."""


def test_who_drove_is_written_down_in_words_that_another_process_would_use(transitions, tmp_path):
    driver = partial(nobody, checkpoint="best")
    list(collect_transitions(tmp_path / "driven", transitions, picture_share=SHARE, num_workers=1, driver=driver))
    written = plan_of(tmp_path / "driven")["driver"]
    assert "nobody" in written and "best" in written
    assert " at 0x" not in written  # an address in memory, another one in every process


def test_a_folder_with_something_else_in_it_is_refused(transitions, tmp_path):
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(UsageError, match=r"is not empty and holds no transitions; choose another folder"):
        next(collect_transitions(tmp_path, transitions, picture_share=SHARE))
