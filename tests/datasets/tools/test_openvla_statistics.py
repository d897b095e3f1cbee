"""A new robot's statistics: the numbers by hand, the layout by OpenVLA, and our own reader of it."""

from __future__ import annotations

import json

import numpy as np
import pytest
from small_datasets import make_info, write

from vla_isaac.cli.main import main
from vla_isaac.control.normalisation import ActionStatistics, Unnormaliser
from vla_isaac.core.errors import ConfigError, DatasetError, UsageError
from vla_isaac.datasets.episode import Episode, EpisodeMeta, Feature
from vla_isaac.datasets.formats import open_dataset
from vla_isaac.datasets.openvla_statistics import default_mask, openvla_statistics


def dataset(folder, actions, **info):
    features = {"action": Feature("float32", actions.shape[1:]), "observation.state": Feature("float32", (2,))}
    states = np.tile(np.float32([1.0, 3.0]), (len(actions), 1))
    episode = Episode(meta=EpisodeMeta(instruction="x"), columns={"action": actions, "observation.state": states})
    return write(folder / "my_robot.hdf5", [episode], "hdf5", features=features, cameras={}, **info)


@pytest.fixture
def hundred(tmp_path, opened):
    """0, 1 ... 100 in the first column, its negative halves in the second, a gripper in the third."""
    count = np.arange(101, dtype=np.float32)
    spec = {"translation": "none", "joints": "position_rad", "gripper": "open_is_one"}
    return opened(dataset(tmp_path, np.stack([count, -count / 2, count % 2], axis=1), action_spec=spec))


def test_the_numbers_are_those_of_all_rows(hundred):
    (name, entry), *_ = openvla_statistics(hundred).items()
    assert name == "my_robot"
    assert (entry["num_transitions"], entry["num_trajectories"]) == (101, 1)
    action = entry["action"]
    assert set(action) == {"mean", "std", "min", "max", "q01", "q99", "mask"}
    assert (action["mean"][0], action["min"][0], action["max"][0]) == (50.0, 0.0, 100.0)
    assert (action["q01"][0], action["q99"][0]) == pytest.approx((1.0, 99.0))
    assert action["std"][0] == pytest.approx((sum((n - 50) ** 2 for n in range(101)) / 101) ** 0.5)
    assert action["mask"] == [True, True, False]
    assert entry["proprio"]["mean"] == [1.0, 3.0]


def test_our_own_unnormaliser_reads_them(hundred):
    entry = openvla_statistics(hundred, name="mine")["mine"]["action"]
    rows = Unnormaliser("quantile", ActionStatistics.from_mapping(entry)).apply(
        np.array([[-1.0, 1.0, 0.25], [1.0, -1.0, 1.0]])
    )
    assert rows == pytest.approx(np.array([[1.0, -0.5, 0.25], [99.0, -49.5, 1.0]]))


@pytest.mark.parametrize(
    ("spec", "width", "last"),
    [
        ({}, 7, False),
        ({}, 5, True),
        ({"translation": "delta_base_m", "rotation": "axis_angle_rad", "gripper": "width_m"}, 7, True),
        ({"translation": "delta_base_m", "rotation": "axis_angle_rad", "gripper": "open_is_plus_one"}, 7, False),
        ({"joints": "position_rad", "gripper": "none"}, 7, True),
    ],
)
def test_a_gripper_within_one_is_passed_through_and_metres_are_scaled(tmp_path, opened, spec, width, last):
    reader = opened(dataset(tmp_path, np.zeros((3, width), np.float32), action_spec=spec))
    assert default_mask(reader) == [True] * (width - 1) + [last]


def test_numbers_that_are_not_finite_are_refused_with_their_place(tmp_path, opened):
    actions = np.zeros((4, 3), np.float32)
    actions[2, 1] = np.nan
    with pytest.raises(DatasetError, match="episode 0, row 2: 'action' is nan"):
        openvla_statistics(opened(dataset(tmp_path, actions)))


def test_a_mask_of_another_width_and_an_empty_dataset_are_refused(tmp_path, hundred, opened):
    with pytest.raises(UsageError, match="the mask has 2 entries, the actions have 3"):
        openvla_statistics(hundred, mask=[True, False])
    empty = opened(write(tmp_path / "none.hdf5", [], "hdf5", features=make_info().features))
    with pytest.raises(UsageError, match="has no episodes"):
        openvla_statistics(empty)


def test_openpis_layout_has_state_and_actions_and_is_read_again(clean, tmp_path, capsys):
    path = tmp_path / "norm_stats.json"
    assert main(["dataset", "stats", str(clean["lerobot"]), "--layout", "openpi", "--out", str(path)]) == 0
    stats = json.loads(path.read_text())["norm_stats"]
    assert sorted(stats) == ["actions", "state"]
    assert sorted(stats["state"]) == sorted(stats["actions"]) == ["mean", "q01", "q99", "std"]
    reader = open_dataset(clean["lerobot"])
    actions = np.concatenate([reader.columns(n)["action"] for n in range(len(reader))]).astype(np.float64)
    states = np.concatenate([reader.columns(n)["observation.state"] for n in range(len(reader))]).astype(np.float64)
    reader.close()
    assert np.allclose(stats["state"]["mean"], states.mean(axis=0), atol=1e-9)
    read = ActionStatistics.from_mapping({"norm_stats": stats})
    assert np.allclose(read.q99, np.quantile(actions, 0.99, axis=0), atol=1e-9)
    rows = Unnormaliser("quantile_openpi", read).apply(np.ones((1, actions.shape[1])))
    assert np.allclose(rows, np.asarray(read.q99) + 1e-6, atol=1e-6)
    capsys.readouterr()
    assert main(["dataset", "stats", str(clean["lerobot"]), "--layout", "openpi", "--out", str(path)]) == 2
    assert "exists already" in capsys.readouterr().err


def test_openpis_file_without_numbers_is_refused():
    for actions in ([1.0], {"mean": "x"}):
        with pytest.raises(ConfigError, match=r"norm_stats\.actions"):
            ActionStatistics.from_mapping({"norm_stats": {"actions": actions}})
