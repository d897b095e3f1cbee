"""Recorded episodes driven again: the same states, the same verdict."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vla_isaac.api import make_policy, make_session, recorded_request
from vla_isaac.cli.main import main
from vla_isaac.collection.collect import collect
from vla_isaac.collection.plan import CollectionPlan
from vla_isaac.core.errors import DatasetError, UnknownNameError, UsageError
from vla_isaac.datasets.formats import create_dataset, open_dataset
from vla_isaac.policies.replay import ReplayPolicy
from vla_isaac.runtime.result import EpisodeResult


class States:
    """A subscriber that keeps the state before each step, as a recorder does."""

    def __init__(self) -> None:
        self.rows, self.targets = [], []

    def on_start(self, start) -> None:
        pass

    def on_step(self, step) -> None:
        self.rows.append([*step.observation.qpos, step.observation.gripper_width])
        self.targets.append([*step.target.qpos, step.target.gripper_width])

    def on_end(self, result) -> None:
        pass


def make(path: Path, **changes) -> Path:
    usual = {"tasks": ("place_on",), "episodes": 2, "cameras": (), "randomisation": "full", "seed": 60}
    collect(path, CollectionPlan(**{**usual, **changes}), format="manifest")
    return path


@pytest.fixture(scope="module")
def dataset(tmp_path_factory) -> Path:
    return make(tmp_path_factory.mktemp("replay") / "plain")


@pytest.fixture(scope="module")
def disturbed(tmp_path_factory) -> Path:
    return make(tmp_path_factory.mktemp("replay") / "disturbed", perturb=1.0)


def drive_again(path: Path, episode: int) -> tuple[EpisodeResult, States, ReplayPolicy]:
    policy = ReplayPolicy(path, episode)
    states = States()
    with make_session("mujoco", policy) as session:
        result = session.run(recorded_request(policy.meta), [states])
    return result, states, policy


@pytest.mark.parametrize("episode", [0, 1])
def test_an_undisturbed_episode_is_driven_again_bit_by_bit(dataset, episode):
    result, states, policy = drive_again(dataset, episode)
    columns = open_dataset(dataset).columns(episode)
    steps = result.steps
    assert (result.success, steps) == (True, len(policy) - 4)  # the recording stayed for four steps more
    assert np.array_equal(np.array(states.rows, np.float32), columns["observation.state"][:steps])
    assert np.array_equal(np.array(states.targets, np.float32), columns["action.target"][:steps])
    assert result.reason == policy.meta.reason


def test_at_ten_hertz_too(tmp_path):
    path = make(tmp_path / "d", fps=10.0, episodes=1)
    result, states, _ = drive_again(path, 0)
    assert result.success
    expected = open_dataset(path).columns(0)["observation.state"][: result.steps]
    assert np.array_equal(np.array(states.rows, np.float32), expected)


@pytest.mark.parametrize("episode", [0, 1])
def test_a_disturbed_episode_is_driven_by_what_was_carried_out(disturbed, episode):
    result, _, policy = drive_again(disturbed, episode)
    assert policy.spec.action.joints == "position_rad"
    assert result.success is True


def test_a_command_line_drives_an_episode_where_it_was_recorded(dataset, capsys):
    code = main(["run", "--policy", f"replay:{dataset}:1", "--no-video", "--json"])
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    meta = open_dataset(dataset).meta(1)
    assert (code, found["success"], found["seed"]) == (0, True, meta.seed)
    assert (found["instruction"], found["goal"]) == (meta.instruction, meta.goal)
    assert found["policy"] == f"replay:{dataset}:1"


def test_another_stage_can_be_asked_for(dataset, capsys):
    code = main(["run", "--policy", f"replay:{dataset}", "--no-video", "--json", "--task", "lift", "--seed", "5"])
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (code, found["success"], found["seed"]) == (1, False, 5)


def test_the_samples_that_come_with_the_package_succeed_again():
    policy = make_policy("replay")
    with make_session("mujoco", policy) as session:
        assert session.run(recorded_request(policy.meta)).success


def test_when_the_rows_are_used_up_it_holds_still(dataset):
    policy = ReplayPolicy(dataset)
    last = [policy.act(None) for _ in range(len(policy) + 5)]
    assert np.array_equal(last[-1].arm, np.zeros((1, 6)))
    assert last[-1].gripper == last[len(policy) - 1].gripper


def test_it_begins_anew_with_every_episode(dataset):
    policy = ReplayPolicy(dataset)
    first = policy.act(None).arm
    policy.act(None)
    policy.reset(None)
    assert np.array_equal(policy.act(None).arm, first)


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("replay:/nowhere", UsageError, "there is no such file or folder"),
        ("scripted:fast", UsageError, "the policy 'scripted:fast' takes no argument; write scripted"),
        ("replay:", UsageError, "the policy 'replay:' needs an argument after the colon; write replay:ARGUMENT"),
        ("reply:x", UnknownNameError, "there is no policy and no module named 'reply'; did you mean 'replay'?"),
    ],
)
def test_a_wrong_policy_says_what_to_write(name, error, words):
    with pytest.raises(error) as raised:
        make_policy(name)
    assert words in str(raised.value)


def test_an_episode_that_is_not_there_is_told_with_how_many_there_are(dataset):
    with pytest.raises(UsageError, match="has no episode 7; it has 2, give an index from 0"):
        make_policy(f"replay:{dataset}:7")


def test_a_dataset_that_does_not_say_what_its_actions_mean_cannot_be_driven(dataset, tmp_path):
    reader = open_dataset(dataset)
    episode = reader.episode(0)
    only = {"action": reader.info.features["action"]}
    writer = create_dataset(tmp_path / "d", replace(reader.info, features=only, action_spec={}, cameras={}), "manifest")
    writer.add(replace(episode, columns={"action": episode.columns["action"]}, meta=replace(episode.meta, action_spec={})))
    writer.close()
    with pytest.raises(DatasetError, match="does not say what its actions mean"):
        ReplayPolicy(tmp_path / "d")


def test_a_dataset_without_layouts_asks_where_to_drive(dataset):
    with pytest.raises(UsageError, match="give --scene or --task"):
        recorded_request(replace(open_dataset(dataset).meta(0), extra={}))
